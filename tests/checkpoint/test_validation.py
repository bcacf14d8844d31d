"""Checkpoints in good order whose contents are impossible: each is refused, with what is wrong with it."""

from __future__ import annotations

import json
import math
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.checkpoints import Meta, rewrite
from support.processes import NAMES, begin

from bacterio_cli.checkpoint.archive import Arrays
from bacterio_cli.checkpoint.checkpoint import load
from bacterio_cli.errors import CheckpointError
from bacterio_cli.training.trainer import snapshot

Change = Callable[[Arrays, Meta], object]
NESTED: list[Any] = json.loads("[" * 300 + "]" * 300)


def known(first: bytes) -> Change:
    """Another first name among the known ones."""
    text = b"\n".join([first, *(name.encode() for name in NAMES[1:])])
    return lambda a, _: a.update(known_names=np.frombuffer(text, np.uint8))


def letters(old: str, new: str) -> Change:
    """Other letters in the vocabulary, still sorted."""
    return lambda _, m: m["vocabulary"].update(letters=m["vocabulary"]["letters"].replace(old, new))


def held_out(*values: float) -> Change:
    """Other bits per character of the held-out names."""
    return lambda a, _: a.update(held_out=np.array(values, np.float32))


MEMBER = "its member '0.W_aa' "
IMPOSSIBLE: dict[str, tuple[Change, str]] = {
    "no model": (lambda _, m: m.pop("model"), "'model' is missing"),
    "unknown class": (lambda _, m: m["model"].update({"class": "Oracle"}), "'Oracle' is missing"),
    "nested cell": (lambda _, m: m["model"].update(cell=[["gru"]] * 10**4), "cell cannot be [["),
    "nested class": (lambda _, m: m["model"].update({"class": NESTED}), "inconsistent"),
    "size is a text": (lambda _, m: m["model"].update(n_a="16"), "n_a cannot be '16'"),
    "huge size": (lambda _, m: m["model"].update(n_a=2**40), "n_a cannot be"),
    "large size": (
        lambda _, m: m["model"].update(n_a=3000),
        "parameters are more than the 16,777,216 that a checkpoint",
    ),
    "too deep": (lambda _, m: m["model"].update(layers=2**20), "layers cannot be"),
    "member missing": (lambda a, _: a.pop("0.W_aa"), "'0.W_aa' is missing"),
    "wrong shape": (
        lambda a, _: a.update({"0.W_aa": a["0.W_aa"].T.copy()}),
        MEMBER + "is float32 (16, 48), and its model needs float32 (48, 16)",
    ),
    "float64": (lambda a, _: a.update(b_y=a["b_y"].astype(float)), "its member 'b_y' is float64 ("),
    "infinity": (lambda a, _: a["b_y"].__setitem__(0, -np.inf), "its member 'b_y' holds values that are not finite"),
    "complex": (lambda a, _: a.update(E=a["E"].astype(complex)), "its member 'E' has dtype complex128"),
    "a first state of another shape": (
        lambda a, _: a.update(first0=np.zeros((2, 16), np.float32)),
        "its member 'first0' is float32 (2, 16), and its model needs float32 (1, 16)",
    ),
    "no known names": (lambda a, _: a.pop("known_names"), "'known_names' is missing"),
    "a known name more": (known(b"A\nB"), "the known names are not as many as it says"),
    "ESC in a known name": (known(b"Alba\x1b[2Ja"), "the known names have characters that cannot be printed"),
    "known names not UTF-8": (known(b"\xff"), "can't decode byte"),
    "a known name twice": (known(NAMES[1].encode()), "a known name stands twice"),
    "ESC in the vocabulary": (letters("b", "\x1b"), "the vocabulary is not that of the known names"),
    "a letter less": (letters("b", ""), "the vocabulary is not that of the known names"),
    "vocabulary is a list": (lambda _, m: m["vocabulary"].update(letters=["a"]), "the vocabulary is not that of the"),
    "capitals in a word": (lambda _, m: m["vocabulary"].update(capitalised="no"), "the vocabulary is not that of the"),
    "a letter more": (
        lambda a, m: (known(b"Ajax")(a, m), letters("i", "ij")(a, m)),
        "letters, and the model reads",
    ),
    "an unknown member": (lambda a, _: a.update(net1=np.ones(1)), "has an unexpected member 'net1'"),
    "arrays to resume a compact file": (lambda _, m: m.update(progress=None), "arrays for --resume, and no progress"),
    "descending": (held_out(2, 1), "the held-out likelihoods are not in ascending order"),
    "negative": (held_out(-1, 1), "the held-out likelihoods are not all finite and positive"),
    "not a number": (held_out(1, np.nan), "the held-out likelihoods are not all finite and positive"),
    "square": (lambda a, _: a.update(held_out=np.ones((2, 2), np.float32)), "no row of float32 numbers"),
    "held out in float64": (lambda a, _: a.update(held_out=np.ones(2)), "no row of float32 numbers"),
    "nested option": (lambda _, m: m["training"].update(dropout=[[0.3]]), "the training options hold [[0.3]]"),
    "endless option": (lambda _, m: m["training"].update(mix="1" * 10**6), "a text of more than 200 characters"),
    "digest is a number": (lambda _, m: m["corpus"].update(digest=5), "the digest or the date of the corpus is no"),
    "longest is another": (lambda _, m: m["corpus"].update(longest=10**30), "the longest name is not as long as"),
    "characters are others": (lambda _, m: m["corpus"].update(characters=-1), "the corpus has not as many characters"),
    "a known name too long": (known(b"A" * 501), "the known names do not all have 1 to 500 characters"),
    "a known name of nothing": (known(b""), "the known names do not all have 1 to 500 characters"),
    "unknown profile": (lambda _, m: m["corpus"].update(profile="moth"), "there is no profile 'moth'"),
    "a row without an epoch": (lambda _, m: m["history"][-1].pop("epoch"), "'epoch' is missing"),
    "a loss is a text": (lambda _, m: m["history"][0].update(valid_bits_per_char="2"), "a value that is no number"),
    "a loss too large": (lambda _, m: m["history"][0].update(valid_bits_per_char=10**400), "the history hold 1000"),
    "NaN in a figure of tomorrow": (lambda _, m: m["history"][0].update(x=math.nan), "rows of the history hold nan"),
    "a negative epoch": (lambda _, m: m["history"][0].update(epoch=-1), "a value that is no number"),
    "a row without a stage": (lambda _, m: m["history"][0].update(stage=1), "the history does not name its stages"),
    "no order for a table": (lambda _, m: m["training"].update(ngram=3), "the options say ngram 3, and the table"),
    "no nets": (lambda _, m: m["mixture"].update(nets=0), "the number of nets cannot be 0"),
    "a weight too large": (lambda _, m: m["mixture"]["weights"].update(nets=10**400), "weights are not all numbers"),
    "a negative weight": (
        lambda _, m: m["mixture"]["weights"].update(nets=2, table=-1),
        "a mixture weight is negative",
    ),
    "weights of 0.5": (lambda _, m: m["mixture"]["weights"].update(nets=0.5), "the mixture weights do not sum to 1"),
    "a weight of nothing": (
        lambda _, m: m["mixture"]["weights"].update(nets=0.5, table=0.5),
        "the table has a weight, but is missing",
    ),
    "a sum too large": (lambda _, m: m["progress"].update(nats=10**400), "the figures of its progress hold 1000"),
    "deep progress": (lambda _, m: m["progress"].update(nats=NESTED), "the figures of its progress hold [["),
    "progress is a list": (lambda _, m: m.update(progress=[1]), "inconsistent"),
}


@pytest.mark.parametrize("change", IMPOSSIBLE)
def test_impossible_contents_are_refused(change: str, saved: Path) -> None:
    """The message begins with the file and says in one line what is wrong with it."""
    alter, message = IMPOSSIBLE[change]
    rewrite(saved, alter)
    with pytest.raises(CheckpointError) as caught:
        load(saved)
    assert str(caught.value).startswith(f"{saved}: ")
    assert message in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def wrap_around(arrays: Arrays) -> None:
    """Pairs of each state whose number, as a difference in 32 bits, is positive by wrapping around."""
    arrays["table.first"][1:4] = 2**31 - 1, -(2**31), -1


def outspread(arrays: Arrays) -> None:
    """Links as a column, which compared with a row is a square."""
    arrays["table.suffix"] = arrays["table.suffix"][:, None]


def sideways(arrays: Arrays) -> None:
    """The last state's link leads to its neighbour, a context of the same length."""
    arrays["table.suffix"][-1] = len(arrays["table.suffix"]) - 2


def too_long(arrays: Arrays) -> None:
    """Each state's context is one letter longer than that of the state before."""
    arrays["table.suffix"][1:] = np.arange(len(arrays["table.suffix"]) - 1)


def set_to(member: str, place: int, value: int) -> Callable[[Arrays], None]:
    """One number of the table replaced."""
    return lambda arrays: arrays[f"table.{member}"].__setitem__(place, value)


@pytest.mark.parametrize(
    ("forge", "message"),
    [
        (wrap_around, "states do not share out its pairs"),
        (outspread, "arrays do not fit each other"),
        (sideways, "has contexts of more than 11 letters"),
        (too_long, "has contexts of more than 11 letters"),
        (set_to("suffix", 5, 5), "suffix links do not lead to shorter contexts"),
        (set_to("suffix", -1, 0), "suffix links do not lead to contexts one letter shorter"),
        (set_to("target", 3, 10**6), "targets lie outside it"),
        (set_to("letter", 3, -1), "has letters outside the vocabulary"),
        (set_to("letter", 0, 5), "pairs are not sorted and distinct"),
        (set_to("count", 3, 0), "has a count below 1"),
    ],
)
def test_a_forged_table_is_refused_before_it_is_followed(
    forge: Callable[[Arrays], None], message: str, tmp_path: Path
) -> None:
    """It would ask for 34 GB, for the square of its size, or read what was never written."""
    snapshot(begin(ngram=12)).save(tmp_path / "m")
    assert load(tmp_path / "m").table is not None
    rewrite(tmp_path / "m", lambda arrays, _: forge(arrays))
    tracemalloc.start()
    with pytest.raises(CheckpointError, match=f"the table('s)? {message}"):
        load(tmp_path / "m")
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("discounts", "ngram", "message"),
    [
        *((discounts, 3, "three numbers") for discounts in ([0.5, 0.5], [0.5, 0.5, "1"])),
        *((discounts, 3, "out of range") for discounts in ([0.5, 0.5, 0], [1, 0.5, 0.5], [0.5, 2.5, 0.5])),
        ([0.5, 0.5, 0.5], 0, "the options say ngram 0, and the table says otherwise"),
    ],
)
def test_impossible_discounts_are_refused(discounts: list[object], ngram: int, message: str, tmp_path: Path) -> None:
    """Three numbers are needed, what is taken off a count of k lies between 0 and k, and the options have a table."""
    snapshot(begin(ngram=3)).save(tmp_path / "m")

    def forge(_: Arrays, meta: Meta) -> None:
        meta["mixture"]["discounts"].update(table=discounts)
        meta["training"].update(ngram=ngram)

    rewrite(tmp_path / "m", forge)
    with pytest.raises(CheckpointError, match=message):
        load(tmp_path / "m")
