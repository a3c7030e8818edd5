"""Breaks a whole hotline on purpose, with callers on the line, and checks what every one heard.

`heard` is the rule (what a caller may hear), `crowd` the callers and agents, `scenarios` what is
broken and what must hold. `hotline chaos` runs them long, the tests short.
"""
