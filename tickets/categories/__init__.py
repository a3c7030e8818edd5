"""What a matter is about: suggested while it is typed, learned from what people chose after all."""
