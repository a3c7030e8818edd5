"""The local telephone exchange: plays the carrier's part over HTTP.

It is written from the documented behaviour of Twilio's voice product (TwiML webhooks, the
2010-04-01 REST API, status callbacks), not from what one application happens to need. It imports
nothing of the hotline, and nothing of the hotline imports it. Start it with ``python -m exchange``.
"""
