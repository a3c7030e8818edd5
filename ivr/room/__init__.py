"""The waiting room: who waits, who is offered to whom, what they hear of how long it takes."""
