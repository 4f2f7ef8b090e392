"""Who is who: the random ids of the log, and what people call leads, reps, accounts and themselves.

contacts.py   mails and phones as they are the same however they are written
persons.py    the table of persons: found, added, changed, erased
names.py      ids in and out: whom a user means, and what an id is called
"""
