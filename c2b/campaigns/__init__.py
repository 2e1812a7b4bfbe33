"""The offer and its life."""
