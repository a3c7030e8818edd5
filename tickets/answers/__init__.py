"""Answers: what the city says to what it is asked again and again, in the caller's language.

They live in this room because they are the city's word, as tickets are: written by who answers for
it, by category, and one day read by citizens themselves. The room of agents knows only who is at
work; and a call, in which an answer is used, is the concern of the room above, which asks here for
the words (`service`) and notes in its own story that they were used.
"""
