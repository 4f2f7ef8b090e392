"""A command at work: decided, written, answered, in words.

core.py       what a desk holds in a process: its file, its writer, its clock, what it knows
learning.py   what this process has learned by the policy in force
session.py    one transaction: commands are decided on its book, and what happened goes into the log
even.py       what leads are worth with whom where no model was learned: all the same, for who may have them
answers.py    what a command is answered; `results.py` the same as a user sees it
requests.py   keys of requests: the same key gets the same answer
words.py      what happened, one sentence for each kind of event
"""
