"""What can be said of an answer once it is proven best: `ties` shares equal choices out, `move_costs` tells what
one move would cost. Others use `spread_ties` and `Exchange`.
"""
