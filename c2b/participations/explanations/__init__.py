"""What a member got and why: the facts, and the one sentence."""
