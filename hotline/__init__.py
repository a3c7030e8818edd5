"""The floor that every room stands on.

Configuration, time, database, work, telephony, accounts, pages. It knows no telephone menu and no
ticket. The modules of the top know every room instead, and wire them together.

```
settings.py   the environment and the secrets
config.py     building blocks of config.yaml
clock.py      the only place that reads the time
errors.py     errors that carry their own answer
db.py         SQL, one unit of work, migrations
models.py     the floor's own rows
announce.py   a lower room tells, an upper one listens
changes.py    tells who watches that something has changed
streams.py    the process `hotline streams`, which tells it to the pages that are open
shared.py     what many pages ask for in the same moment is made once
outbox.py     effects that must not be lost
jobs.py       work for RQ, by name
schedule.py   the night's jobs, each day once
ticker.py     the process `hotline clock`
telephony.py  the carrier: REST and signatures
auth.py       accounts, sessions, who may call what
i18n.py       words, numbers and dates, Thai and English
web.py        what all pages share
logs.py       how this process speaks of itself
floor.py      all of the above in one object
start.py      how a process that lives long starts
backup/       all that a hotline knows, kept elsewhere, and brought back
--- the top ---
city.py       the whole config.yaml, cross-checked
app.py        wires every room
pages.py      wires every room's pages and webhooks
server.py     the process `hotline web`: gunicorn around the application
cli.py        the command `hotline`; what it can do is in commands/, a module each
supervisor.py `hotline run`: every process on one machine; stands on children.py (one of them),
              guardian.py (none is left behind), datafolder.py (lock, secrets) and ports.py
```
"""

__version__ = "0.1.0"
