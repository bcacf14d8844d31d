"""The parts of a checkpoint, each held against what it may be before anything is made of it: files lie.

Each function takes what stands in the file and gives what the program works with; ValueError for what cannot be so,
or CheckpointError where the member has a name.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from bacterio_cli.checkpoint.archive import Arrays
from bacterio_cli.dataset import LONGEST_LINE, PROFILES
from bacterio_cli.dataset.vocabulary import Vocabulary
from bacterio_cli.errors import UNPRINTABLE, CheckpointError
from bacterio_cli.lm.kneser_ney import Counts, NGram
from bacterio_cli.nn.activations import ACTIVATIONS
from bacterio_cli.nn.layers import Array
from bacterio_cli.nn.models import CELLS, CharRNN, Model, WindowMLP

LARGEST_SIZE, LARGEST_DEPTH = 2**20, 128
MOST_LEVELS = 12
LARGEST_NUMBER = 2**1000  # integers in JSON have no end; above 2**1024 no float holds them
LONGEST_SETTING = 200  # characters
COUNTS = ("suffix", "first", "letter", "target", "count")


def ensure(what: str, value: Any, holds: Callable[[Any], bool]) -> None:
    """ValueError if it does not hold."""
    if not holds(value):
        raise ValueError(f"{what} cannot be so")


def all_numbers(values: Any) -> bool:
    """Whether these are numbers that a float can hold, and not True or False."""
    return all(type(v) in (int, float) and abs(v) < LARGEST_NUMBER for v in values)


def read_settings(what: str, stored: dict[str, Any]) -> dict[str, Any]:
    """Names with a number, a short text or nothing each; nothing that is nested, long or cannot be written out."""
    for name, value in stored.items():
        ensure(what, name, lambda name: len(name) <= LONGEST_SETTING)
        if isinstance(value, str):
            ensure(what, value, lambda value: len(value) <= LONGEST_SETTING)
        else:
            ensure(what, value, lambda value: value is None or type(value) is bool or all_numbers([value]))
    return dict(stored)


def read_vocabulary(stored: dict[str, Any], n_y: int) -> Vocabulary:
    """Sorted, distinct, printable letters, as many as the model reads; JSON could hold half of a surrogate pair."""
    letters = stored["letters"]
    ensure("the vocabulary", letters, lambda s: isinstance(s, str) and list(s) == sorted(set(s)))
    ensure("the vocabulary", letters, lambda s: len(s) + 1 == n_y and not UNPRINTABLE.search(s))
    ensure("the vocabulary", letters, lambda s: not any("\ud800" <= letter <= "\udfff" for letter in s))
    return Vocabulary(letters, bool(stored["capitalised"]))


def read_corpus_facts(stored: dict[str, Any], known: tuple[str, ...]) -> dict[str, Any]:
    """What is known of the corpus, in agreement with the names that the file holds."""
    facts = {key: stored[key] for key in ("digest", "names", "characters", "date", "longest")}
    facts["profile"] = stored.get("profile", "any")
    ensure("the profile", facts["profile"], lambda p: p in PROFILES)
    ensure("the known names", known, lambda names: len(names) == facts["names"] and type(facts["names"]) is int)
    ensure("the known names", known, lambda names: not UNPRINTABLE.search(" ".join(names)))
    ensure("the corpus", facts, lambda f: type(f["longest"]) is int and 1 <= f["longest"] <= 2 * LONGEST_LINE)
    ensure("the corpus", facts, lambda f: type(f["characters"]) is int and isinstance(f["digest"], str))
    ensure("the corpus", facts, lambda f: f["date"] is None or isinstance(f["date"], str))
    return facts


def read_history(stored: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of numbers, the validation loss possibly missing."""
    rows = [dict(row) for row in stored]
    for row in rows:
        numbers = [row[key] for key in ("step", "epoch", "nats_per_char", "gradient_norm", "learning_rate")]
        valid = [row[key] for key in ("valid_nats_per_char", "valid_bits_per_char") if row[key] is not None]
        ensure("the history", numbers + valid, all_numbers)
        ensure("the history", (row["stage"], row["net"]), lambda at: isinstance(at[0], str) and type(at[1]) is int)
    return rows


def read_model(sizes: dict[str, Any]) -> Model:
    """The frozen model that `asdict` described; ValueError if it cannot exist."""
    settings = dict(sizes)
    kinds: dict[str, type[Model]] = {"CharRNN": CharRNN, "WindowMLP": WindowMLP}
    model = kinds[settings.pop("class")](**settings)
    for name, value in vars(model).items():
        known = {"cell": tuple(CELLS), "activation": tuple(ACTIVATIONS)}.get(name)
        least, most = (0 if name == "n_x" else 1), LARGEST_DEPTH if name in ("layers", "window") else LARGEST_SIZE
        if value not in known if known else type(value) is not int or not least <= value <= most:
            raise ValueError(f"{name} cannot be {reprlib.repr(value)}")
    return model


def read_parameter(path: str | Path, arrays: Arrays, name: str, shape: tuple[int, ...]) -> Array:
    """One parameter, which must be there, float32, finite and of the shape that the model says."""
    found = arrays.get(name)
    if found is None or found.shape != shape or found.dtype != np.float32:
        what = "is missing" if found is None else f"is {found.dtype} {found.shape}"
        raise CheckpointError(path, f"its member {name!r} {what}, and its model needs float32 {shape}")
    if not np.isfinite(found).all():
        raise CheckpointError(path, f"its member {name!r} holds values that are not finite")
    return found


def read_table(arrays: Arrays, name: str, discounts: Any, n_y: int) -> NGram | None:
    """A table whose links stay inside it and lead to shorter contexts; None if there is none."""
    if discounts is None:
        return None
    counts = Counts(n_y, *(arrays[f"{name}.{part}"] for part in COUNTS))
    S, E = len(counts.suffix), len(counts.letter)
    first = counts.first
    ensure(f"the {name}'s arrays", counts, lambda c: all(getattr(c, part).dtype == np.int32 for part in COUNTS))
    ensure(f"the {name}'s sizes", first, lambda f: S > 0 and f.shape == (S + 1,) and f[0] == 0 and f[-1] == E)
    ensure(f"the {name}'s sizes", counts, lambda c: c.letter.shape == c.target.shape == c.count.shape == (E,))
    ensure(f"the {name}'s states", first, lambda f: bool((f[1:] > f[:-1]).all()))  # a difference could wrap around
    ensure(f"the {name}'s links", counts.suffix, lambda s: s.shape == (S,) and s.min() >= 0)
    ensure(f"the {name}'s links", counts.suffix, lambda s: bool((s[1:] < np.arange(1, S)).all()))
    ensure(f"the {name}'s links", counts.target, lambda t: t.min() >= 0 and t.max() < S)
    ensure(f"the {name}'s letters", counts.letter, lambda v: v.min() >= 0 and v.max() < n_y)
    ensure(f"the {name}'s letters", counts.keys, lambda k: bool((np.diff(k) > 0).all()))
    ensure(f"the {name}'s counts", counts.count, lambda c: c.min() >= 1)
    ensure(f"the {name}'s discounts", discounts, lambda d: len(d) == 3 and all_numbers(d))
    ensure(f"the {name}'s discounts", discounts, lambda d: all(0 < x < k for k, x in enumerate(d, 1)))
    table = NGram(counts, (discounts[0], discounts[1], discounts[2]))
    ensure(f"the {name}'s levels", table.levels, lambda levels: len(levels) <= MOST_LEVELS)
    # Each length's links lead to the length before, else smoothing would read what is not yet written.
    lengths = [(begin, counts.suffix[end:beyond], end) for (begin, end), (_, beyond) in pairwise(table.levels)]
    ensure(f"the {name}'s links", lengths, lambda parts: all(b <= s.min() and s.max() < e for b, s, e in parts))
    return table
