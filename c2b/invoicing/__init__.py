"""Papers about money: receipts for members, and what a tax invoice (fapiao) needs."""
