"""Personal data: how long they are kept, and what somebody asks of theirs.

The floor knows which steps there are (`service`) and no room's rows: each room that keeps personal
data says what it does by a `keepers.Keeper`, and `hotline/app.py` lists them all.
"""
