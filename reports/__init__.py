"""What the year was: nightly statistics from events, and the pages that show them.

```
metrics.py      what every number of calls means, in code                     (pure)
meanings.py     the same in words, Thai and English                           (pure)
topics.py       the same calls by hour, outcome, category, area; first calls  (pure)
matters.py      what every number of tickets means                            (pure)
attendance.py   what every number of the agents' time means                   (pure)
catalogue.py    all of them by their identifiers                              (pure)
limits.py       which numbers of the wallboard break the city's limits          (pure)
definitions.py  docs/metrics.md, made from it
config.py       the section `reports:` of config.yaml
models.py       the rows: what the night wrote, and published months
source.py       where the facts come from: the rooms below, and what was imported
history/        calls of years past, from an old exchange's files
service.py      the verbs: count days into rows, read rows
rollups.py      the parts beside the calls' intervals: topics, tickets, presence
check.py        whether the rows are what the events say
figures.py      all numbers of a span at once
behind.py       what is behind a number; call_lists.py: what the list of calls asks of this room
publishing.py   months as they were told to the public
written.py      the numbers as a file; workbook.py: as a workbook
mailing/        reports that go out by themselves: by e-mail, and by a link
jobs.py         what is due each night, and the same by hand
today.py        the figures of this day, kept up to date as it goes on
board.py        the wallboard's figures
view.py         what a page shows, worked out from rows; shown.py, labels.py: how a number and a
                period are written
compare.py      what a period is compared with, and what the difference says  (pure)
headlines.py    the large figures, each with what it was                      (pure)
past.py         what is stored of days that are over, for comparisons and trends
charts.py       charts as specifications; pictures.py: those of the pages     (pure)
periods.py      what the page of a day, month or year has beside its lines
dashboard.py    now, today so far, the last weeks
numerals.py     the city's numerals on the pages
export.py       the CSV files, for readers and for programs
web.py          pages and addresses; dashboard_web.py: where they begin; behind_web.py: lists behind
                numbers, published months; board_web.py: the wallboard's part; library.py: the
                scripts that draw; here.py: what all of them stand on
```
"""
