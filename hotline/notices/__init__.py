"""What the city's people are told: in the pages at once, and by e-mail as each has chosen."""
