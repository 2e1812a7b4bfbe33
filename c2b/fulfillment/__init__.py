"""The long way from lock to delivery, stage by stage."""
