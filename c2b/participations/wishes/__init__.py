"""What a member asks for: a requirement with ranked alternatives and limits, read, judged and priced."""
