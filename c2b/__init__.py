"""A platform for custom group orders: campaigns of consumers become purchase orders for manufacturers."""

__version__ = "0.2.0"
