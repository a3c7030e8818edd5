"""Quality: conversations that a supervisor marks with a form, and what the agent says to it.

```
rules.py    the form as it was filled in, what it scores, which calls to mark    (pure)
config.py   `ivr.quality` of config.yaml
service.py  the verbs: draft, publish, correct, comment
```
The pages are `ivr/pages/quality.py`. What each word means: docs/quality.md.
"""
