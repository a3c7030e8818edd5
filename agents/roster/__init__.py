"""The roster: who should be here when, and who was.

```
rules.py          a rule of repetition, exceptions, conflicts, heads an hour            (pure)
adherence.py      what was planned beside what was: late, left early, unplanned         (pure)
sheets.py         shifts as CSV, out and in                                             (pure)
calendar_file.py  shifts as iCalendar, out and in
service.py        the verbs; `importing.py` those that bring in a file
files.py          files of either kind, as pages and the command make and read them
attendance.py     who was there and who is, from the presence events
web.py            the pages: /roster, /roster/mine, /roster/now, /roster/adherence
```
What each word means: docs/roster.md.
"""
