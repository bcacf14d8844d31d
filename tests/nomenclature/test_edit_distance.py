"""The nearest known name within two edits."""

import tracemalloc

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from support.levenshtein import plain_distance
from support.processes import examples

from bacterio_cli.nomenclature.edit_distance import PAIRS, Neighbours

# Small alphabets, so that near pairs are common; letters of one to four bytes, and a surrogate that stands alone.
letters = st.sampled_from(["ab", "abcdefgh", "aA\0", "σς\u0301", "a𐀀\ud800"])
lists = letters.flatmap(lambda some: st.lists(st.text(some, max_size=9), max_size=12))


def within(
    names: list[str], queries: list[str], most: int = 2, *, itself: bool = True, pairs: int = PAIRS
) -> list[tuple[int, int]]:
    """What the index finds, as pairs."""
    edits, index = Neighbours(names).within(queries, most, itself=itself, pairs=pairs)
    return list(zip(edits.tolist(), index.tolist(), strict=True))


def misspelt(names: list[str], rng: np.random.Generator) -> list[str]:
    """Each name after none to three random edits."""
    made = []
    for name in names:
        for _ in range(rng.integers(4)):
            at, gone, letter = rng.integers(len(name) + 1), rng.integers(2), rng.choice(["", *"aeinorst"])
            name = name[:at] + letter + name[at + gone :]
        made.append(name)
    return made


def test_distances_known_by_heart() -> None:
    """Insertion, deletion and substitution cost one each; a swap of neighbours costs two."""
    for a, b, edits in [("kitten", "sitting", 3), ("", "abc", 3), ("Bacillus", "Bacilus", 1), ("ab", "ba", 2)]:
        assert plain_distance(a, b) == plain_distance(b, a) == edits


@examples
@given(st.data(), lists, st.integers(0, 2), st.booleans(), st.sampled_from([1, 30, PAIRS]))
def test_nearest_is_that_of_the_textbook(
    data: st.DataObject, names: list[str], most: int, itself: bool, pairs: int
) -> None:
    """Edits and the first of equals, in blocks of any size; without itself every equal spelling is passed over."""
    queries = data.draw(lists) + misspelt(names, np.random.default_rng(len(names)))
    for query, found in zip(queries, within(names, queries, most, itself=itself, pairs=pairs), strict=True):
        measured = [(plain_distance(query, name), k) for k, name in enumerate(names)]
        near = [(edits, k) for edits, k in measured if edits <= most and (itself or edits)]
        assert found == min(near, default=(most + 1, -1))
        for name in names:  # by itself: no nearer name hides what is found of it
            assert within([name], [query], most)[0][0] == min(plain_distance(query, name), most + 1)


def test_names_of_ten_thousand_letters() -> None:
    """Long names are found within two edits at both ends, and one letter more at each is too far, as 256 are."""
    long = "".join(np.random.default_rng(0).choice(list("abcd"), 10_000))
    names = ["a" * 300, long, "abc" * 30, "a" * 128 + "b" * 128]
    queries = [long[1:] + "a", "xx" + long + "x", "b" + "a" * 299, "abc" * 29, "b" * 128 + "a" * 128]
    assert within(names, queries) == [(2, 1), (3, -1), (1, 0), (3, -1), (3, -1)]


def test_memory_grows_with_the_list_and_not_with_the_pairs() -> None:
    """10,000 names and 1,500 queries take less than a byte a pair: the list some words a name, the work a block."""
    rng = np.random.default_rng(0)
    names = ["".join(word) + "us" for word in rng.choice(list("aeinorst"), (10_000, 10))]
    queries = misspelt(names[:1_500], rng)
    tracemalloc.start()
    index = Neighbours(names)
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    edits, _ = index.within(queries)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert set(edits.tolist()) == {0, 1, 2, 3}
    assert kept < 1.1 * len(names) * (4 * 12 + 4 * 8)  # letters, and starts, lengths, counts and order
    assert peak - kept < 100 * PAIRS < len(names) * len(queries)
