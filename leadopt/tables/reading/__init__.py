"""What people write in cells and files, read without guessing: numbers, days, outcomes, encodings, headers.

Nothing here knows a table or a data frame: text in, and out what it means, or in which two ways it could be read.
"""
