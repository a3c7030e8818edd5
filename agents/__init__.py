"""The people who answer: presence, routing (who gets whom), the desk, the wallboard.

```
states.py    what an agent chose and what the engine does: two tables             (pure)
routing.py   who gets whom: `choose`, and `first` for the heads of the lines      (pure)
table.py     writes docs/presence.md from the tables
config.py    the section `agents:` of config.yaml
models.py    the rows: agents, agent_skills, presence, presence_events
service.py   the verbs, the only door for other rooms; behind it:
  presence.py  the one way in which a presence changes
jobs.py      the sweep that signs out a desk that nobody is at
web.py       the desk, the wallboard, the presence API (docs/desk.md, docs/api.md)
demo.py      demo accounts, and their shifts
roster/      who should be here when, and who was (docs/roster.md)
```
"""
