"""A group at its close: collected, allocated, proposed, objected to, locked."""
