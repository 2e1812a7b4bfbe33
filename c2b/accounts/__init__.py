"""Users, their sessions and API tokens, and who may see what."""
