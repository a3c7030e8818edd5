"""The Quick Response Unit: who is out there, where, and who is sent to what."""
