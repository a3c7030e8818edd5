"""Reports that go out by themselves, by e-mail and by a link that expires.

```
rules.py     what is due when, what is caught up, how long a link lasts     (pure)
digest.py    what a mail says: figures, what they were before, what stands out   (pure)
config.py    the section `reports.mailing:` of config.yaml
models.py    subscriptions, mails, what was set for them, links
service.py   who gets which report
posting.py   from what is due to the outbox, and from there to the mail server
making.py    a report set once for all who get it
letters.py   the words of a mail
links.py     links for people without an account
web.py       the pages of those with one; public.py: of everybody else
```
"""
