"""The edit distance of the textbook, which every faster one must equal."""


def plain_distance(a: str, b: str) -> int:
    """Levenshtein distance by the textbook's rows (Wagner and Fischer 1974)."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1]
