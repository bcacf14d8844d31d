"""Checkpoints in good order whose contents are impossible: each is refused, with what is wrong with it."""

import json
import math
import re
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.checkpoints import Change, array, at, entry, rewrite
from support.processes import NAMES, advanced, begin

from bacterio_cli.checkpoint.checkpoint import load
from bacterio_cli.checkpoint.validation import check_model
from bacterio_cli.errors import CheckpointError, ContentsError
from bacterio_cli.nn.models import WindowMLP
from bacterio_cli.training.trainer import snapshot

NESTED: list[Any] = json.loads("[" * 300 + "]" * 300)


def known(first: bytes) -> Change:
    """Another first name among the known ones."""
    text = b"\n".join([first, *(name.encode() for name in NAMES[1:])])
    return lambda a, _: a.update(known_names=np.frombuffer(text, np.uint8))


def letters(old: str, new: str) -> Change:
    """Other letters in the vocabulary, still sorted."""
    return lambda _, m: m["vocabulary"].update(letters=m["vocabulary"]["letters"].replace(old, new))


def discounts(*values: object) -> Change:
    """Other discounts of the table."""
    return at("mixture", "discounts", table=values)


LETTERS = "the vocabulary is not that of the known names and of the model"
DISTINCT = "the known names are not distinct and of 1 to 500 characters"
FACTS = "the facts about the corpus are not those of a list"
HELD_OUT = "the bits of the held-out names are no row of numbers"
WEIGHTS = "the mixture weights are not numbers from 0 that sum to 1"
ROW = "as no training writes it"
PAIRS = "the table's pairs are not sorted by state and letter"
IMPOSSIBLE: dict[str, tuple[Change, str]] = {
    "no model": (lambda _, m: m.pop("model"), "'model' is missing"),
    "nested class": (at("model", **{"class": NESTED}), "is damaged, or was not written by this program"),
    "nested cell": (at("model", cell=[["gru"]] * 10**4), "cell cannot be [["),
    "size is a text": (at("model", n_a="16"), "n_a cannot be '16'"),
    "large size": (at("model", n_a=3000), "parameters are more than the 16,777,216 that a checkpoint"),
    "too deep": (at("model", layers=2**20), "layers cannot be"),
    "member missing": (lambda a, _: a.pop("0.W_aa"), "'0.W_aa' is missing"),
    "wrong shape": (array(np.transpose, "E"), "'E' is float32 (4, 20), and its model needs finite float32 (20, 4)"),
    "float64": (array(np.float64, "b_y"), "its member 'b_y' is float64"),
    "infinity": (entry("b_y", 0, -np.inf), "its member 'b_y' is float32 (20,), and its model needs finite"),
    "complex": (array(np.complex128, "E"), "(member 'E' has a header that no checkpoint"),
    "a first state of another shape": (lambda a, _: a.update(first0=a["b_y"]), "needs finite float32 (1, 16)"),
    "ESC in a known name": (known(b"Alba\x1b[2Ja"), "the known names have characters that cannot be printed"),
    "known names not UTF-8": (known(b"\xff"), "can't decode byte"),
    "a known name twice": (known(NAMES[1].encode()), DISTINCT),
    "a known name too long": (known(b"A" * 501), DISTINCT),
    "a known name of 500": (known(b"A" * 500), LETTERS),
    "a known name of nothing": (known(b""), DISTINCT),
    "a letter less": (letters("b", ""), LETTERS),
    "capitals in a word": (at("vocabulary", capitalised="no"), LETTERS),
    "a letter more": (lambda a, m: (known(b"Ajax")(a, m), letters("i", "ij")(a, m)), LETTERS),
    "not a number": (entry("held_out", -1, np.nan), HELD_OUT),
    "square": (array(lambda bits: [bits, bits], "held_out"), HELD_OUT),
    "held out in float64": (array(np.float64, "held_out"), HELD_OUT),
    "nested option": (at("training", dropout=[[0.3]]), "holds [[0.3]] where a number or a short text is expected"),
    "endless option": (at("training", mix="1" * 10**6), "where a number or a short text is expected"),
    "digest is a number": (at("corpus", digest=5), FACTS),
    "nested fact": (at("corpus", digest=NESTED), "m: holds [["),
    "unknown profile": (at("corpus", profile="moth"), FACTS),
    "a loss is a truth value": (at("history", 0, valid_bits_per_char=True), ROW),
    "NaN in a figure of tomorrow": (at("history", 0, x=math.nan), "holds nan where"),
    "an epoch that is a text": (at("history", 0, epoch="1"), ROW),
    "a row without a stage": (at("history", 0, stage=1), ROW),
    "no nets": (at("mixture", nets=0), "the number of nets cannot be 0"),
    "a weight is a text": (at("mixture", "weights", nets="1"), WEIGHTS),
    "a negative weight": (at("mixture", "weights", nets=2, table=-1), WEIGHTS),
    "weights of 0.5": (at("mixture", "weights", nets=0.5, table=0), WEIGHTS),
    "a weight of nothing": (
        at("mixture", "weights", nets=0, table=0, background=1),
        "a table has a weight, but is missing",
    ),
    "deep progress": (at("progress", nats=NESTED), "holds [["),
    "progress is a list": (at(progress=[1]), "is damaged, or was not written by this program"),
    "two discounts": (discounts(0.5, 0.5), "discounts are not three numbers below 1, 2 and 3"),
    "a discount is a text": (discounts(0.5, 0.5, "1"), "discounts are not three numbers below 1, 2 and 3"),
    "a discount of 0": (discounts(0.5, 0.5, 0), "discounts are not three numbers below 1, 2 and 3"),
    "all of a count of 1": (discounts(1, 0.5, 0.5), "discounts are not three numbers below 1, 2 and 3"),
    # Of the table: numbers whose differences are positive by wrapping around, and a column, beside a row a square.
    "wrapped around": (
        entry("table.first", slice(1, 4), (2**31 - 1, -(2**31), -1)),
        "'table.first' holds what no table has",
    ),
    "a column": (array(lambda links: links[:, None], "table.suffix"), "'table.suffix' holds what no table has"),
    "contexts without end": (
        array(lambda links: np.r_[0, np.arange(len(links) - 1)].astype(np.int32), "table.suffix"),
        "the table's contexts are not ordered by their length, 11 letters at most",
    ),
    "a link to itself": (entry("table.suffix", 5, 5), "contexts are not ordered by their length"),
    "a link too far": (entry("table.suffix", -1, 0), "contexts are not ordered by their length"),
    "a target outside": (entry("table.target", 3, 10**6), "'table.target' holds what no table has"),
    "a letter outside": (entry("table.letter", 3, -1), "'table.letter' holds what no table has"),
    "a letter that the model has not": (entry("table.letter", 3, 20), "'table.letter' holds what no table has"),
    "a state without pairs": (array(lambda f: np.r_[f[:5], f[4], f[6:]], "table.first"), PAIRS),
    "a pair twice": (array(lambda v: np.r_[v[:1], v[:1], v[2:]], "table.letter"), PAIRS),
    "pairs out of order": (entry("table.letter", 0, 5), PAIRS),
    "a count of 0": (entry("table.count", 3, 0), "'table.count' holds what no table has"),
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of a short training with contexts, figures and a text as long as there may be: it is read."""
    path = tmp_path_factory.mktemp("sound") / "m"
    made = snapshot(advanced(begin(hidden=16, ngram=12, epochs=1)))
    made.save(path)
    rewrite(path, at("history", 0, step=2**53, gradient_norm=1e300, stage="s" * 200))
    rewrite(path, entry("table.count", 0, 10**6))
    assert load(path).table.discounts == made.table.discounts
    return path.read_bytes()


@pytest.mark.parametrize("change", IMPOSSIBLE)
def test_impossible_contents_are_refused(change: str, sound: bytes, tmp_path: Path) -> None:
    """In one line that begins with the file, and before as much memory is asked for as a forged number would want."""
    alter, message = IMPOSSIBLE[change]
    path = tmp_path / "m"
    path.write_bytes(sound)
    rewrite(path, alter)
    tracemalloc.start()
    with pytest.raises(CheckpointError) as caught:
        load(path)
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()
    assert str(caught.value).startswith(f"{path}: ")
    assert re.search(rf"(?<!\w){re.escape(message)}(?!\w)", str(caught.value))
    assert ("missing" in str(caught.value)) == ("missing" in message)
    assert len(str(caught.value).splitlines()) == 1


def test_a_window_net_has_the_sizes_of_one() -> None:
    """The largest sizes pass, and one more is refused by its name."""
    sizes = {"n_y": 3, "n_x": 0, "n_a": 2}
    check_model(WindowMLP(**sizes, layers=128, window=128), 16)
    check_model(WindowMLP(**sizes | {"n_a": 129}), 1)
    for name, size in (("window", 129), ("window", 0), ("layers", 129), ("n_x", -1)):
        with pytest.raises(ContentsError, match=f"^{name} cannot be {size}$"):
            check_model(WindowMLP(**sizes | {name: size}), 1)
    with pytest.raises(ContentsError, match=r"^the number of nets cannot be 17$"):
        check_model(WindowMLP(**sizes), 17)
