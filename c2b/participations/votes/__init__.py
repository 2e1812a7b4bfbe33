"""Batch attributes that members decide: ballots, the count, and what follows from it."""
