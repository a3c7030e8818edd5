"""The numbers as open data, without anybody in them: a Frictionless data package.

```
config.py      the section `reports.open_data:` of config.yaml
rules.py       what is too rare to be told, and what is told in its place      (pure)
tables.py      which columns there are, and what each means                    (pure)
package.py     tables and their description as files, the same bytes each time (pure)
service.py     what is read for it
web.py         the download
```
"""
