"""What people and programs see: pages, fragments and the JSON API over the same operations and queries."""
