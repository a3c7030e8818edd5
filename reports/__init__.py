"""What the year was: nightly statistics from events, and the pages that show them.

```
metrics.py      what every number means, in words and in code                 (pure)
limits.py       which numbers of the wallboard break the city's limits          (pure)
definitions.py  docs/metrics.md, made from it
config.py       the section `reports:` of config.yaml
models.py       the rows: call_intervals, report_days, night_runs
source.py       where the facts come from: `ivr.service`, and what was imported
history/        calls of years past, from an old exchange's files
service.py      the verbs: count days into rows, read rows
jobs.py         what is due each night, and the same by hand
today.py        the figures of this day, kept up to date as it goes on
board.py        the wallboard's figures
view.py         what a page shows, worked out from rows
export.py       the CSV files, for readers and for programs
web.py          pages and addresses
```
"""
