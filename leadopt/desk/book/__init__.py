"""The book in tables: the records that follow from the log, read when asked for and written when a work has ended.

codec.py      a record as JSON text, and back
kept.py       which table a kind of record is in, by which key, found by what
known.py      what this process knows of the records already, as long as nobody else has written
sql_book.py   the book itself; `past.py` tells events of the log
"""
