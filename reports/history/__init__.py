"""A city's calls of years past, from the files of its old exchange: `hotline import-calls`.

```
times.py     moments and lengths of time as others write them                  (pure)
visit.py     what a file becomes: visits, and rows that are none               (pure)
maps.py      what a map.yaml may say, and the shipped ones (maps/)
files.py     the records of a file of any length, with their bytes
rows.py      a file with a row a call                                          (pure)
events.py    a log with a line an event: Asterisk's queue_log                  (pure)
models.py    the rows: imports, imported_calls, import_days
service.py   the verbs: write visits, take an import back, facts for reports
importing.py one import from its file to the reports, to be gone on with after a crash
keeping.py   how long the numbers of callers are kept (`hotline.privacy`)
web.py       the page of imports
```
"""
