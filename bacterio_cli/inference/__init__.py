"""What a trained model is used for: drawing names, filtering them, and scoring given ones.

Imports checkpoint/, lm/, nn/, nomenclature/ and dataset/.
"""

TEMPERATURE = 0.8  # unless another is asked for


def most_tries(count: int, *, per_name: int = 1_000) -> int:
    """How many draws are made for so many names before giving up, unless told otherwise."""
    return 100_000 + per_name * count
