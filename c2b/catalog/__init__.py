"""Manufacturers, products and the schemas that say what may be asked of them."""
