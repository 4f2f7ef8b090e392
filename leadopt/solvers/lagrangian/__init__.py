"""Limits of any kind by their prices: price, open what is nearly a tie, solve that core, make it whole, mend it.

`dual` finds prices, `open_options` and `program` make the core and solve it without whole numbers, `relax_and_fix`
makes leads whole, `ejection_chains` and `neighbourhoods` mend and improve, `packings` searches where reps have hours
(`by_packings` where there is nothing else), `lead_prices` bounds more tightly, `infeasible` names limits that cannot be
met together. Used by `Milp` and by `factored`.
"""
