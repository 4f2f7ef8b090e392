"""The tables as a decision reads them: which column means what, whose labels are whose, footers, settled leads.

Nothing here decides; what is noticed comes back as notes, and what cannot be right is refused with its place.
"""
