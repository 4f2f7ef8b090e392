"""The event log: records that only grow, each tied to all before it by a hash, and the one door for writing them.

records.py      an event, the record it becomes, its bytes and its hash
store.py        append, read, head; `checkpoint.py` has a seq and a hash to keep elsewhere
verify.py       finds what was changed, dropped, inserted, swapped, hashed anew or cut
writer.py       many threads, one transaction at a time, one flush to the disk for all who wait
transaction.py  what a work is given to read and write by
moments.py      datetimes outside, microseconds inside
"""
