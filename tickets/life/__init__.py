"""The life of a ticket beside its states: what is written to its citizen, who watches it, what it
has to do with other tickets, agencies that are asked, and many tickets moved at once.
"""
