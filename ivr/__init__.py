"""The caller's side: the flow, one step of it, the waiting room, offers, the call record.

```
flow.py      the menu as a typed graph, and all that can be wrong with it      (pure)
steps.py     one step: where the caller is, what came in, what is said next    (pure)
config.py    the section `ivr:` of config.yaml
prompts.py   what is spoken: the prompts in every language, filled in
hearing.py   who heard a bulletin, and whom it answered                        (pure)
silence.py   which numbers call again and again and say nothing                (pure)
twiml.py     what is spoken, in the carrier's language
events.py    the kinds of events of a call, and what each carries
models.py    the rows: calls, call_events, waiting, offers, bulletins, blocks
service.py   the verbs, the only door for other rooms; behind it:
  calls.py     a call's row, its events, its end
  waiting.py   the waiting room
  offers.py    who is offered whom, and what became of it
  callbacks.py  promises to call somebody back (callback_rules.py, pure; callback_rows.py;
               callback_places.py, the place in the line), attempts.py: ringing the citizen
  abandoned.py  who hung up while waiting and is to be called back
  closing.py   outcome, ticket and wrap-up
  story.py     what reports, lists and the desk read
  bulletins.py what callers are told for a while, and who heard it
  nuisance.py  numbers that are not served, numbers to look at
web.py       the carrier's webhooks            pages/     the agents' verbs and the pages
jobs.py      effects and sweeps
```
"""
