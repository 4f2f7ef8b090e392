"""What a desk shows: leads, reps, pools, reviews, what is overdue, messages, and why something happened.

Every view is asked of the records by their indexes and computed by the functions that enforce: a deadline shown is the
deadline at which something happens.

listing.py    rows that know how many there are, as a table of the user's kind
leads.py      one lead, as it is and as it was
reps.py       one rep
queues.py     pools, reviews, what is overdue, messages to send
hidden.py     fields that are hidden until a lead is claimed
as_of.py      the book as it was at a moment, as far as one lead needs it
why.py        why something happened, in words
"""
