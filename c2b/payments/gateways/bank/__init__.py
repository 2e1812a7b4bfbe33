"""Bank transfers to our own account: the payer writes a reference, an admin enters the statement's line."""
