"""Tables in, a plan out: who gets which lead, and why."""

import leadopt

leads = [{"lead_id": 1, "source": "web"}, {"lead_id": 2, "source": "web"}, {"lead_id": 3, "source": "fair"}]
reps = [{"rep_id": "Ann", "capacity": 1}, {"rep_id": "Bo", "capacity": 2}]
record = [("Ann", "web", 30, 60), ("Ann", "fair", 32, 40), ("Bo", "web", 15, 50), ("Bo", "fair", 10, 50)]
history = [
    {"rep_id": rep, "source": source, "converted": n < won} for rep, source, won, tried in record for n in range(tried)
]

plan = leadopt.assign(leads, reps, history)
print(plan)
print(plan.explain(3))

# ruff: noqa: E501
# It prints:
# 3 of 3 leads placed, expected deals 1.324, proven best (MinCostFlow)
# 3 -> Ann: expected deals 0.746.
#   Ann: 74.6% chance (90% interval 60% to 86%): 32 won of 40 with source=fair; 18% of the estimate is borrowed from the rep's and the segment's other leads, which suggest 41.8%.
#   Bo would gain 0.225 (0.521 less); moving it there costs 0.286.
