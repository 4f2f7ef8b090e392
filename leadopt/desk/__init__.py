"""The desk: every lead, every promise and every reason, in a file that survives.

Whatever happens is a record of the event log, which only grows; the other tables follow from it and are written in the
same transaction. Below are the database (`leadopt.desk.database`) and the log with its one writer (`leadopt.desk.log`).

It needs SQLAlchemy (``pip install 'leadopt[desk]'``); ``import leadopt`` does not load it.
"""
