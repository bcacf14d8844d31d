"""A trained model as one `.npz`: what it holds, how it is written safely, and how it is read without trust.

Imports lm/, nn/ and dataset/. The limits are those of every checkpoint, whether it is made, written or read.
"""

LARGEST_NUMBER = 1e300  # of options and figures; integers in JSON have no end, and floats end at 1.8e308
LARGEST_COUNT = 2**53  # of steps, characters and the like: integers beyond are not exact as floats
LONGEST_SETTING = 200  # characters of an option or a date
MOST_NETS, MOST_LEVELS, LARGEST_DEPTH = 16, 12, 128
MOST_PARAMETERS = 2**24  # of all nets together; a run that --resume takes up holds them ten times
LARGEST_FILE = 2**30  # bytes
