"""What holds of the nets, words and tables of every checkpoint; a table from a file is followed link by link.

Raises ContentsError with what is wrong, in words to stand behind the name of the file; of a part that is missing or of
another type whatever Python raises, which `checkpoint.load` catches.
"""

import math
import reprlib
from dataclasses import asdict
from typing import Any

import numpy as np

from bacterio_cli import checkpoint as limits
from bacterio_cli.checkpoint.archive import Arrays, require
from bacterio_cli.dataset import PROFILES
from bacterio_cli.lm.base import Net
from bacterio_cli.lm.kneser_ney import NGram
from bacterio_cli.nn.layers import ACTIVATIONS
from bacterio_cli.nn.models import CELLS, Model, shapes

COUNTS = ("suffix", "first", "letter", "target", "count")
FIGURES = ("step", "epoch", "net", "nats_per_char", "gradient_norm", "learning_rate")  # of each row of the history
HELD_OUT_FIGURES = ("valid_nats_per_char", "valid_bits_per_char")  # which may be missing


def is_number(value: Any) -> bool:
    """Whether this is a number within the limits, and neither NaN nor True or False."""
    return type(value) in (int, float) and abs(value) <= limits.LARGEST_NUMBER


def check_words(
    facts: dict[str, Any], training: dict[str, Any], progress: dict[str, Any], history: list[dict[str, Any]]
) -> None:
    """A number, a short text or nothing under each name: nothing that is nested, long or cannot be written out."""
    for name, value in (item for group in (facts, training, progress, *history) for item in group.items()):
        short = all(len(text) <= limits.LONGEST_SETTING for text in (name, value) if isinstance(text, str))
        simple = value is None or isinstance(value, str | bool) or is_number(value)
        require(short and simple, f"holds {reprlib.repr(value)} where a number or a short text is expected")
    sound = isinstance(facts["digest"], str) and isinstance(facts["date"], str | None) and facts["profile"] in PROFILES
    require(sound, "the facts about the corpus are not those of a list")
    for row in history:
        sound = all(is_number(row[key]) for key in FIGURES) and isinstance(row["stage"], str)
        sound = sound and all(row[key] is None or is_number(row[key]) for key in HELD_OUT_FIGURES)
        require(sound, f"a row of the history is {reprlib.repr(row)}, as no training writes it")


def check_model(model: Model, nets: int) -> None:
    """A model that can exist, so many times, within the number of parameters that a checkpoint holds."""
    for name, value in asdict(model).items():
        known = {"cell": tuple(CELLS), "activation": tuple(ACTIVATIONS)}.get(name)
        most = limits.LARGEST_DEPTH if name in ("layers", "window") else limits.MOST_PARAMETERS
        least = 0 if name == "n_x" else 1
        possible = value in known if known else type(value) is int and least <= value <= most
        require(possible, f"{name} cannot be {reprlib.repr(value)}")
    require(type(nets) is int and 1 <= nets <= limits.MOST_NETS, f"the number of nets cannot be {reprlib.repr(nets)}")
    found = nets * sum(math.prod(shape) for shape in shapes(model).values())
    say = f"{found:,} parameters are more than the {limits.MOST_PARAMETERS:,} that a checkpoint holds"
    require(found <= limits.MOST_PARAMETERS, f"{say}; choose a smaller --hidden, --embedding, --layers or --nets")


def check_nets(nets: tuple[Net, ...]) -> None:
    """Parameters and first state of each net: float32, finite and of the shapes that the model says."""
    begins = nets[0].model.start(1, np.float32) if nets[0].initial_state else ()
    wanted = shapes(nets[0].model) | {f"first{j}": s.shape for j, s in enumerate(begins)}
    for k, net in enumerate(nets):
        found = net.params | {f"first{j}": s for j, s in enumerate(net.initial_state)}
        require(found.keys() == wanted.keys(), f"net {k + 1} has not all the arrays of its model")
        for name, value in found.items():
            sound = value.shape == wanted[name] and value.dtype == np.float32 and np.isfinite(value).all()
            needs = f"and its model needs finite float32 {wanted[name]}"
            require(sound, f"its member {net_key(k, name)!r} is {value.dtype} {value.shape}, {needs}")


def net_key(k: int, name: str) -> str:
    """The member that holds a parameter of net k; the first net's have the names of the formulas."""
    return f"net{k}.{name}" if k else name


def read_table(arrays: Arrays, name: str, discounts: Any, n_y: int) -> NGram | None:
    """An n-gram table whose suffix links stay inside it and lead to shorter contexts; None if there is none."""
    if discounts is None:
        return None
    table = NGram(n_y, tuple(discounts), *(arrays[f"{name}.{part}"] for part in COUNTS))
    S, E = len(table.suffix), len(table.letter)
    bounds = {"suffix": (S, 0, S), "first": (S + 1, 0, E + 1), "letter": (E, 0, n_y), "target": (E, 0, S)}
    for part, (size, low, end) in (bounds | {"count": (E, 1, 2**31)}).items():
        values = getattr(table, part)
        row = size and values.shape == (size,) and values.dtype == np.int32
        possible = row and low <= values.min() and values.max() < end
        require(possible, f"its member '{name}.{part}' holds what no table has")
    first = table.first
    spans = first[0] == 0 and first[-1] == E and (first[1:] > first[:-1]).all()
    require(spans and (np.diff(table.keys) > 0).all(), f"the {name}'s pairs are not sorted by state and letter")
    three = len(discounts) == 3 and all(is_number(x) and 0 < x < k for k, x in enumerate(discounts, 1))
    require(three, f"the {name}'s discounts are not three numbers below 1, 2 and 3")
    context, length, most = np.arange(S), np.zeros(S, int), limits.MOST_LEVELS - 1
    for _ in range(most):
        length += context > 0
        context = table.suffix[context]
    ordered = not context.any() and (np.diff(length) >= 0).all()  # as they are counted
    require(ordered, f"the {name}'s contexts are not ordered by their length, {most} letters at most")
    return table
