"""Members: requirements, quotes, places."""
