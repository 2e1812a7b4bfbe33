"""The embedded payment provider: checkout page, signed notifications, refunds, and all the ways to misbehave."""
