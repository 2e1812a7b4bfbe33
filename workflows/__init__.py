"""Business processes, each readable from top to bottom. No ORM, no HTTP, no templates here."""
