"""Paying manufacturers: milestone by milestone, out of what members have paid."""
