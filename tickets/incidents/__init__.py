"""Many callers, one thing that happened: found, looked after as one, and ended as one."""
