"""Invitations: who came through whom."""
