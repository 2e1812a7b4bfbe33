"""Pages for those who make: what waits for them, their purchase orders, and the stages of production."""

from starlette.routing import Route

from c2b.web.manufacturer import acknowledgment, documents, evidence, home, orders, timelines, units

routes = [
    Route("/manufacturer", home.show, methods=["GET"]),
    Route("/manufacturer/orders", orders.index, methods=["GET"]),
    Route("/manufacturer/orders/{id}", orders.show, methods=["GET"]),
    Route("/manufacturer/orders/{id}/acknowledgment", acknowledgment.create, methods=["POST"]),
    Route("/manufacturer/orders/{id}/documents/{document_id}", documents.show, methods=["GET"]),
    Route("/manufacturer/orders/{id}/pictures.zip", documents.pictures, methods=["GET"]),
    Route("/manufacturer/orders/{id}/units", units.index, methods=["GET"]),
    Route("/manufacturer/orders/{id}/units.csv", units.download, methods=["GET"]),
    Route("/manufacturer/timelines", timelines.index, methods=["GET"]),
    Route("/manufacturer/timelines/{id}", timelines.show, methods=["GET"]),
    Route("/manufacturer/timelines/{id}/milestones/{milestone}/{move}", timelines.change, methods=["POST"]),
    Route("/evidence/{id}", evidence.show, methods=["GET"]),
]
