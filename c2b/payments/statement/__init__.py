"""Our bank's statement: money that came to our own account, what it pays, and what goes back to its sender."""
