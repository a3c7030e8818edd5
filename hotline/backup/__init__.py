"""Backups of an installation, and what is made of them again, here or on other servers.

```
rows.py     every row of the database, as one moment knew them: into a file, and out of one
folders.py  files beside it: what is the same as in the backup before is stored once
service.py  one backup, whole or not at all; and the way back, which counts what has arrived
```

A backup holds its rows in an SQLite file whatever the database is, so that it can be restored on
either engine: how a hotline moves from one machine's file to a server, and back.
"""
