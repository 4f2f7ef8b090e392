"""`leadopt desk ...`: the desk on the command line.

`acts`, `views` and `running` only name commands and options; what they call are the methods of `leadopt.Desk`.
"""
