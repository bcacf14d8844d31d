"""The grammatical gender of a genus name, by its ending."""

# What the last component says of the gender; "" is any or unclear. Common gender of -cola: m. or f.
GENDERS: dict[str, str] = {
    **dict.fromkeys(("bacter", "coccus", "bacillus", "vibrio", "myces", "caulis", "siphon", "tor", "us"), "m"),
    **dict.fromkeys(("monas", "ella", "spira", "thrix", "rhabdus", "forma", "gemma", "ia", "a", "is"), "f"),
    **dict.fromkeys(("bacterium", "um", "ium", "plasma", "nema", "soma", "ma", "on"), "n"),
    **dict.fromkeys(("corpus", "genus", "glomus", "virus"), "n"),
    **dict.fromkeys(("ans", "ens", "ferax", "cola", "gena", "formis", "es", "x"), ""),
}  # fmt: skip


def gender(name: str) -> str:
    """By ending, review: the gender of the longest ending known, "" if that is unclear.  ICNP 65; SeqCode 50.

    The last component decides, and for an arbitrary name its author assigns the gender; an ending is only a hint (-ma
    is mostly the Greek neuter, but Latin *forma* is feminine).
    """
    endings = [ending for ending in GENDERS if name.lower().endswith(ending)]
    return GENDERS[max(endings, key=len)] if endings else ""
