"""Breaks a whole hotline on purpose, with callers on the line, and checks what every one heard.

`hotline` is what is broken, `crowd` its callers and agents, `scenarios` how it is broken. `heard`
is the rule of what a caller may hear, `books` what stands in the database afterwards, and `verdict`
holds both to what must be. `hotline chaos` runs them long, the tests short.
"""
