"""Figures for organizers, manufacturers and admins."""
