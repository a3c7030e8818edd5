"""The accounts: who may do what to whom, their pages, their second factors, and the log of it."""
