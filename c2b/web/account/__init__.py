"""A person's way in and out, and what they change about their own account."""

from starlette.routing import Route

from c2b.web.account import confirmation, entrance, profile, tokens

routes = [
    Route("/sign-up", entrance.show_sign_up, methods=["GET"]),
    Route("/sign-up", entrance.sign_up, methods=["POST"]),
    Route("/log-in", entrance.show_log_in, methods=["GET"]),
    Route("/log-in", entrance.log_in, methods=["POST"]),
    Route("/log-out", entrance.log_out, methods=["POST"]),
    Route("/account", profile.show, methods=["GET"]),
    Route("/account/name", profile.rename, methods=["POST"]),
    Route("/account/password", profile.change_password, methods=["POST"]),
    Route("/account/sessions/{id:id}/end", profile.end_session, methods=["POST"]),
    Route("/account/tokens", tokens.create, methods=["POST"]),
    Route("/account/tokens/{id:id}/revocation", tokens.revoke, methods=["POST"]),
    Route("/email-confirmations/{token}", confirmation.show, methods=["GET"]),
    Route("/email-confirmations/{token}", confirmation.confirm, methods=["POST"]),
]
