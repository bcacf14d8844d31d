"""What the glossary explains of lists of names, and what the rules of form and sound refuse of them.

    python tests/bench/etymology.py LIST …

For each list: names, the share of each answer, milliseconds a name, and the false alarms of the rules, leave-one-out:
a list that is the corpus's kind should be explained by more than half and refused by less than 1.5 %, any other not.
"""

import sys
import time
from collections import Counter

from bacterio_cli.dataset import shipped
from bacterio_cli.dataset.corpus import read_corpus
from bacterio_cli.nomenclature.glossary import standard
from bacterio_cli.nomenclature.morphology import Morphology
from bacterio_cli.nomenclature.phonotactics import ENDING_OF, ENOUGH, taught
from bacterio_cli.nomenclature.rules import VERY_LONG, judge, status


def alarms(names: tuple[str, ...]) -> list[str]:
    """The names that a rule of form or sound refuses when all others of the list are known; length is left out.

    Lists of too few names teach nothing, as in `sounds_of`.
    """
    words = [name.lower() for name in names]
    counts = {
        rule: Counter(some for word in words for some in {*taught(rule, word)})
        for rule in ("beginning", "end", "consonants")
    }
    endings = Counter(word[k:] for word in words for k in range(1, len(word) - 3))
    found = []
    for name, word in zip(names, words, strict=True):
        alone = any(counts[rule][some] == 1 for rule in counts for some in taught(rule, word))
        learned = len(names) > ENOUGH and (alone or endings[word] >= ENDING_OF)
        if learned or (len(name) < VERY_LONG and status(judge(name)[0]) != "ok"):
            found.append(name)
    return found


def main(paths: list[str]) -> None:
    """Print a line for each list."""
    morphology = Morphology(standard(), read_corpus([str(shipped("genera.txt"))]).names)
    for path in paths:
        names = read_corpus([path]).names
        started = time.perf_counter()
        analyses = [morphology.analyse(name) for name in names]
        spent = 1e3 * (time.perf_counter() - started) / len(names)
        answers = Counter(analysis.answer for analysis in analyses)
        shares = ", ".join(f"{100 * count / len(names):.1f} % {answer}" for answer, count in answers.most_common())
        doubled = sum(bool(analysis.doubled) for analysis in analyses)
        refused = alarms(names)
        print(f"{path}: {len(names):,} names: {shares}; {spent:.2f} ms each")
        print(f"    refused {100 * len(refused) / len(names):.2f} %, {doubled} with a doubled element: {refused[:12]}")


if __name__ == "__main__":
    main(sys.argv[1:] or [str(shipped("genera.txt"))])
