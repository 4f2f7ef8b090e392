"""What can be said of an answer once it is found: `ties` and `evened` share equal choices out, `move_costs` tells what
one move would cost. Others use `spread_ties`, `evened` and `Exchange`.
"""
