"""Pages for people who want something made: discover, join, pay, follow; and for those who open campaigns."""

from starlette.routing import Route

from c2b.web.auth import public
from c2b.web.consumer import (
    campaign,
    discover,
    invitation,
    join,
    lives,
    my_campaigns,
    opening,
    participations,
    payment,
    products,
    progress,
    revision,
    standing,
    withdrawal,
)

routes = [
    Route("/", discover.show, methods=["GET"]),
    Route("/products", products.index, methods=["GET"]),
    Route("/products/{slug}", products.show, methods=["GET"]),
    Route("/products/{slug}/campaigns/new", opening.show, methods=["GET"]),
    Route("/products/{slug}/campaigns/new", opening.create, methods=["POST"]),
    Route("/products/{slug}/campaigns/preview", opening.preview, methods=["POST"]),
    Route("/i/{token}", invitation.follow, methods=["GET"]),
    Route("/campaigns/{slug}", campaign.show, methods=["GET"]),
    Route("/campaigns/{slug}/progress", public(progress.stream), methods=["GET"]),
    Route("/campaigns/{slug}/join", join.show, methods=["GET"]),
    Route("/campaigns/{slug}/join", join.join, methods=["POST"]),
    Route("/campaigns/{slug}/quote", join.quote, methods=["POST"]),
    Route("/campaigns/{slug}/invitation", invitation.show, methods=["GET"]),
    Route("/campaigns/{slug}/invitation", invitation.create, methods=["POST"]),
    Route("/my/participations", participations.index, methods=["GET"]),
    Route("/participations/{id:id}", participations.show, methods=["GET"]),
    Route("/participations/{id:id}/standing", public(standing.stream), methods=["GET"]),
    Route("/participations/{id:id}/payment", payment.create, methods=["POST"]),
    Route("/participations/{id:id}/withdrawal", withdrawal.show, methods=["GET"]),
    Route("/participations/{id:id}/withdrawal", withdrawal.create, methods=["POST"]),
    Route("/participations/{id:id}/requirement", revision.show, methods=["GET"]),
    Route("/participations/{id:id}/requirement", revision.create, methods=["POST"]),
    Route("/participations/{id:id}/quote", revision.quote, methods=["POST"]),
    Route("/my/campaigns", my_campaigns.index, methods=["GET"]),
    Route("/my/campaigns/{id:id}", my_campaigns.show, methods=["GET"]),
    Route("/my/campaigns/{id:id}", my_campaigns.revise, methods=["POST"]),
    Route("/my/campaigns/{id:id}/options", lives.show, methods=["GET"]),
    Route("/my/campaigns/{id:id}/preview", my_campaigns.preview, methods=["POST"]),
    Route("/my/campaigns/{id:id}/submission", my_campaigns.submit, methods=["POST"]),
    Route("/my/campaigns/{id:id}/cancellation", my_campaigns.cancel, methods=["POST"]),
]
