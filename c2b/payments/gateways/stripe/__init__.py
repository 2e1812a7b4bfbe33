"""Stripe: payments by card and more on its hosted Checkout page, holds, refunds, signed notifications."""
