"""What an agent does in a conversation: hold, a pause of the recording, a third party, passing on.

Everybody talks in a conference of the carrier's, so each of these is a change of one participant.
What is wanted stands in the offer's row, written with its event; an effect makes the carrier follow
it. `rules` says what may be done when; the rest does it.
"""
