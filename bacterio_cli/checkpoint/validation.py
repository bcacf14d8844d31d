"""The parts of a checkpoint, each checked before anything is built from it: files lie.

Each function takes what stands in the file and returns what the program works with. Raises ValueError, with what is
wrong, or CheckpointError where a member is to blame.
"""

from __future__ import annotations

import reprlib
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
MOST_NETS = 16
LARGEST_NUMBER = 2**1000  # integers in JSON have no end; above 2**1024 no float holds them
LONGEST_SETTING = 200  # characters
TABLES = ("table", "background")
COUNTS = ("suffix", "first", "letter", "target", "count")


def require(holds: object, otherwise: str) -> None:
    """ValueError, with this message, unless it holds."""
    if not holds:
        raise ValueError(otherwise)


def is_number(value: Any) -> bool:
    """Whether this is a number that a float can hold, and neither NaN nor True or False."""
    return type(value) in (int, float) and abs(value) < LARGEST_NUMBER


def read_settings(what: str, stored: dict[str, Any]) -> dict[str, Any]:
    """Names with a number, a short text or nothing each; nothing that is nested, long or cannot be written out."""
    for name, value in stored.items():
        texts = [text for text in (name, value) if isinstance(text, str)]
        short = max(map(len, texts)) <= LONGEST_SETTING
        require(short, f"{what} hold a text of more than {LONGEST_SETTING} characters")
        simple = value is None or isinstance(value, str | bool) or is_number(value)
        require(simple, f"{what} hold {reprlib.repr(value)}, which is no number and no text")
    return dict(stored)


def read_vocabulary(stored: dict[str, Any], n_y: int) -> Vocabulary:
    """Sorted, distinct, printable letters, as many as the model reads; JSON could hold half of a surrogate pair."""
    letters = stored["letters"]
    require(isinstance(letters, str), "the vocabulary is no text")
    require(list(letters) == sorted(set(letters)), "the letters of the vocabulary are not sorted and distinct")
    require(len(letters) + 1 == n_y, f"the vocabulary has {len(letters)} letters, and the model reads {n_y - 1}")
    printable = not UNPRINTABLE.search(letters) and not any("\ud800" <= letter <= "\udfff" for letter in letters)
    require(printable, "the vocabulary has letters that cannot be printed")
    return Vocabulary(letters, bool(stored["capitalised"]))


def read_corpus_facts(stored: dict[str, Any], known: tuple[str, ...]) -> dict[str, Any]:
    """What is known of the corpus, in agreement with the names that the file holds."""
    facts = {key: stored[key] for key in ("digest", "names", "characters", "date", "longest")}
    facts["profile"] = stored.get("profile", "any")
    require(facts["profile"] in PROFILES, f"there is no profile {reprlib.repr(facts['profile'])}")
    require(type(facts["names"]) is int and len(known) == facts["names"], "the known names are not as many as it says")
    require(not UNPRINTABLE.search(" ".join(known)), "the known names have characters that cannot be printed")
    longest = facts["longest"]
    require(type(longest) is int and 1 <= longest <= 2 * LONGEST_LINE, "the length of the longest name is impossible")
    require(type(facts["characters"]) is int, "the number of characters in the corpus is no integer")
    texts = isinstance(facts["digest"], str) and (facts["date"] is None or isinstance(facts["date"], str))
    require(texts, "the digest or the date of the corpus is no text")
    return facts


def read_history(stored: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of numbers, the validation loss possibly missing."""
    rows = [dict(row) for row in stored]
    for row in rows:
        numbers = [row[key] for key in ("step", "epoch", "nats_per_char", "gradient_norm", "learning_rate")]
        numbers += [row[key] for key in ("valid_nats_per_char", "valid_bits_per_char") if row[key] is not None]
        require(all(map(is_number, numbers)), "the history holds a value that is no number")
        require(isinstance(row["stage"], str) and type(row["net"]) is int, "the history does not name stage and net")
    return rows


def read_model(sizes: dict[str, Any]) -> Model:
    """The frozen model that `asdict` described; ValueError if it cannot exist."""
    settings = dict(sizes)
    kinds: dict[str, type[Model]] = {"CharRNN": CharRNN, "WindowMLP": WindowMLP}
    model = kinds[settings.pop("class")](**settings)
    for name, value in vars(model).items():
        known = {"cell": tuple(CELLS), "activation": tuple(ACTIVATIONS)}.get(name)
        least, most = (0 if name == "n_x" else 1), LARGEST_DEPTH if name in ("layers", "window") else LARGEST_SIZE
        possible = value in known if known else type(value) is int and least <= value <= most
        require(possible, f"{name} cannot be {reprlib.repr(value)}")
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


def read_mixture(
    arrays: Arrays, stored: dict[str, Any], n_y: int
) -> tuple[int, list[NGram | None], tuple[float, float, float]]:
    """(number of nets, tables, weights) of a mixture; weights are of all nets together and of each table."""
    nets = stored["nets"]
    require(type(nets) is int and 1 <= nets <= MOST_NETS, f"the number of nets cannot be {reprlib.repr(nets)}")
    tables = [read_table(arrays, name, stored["discounts"][name], n_y) for name in TABLES]
    weights = [stored["weights"][part] for part in ("nets", *TABLES)]
    require(all(map(is_number, weights)), "the mixture weights are not all numbers")
    require(min(weights) >= 0, "a mixture weight is negative")
    require(abs(sum(weights) - 1) < 1e-3, "the mixture weights do not sum to 1")
    for name, table, weight in zip(TABLES, tables, weights[1:], strict=True):
        require(table is not None or weight == 0, f"the {name} has a weight, but is missing")
    return nets, tables, (weights[0], weights[1], weights[2])


def read_table(arrays: Arrays, name: str, discounts: Any, n_y: int) -> NGram | None:
    """An n-gram table whose suffix links stay inside it and lead to shorter contexts; None if there is none."""
    if discounts is None:
        return None
    counts = Counts(n_y, *(arrays[f"{name}.{part}"] for part in COUNTS))
    suffix, first, letter, target, count = (getattr(counts, part) for part in COUNTS)
    S, E = len(suffix), len(letter)
    require(all(a.dtype == np.int32 for a in (suffix, first, letter, target, count)), f"the {name} is not of integers")
    shapes = [a.shape for a in (suffix, first, letter, target, count)]
    require(S > 0 and shapes == [(S,), (S + 1,), *[(E,)] * 3], f"the {name}'s arrays do not fit each other")
    # Compared, not subtracted: a difference could wrap around.
    spans = first[0] == 0 and first[-1] == E and (first[1:] > first[:-1]).all()
    require(spans, f"the {name}'s states do not share out its pairs")
    shorter = suffix.min() >= 0 and (suffix[1:] < np.arange(1, S)).all()
    require(shorter, f"the {name}'s suffix links do not lead to shorter contexts")
    require(target.min() >= 0 and target.max() < S, f"the {name}'s targets lie outside it")
    require(letter.min() >= 0 and letter.max() < n_y, f"the {name} has letters outside the vocabulary")
    require((np.diff(counts.keys) > 0).all(), f"the {name}'s pairs are not sorted and distinct")
    require(count.min() >= 1, f"the {name} has a count below 1")
    require(len(discounts) == 3 and all(map(is_number, discounts)), f"the {name}'s discounts are not three numbers")
    require(all(0 < x < k for k, x in enumerate(discounts, 1)), f"the {name}'s discounts are out of range")
    table = NGram(counts, (discounts[0], discounts[1], discounts[2]))
    require(len(table.levels) <= MOST_LEVELS, f"the {name} has contexts of more than {MOST_LEVELS - 1} letters")
    # Each length's links lead to the length before, else smoothing would read what is not yet written.
    for (begin, end), (_, beyond) in pairwise(table.levels):
        links = suffix[end:beyond]
        shorter = begin <= links.min() and links.max() < end
        require(shorter, f"the {name}'s suffix links do not lead to contexts one letter shorter")
    return table


def read_held_out(arrays: Arrays) -> Array:
    """Bits per character of the held-out names: finite, not negative, ascending, float32; empty if there are none."""
    bits = arrays.get("held_out", np.empty(0, np.float32))
    require(bits.ndim == 1 and bits.dtype == np.float32, "the held-out likelihoods are no row of float32 numbers")
    require(np.isfinite(bits).all() and (bits >= 0).all(), "the held-out likelihoods are not all finite and positive")
    require((bits[1:] >= bits[:-1]).all(), "the held-out likelihoods are not in ascending order")
    return bits
