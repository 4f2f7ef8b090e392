"""A quarter of a sales floor, by hand and at a desk: the same leads, the same people, the same luck; the truth known.

setting.py        what the floor and its people are like
hours.py          working time, as hours
world.py          leads, people and luck, drawn before anybody decides anything
habits.py         what a rep does with a lead: answer, refuse, forget, let slide, win, lose
by_hand.py        round robin: nobody reminds, nobody takes back
held.py           every lead as it is followed at a desk
at_desk.py        the same people at a `Desk`
rules.py          rules and policy of the desk, as a user would write them
truth.py          what leads truly came to
simulate_desk.py  both, and what they come to
"""
