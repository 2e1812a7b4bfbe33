"""What happened: one table that is audit log, timeline and the reason for everything that follows."""
