"""The caller's side: the flow, one step of it, the waiting room, callbacks, the call record.

```
what a caller meets
  flow.py        the menu as a typed graph, and all that can be wrong with it        (pure)
  nodes/         each kind of node: its fields, its ways out, its step               (pure)
  steps.py       one step: where the caller is, what came in, what is said next      (pure)
  speech/        prompts, values in words of four languages, music                   (pure)
  picture.py, drawing.py   the flow as lines and as a picture                        (pure)
  world.py       what a step asks of the world          acts.py   what it does besides speaking
  twiml.py       what is said, in the carrier's language
  bulletins.py   what callers are told today            hearing.py   whom it answered         (pure)
  nuisance.py    numbers that are refused for a while   silence.py   which to look at         (pure)
the waiting room
  room/waiting.py        who waits                      room/offers.py   who is offered whom
  room/reading.py        which offers there are
  room/widening.py       wider circles of agents (pure) room/estimate.py the expected wait    (pure)
  room/announcements.py  what one who waits hears, and when they leave by themselves
  callbacks/     the promise to call back, its place, ringing the citizen, who hung up
the record
  events.py      the kinds of events of a call, and what each carries
  models.py      the rows
  calls.py       a call's row, its events, its end      closing.py   outcome, ticket and wrap-up
  recordings.py, rating.py   what was recorded; the caller's mark
  reconcile.py   what the carrier's own list says       story.py     what reports and pages read
the edges
  config.py      the section `ivr:` of config.yaml      service.py   the only door for other rooms
  web.py         the carrier's webhooks                 pages/       the agents' verbs and the pages
  jobs.py        effects and sweeps
```
"""
