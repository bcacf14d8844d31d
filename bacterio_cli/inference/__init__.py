"""What a trained model is used for: drawing names, filtering them, and scoring given ones.

Imports checkpoint/, lm/, nn/, nomenclature/ and dataset/.
"""

TEMPERATURE = 0.8  # unless another is asked for
LONGEST_NAME, LONGEST_SCORED = 10_000, 1_000  # letters of a name that is drawn, and of one that is scored
LEAST_PROBABILITY = 2.0**-126  # stands for one that has vanished in float32


def most_tries(count: int, *, per_name: int = 1_000) -> int:
    """How many draws are made for so many names before giving up, unless told otherwise."""
    return 100_000 + per_name * count
