"""`hotline replay` and `hotline demo`: a real or generated day of calls, played through a whole
hotline of its own.

Belongs to the command, at the top of the import order. Callers come by the exchange's handset
API, agents by the application's JSON API; nothing is put into the database but the agents'
accounts, and it is read only at the end.
"""
