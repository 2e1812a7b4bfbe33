"""One linear history of the database, and the manifest of what it must consist of."""
