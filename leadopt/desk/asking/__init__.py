"""What users ask of a desk: tables or single ids in, commands decided, results out.

columns.py     which columns of leads and reps the log holds, and as what
cells.py       columns of tables cell by cell: a bad one is its row's fault alone
intake.py      tables of leads and reps as rows that can be taken in
asking.py      rows -> commands -> results, in transactions of a few hundred
reporting.py   what feeds report: leads, changes, follow-ups, complaints, outcomes
claiming.py    what reps do: refuse, release, claim
managing.py    what managers do
running_it.py  what administrators do: reps, absences, rules, policy
planning.py    plans made, and applied in chunks that survive a crash
importing.py   leads and history taken over from another system
"""
