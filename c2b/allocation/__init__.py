"""Which options and configurations are made, and who gets which of their choices. Pure: see `README.md`."""
