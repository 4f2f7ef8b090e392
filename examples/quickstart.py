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
# 3 of 3 leads placed, expected deals 1.358, proven best (MinCostFlow)
# 3 -> Ann: expected deals 0.764.
#   Ann: 76.4% chance (90% interval 64% to 87%): 32 won of 40 with source=fair; 12% of the estimate is borrowed from the rep's and the segment's other leads, which suggest 39.8%.
#   Bo would gain 0.218 (0.546 less); moving it there costs 0.333.
