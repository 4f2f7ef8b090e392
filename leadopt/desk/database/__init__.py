"""The database of a desk: an SQLite file opened so that what is committed stays, its tables, and SQL that runs fast.

engine.py      opens it, and makes or updates its tables; connections that read and such that write
tables.py      what is stored; `migrations.py` brings older files up to date
statements.py  SQL compiled once, run on the driver's cursor
failures.py    what a file refuses, in one sentence
"""
