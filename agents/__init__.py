"""The people who answer: presence, routing (who gets whom), the desk, the wallboard."""
