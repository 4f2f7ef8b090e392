"""A problem said in fewer or simpler limits, and what is proven of an answer that was found for it.

`in_leads` says amounts that are the same for all leads as a count, a count on one rep as its slots, and how many leads
hours hold; `proven` is the certificate of an answer by all prices that a search left. Others use these two.
"""
