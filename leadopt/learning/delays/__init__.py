"""How long wins and losses take, which leads nobody ever settles, and what open leads tell of chances by their age.

Other rooms use `Delays`, `open_notes` and `as_if_alike` of `delays`, and `OpenLevels` and `OpenChances`.
"""
