"""Asking for money, and giving it back."""
