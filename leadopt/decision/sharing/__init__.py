"""What is shared out beside the settings of fairness: the even share that is assumed where nobody names a capacity.

`even_share` makes it give way to whatever is said, `open_work` levels what reps have and not what they get,
`whole_leads` asks for as much of shares that divided leads allow as whole ones reach.
"""
