"""Many callers, one thing that happened: bursts are found, looked after as one, and ended as one."""
