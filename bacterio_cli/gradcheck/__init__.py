"""The proof that every hand-derived gradient is right, and the mistakes that it must catch."""
