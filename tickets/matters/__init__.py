"""Several people, one matter: what is open and seems to be the same, and who else came with it."""
