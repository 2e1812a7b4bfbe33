"""If it closed now, and what would help: true for the present wishes, or absent."""
