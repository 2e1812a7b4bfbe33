"""Pages for those who make: what waits for them, their purchase orders, and the stages of production."""

from starlette.routing import Route

from c2b.web.manufacturer import (
    acknowledgment,
    documents,
    evidence,
    home,
    orders,
    payments,
    statement,
    timelines,
    units,
)

routes = [
    Route("/manufacturer", home.show, methods=["GET"]),
    Route("/manufacturer/orders", orders.index, methods=["GET"]),
    Route("/manufacturer/orders/{id:id}", orders.show, methods=["GET"]),
    Route("/manufacturer/orders/{id:id}/acknowledgment", acknowledgment.create, methods=["POST"]),
    Route("/manufacturer/orders/{id:id}/documents/{document_id:id}", documents.show, methods=["GET"]),
    Route("/manufacturer/orders/{id:id}/pictures.zip", documents.pictures, methods=["GET"]),
    Route("/manufacturer/orders/{id:id}/units", units.index, methods=["GET"]),
    Route("/manufacturer/orders/{id:id}/units.csv", units.download, methods=["GET"]),
    Route("/manufacturer/payments", payments.index, methods=["GET"]),
    Route("/manufacturer/payments/{id:id}", payments.show, methods=["GET"]),
    Route("/manufacturer/statement", statement.show, methods=["GET"]),
    Route("/manufacturer/statement.pdf", statement.document, methods=["GET"]),
    Route("/manufacturer/statement.xlsx", statement.workbook, methods=["GET"]),
    Route("/manufacturer/timelines", timelines.index, methods=["GET"]),
    Route("/manufacturer/timelines/{id:id}", timelines.show, methods=["GET"]),
    Route(
        "/manufacturer/timelines/{id:id}/milestones/{milestone}/{move}", timelines.change, methods=["POST"]
    ),
    Route("/evidence/{id:id}", evidence.show, methods=["GET"]),
]
