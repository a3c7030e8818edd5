"""Files of a ticket: photos of before and after, and documents."""
