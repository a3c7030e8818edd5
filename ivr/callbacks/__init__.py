"""Calling people back: the promise, its place in the line, ringing the citizen, who hung up."""
