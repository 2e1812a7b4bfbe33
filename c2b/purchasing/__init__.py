"""The purchase order: from frozen requirements to an acknowledged document."""
