"""Where money rests: accounts and balanced transfers."""
