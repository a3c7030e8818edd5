"""The sound of calls, and the browser telephones that have it.

`signal` speaks the protocol of the carrier's browser SDK, `access` reads its tokens, `media` is one
leg's WebRTC connection, `mix` lets the legs hear each other, `tones` makes what the exchange itself
plays, `speech` says words, `routes` serves what a page needs.

Sound is telephone sound: 8 kHz, mono, 16 bits, in frames of 20 ms, on the wire mu-law. It runs on
the wall's clock, whatever the exchange's clock does. A leg without media is silent and costs
nothing: numpy, av and aiortc are loaded when the first leg with media comes, jwt with the first
token.
"""
