"""Who brings matters to the city: persons, and the numbers that they are recognised by."""
