"""The inbox of a division: searching, what is unread, saved views."""
