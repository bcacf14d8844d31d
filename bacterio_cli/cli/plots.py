"""Pictures of plain data: the same bytes for the same data, and nothing is told apart by colour alone.

matplotlib, an optional extra, is imported inside functions: only --plot needs it.
"""

import logging
import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

from bacterio_cli.checkpoint.atomic_write import atomic_write, reserved
from bacterio_cli.cli import terminal
from bacterio_cli.errors import BacterioError, refuse
from bacterio_cli.inference.scorer import LN2

SIGNED: dict[str, dict[str, str | None]] = {  # what each format says of the program, without the time
    "png": {"Software": "bacterio"},
    "svg": {"Date": None, "Creator": "bacterio"},
    "pdf": {"CreationDate": None, "Creator": "bacterio", "Producer": None},
}
SIGNATURES = (b"tEXtSoftware\0bacterio", b"<dc:title>bacterio</dc:title>", b"/Creator (bacterio)")
PICTURES = ", ".join("." + form for form in SIGNED)
STYLE: dict[Any, Any] = {
    "font.family": ["sans-serif"], "font.sans-serif": ["DejaVu Sans"], "font.size": 9.0, "axes.titlesize": 9.0,
    "axes.spines.right": False, "axes.spines.top": False, "axes.formatter.useoffset": False,
    "hatch.linewidth": 0.6, "legend.edgecolor": "white", "legend.framealpha": 1.0,
    "svg.fonttype": "none",  # text stays text, in the font of whoever looks
    "svg.hashsalt": "bacterio",
    "text.parse_math": False,  # $ is the end of a name
}  # fmt: skip
EDGE: dict[str, Any] = {"edgecolor": "black", "linewidth": 0.6}  # of a bar
END = "/////"  # the hatching of an end, and of what was sampled
MOST_NAMES = 12  # in one picture


def ensure_drawable(path: Path) -> None:
    """Refuse, before any work, another suffix, a file that cannot be written or is not ours, a lack of matplotlib."""
    refuse((path.suffix.lower()[1:] not in SIGNED, f"--plot {path}: the name of a picture ends in {PICTURES}"))
    with reserved(path, objection=objection, option="--plot"):
        pass
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # its caches are not the user's business
    try:
        import matplotlib  # noqa: F401
    except (ImportError, ValueError) as error:  # a ValueError comes from MPLBACKEND or a matplotlibrc
        what = "--plot needs matplotlib, the extra 'plot'; install it with: pip install matplotlib"
        raise BacterioError(f"{what} ({error})") from error


def objection(path: Path) -> str:
    """Why a file should not be replaced by a new picture; "" if this program drew it."""
    drawn = path.read_bytes()
    return "" if any(ours in drawn for ours in SIGNATURES) else "it is not a picture of this program"


@contextmanager
def sheet(path: Path, height: float, title: str, *, width: float = 9.0) -> Iterator[Any]:
    """An empty figure of so many inches, in a style of its own, written to `path` when the block ends well."""
    import matplotlib
    from matplotlib.figure import Figure

    form = path.suffix.lower()[1:]
    # matplotlib warns of letters that its font lacks, and of numbers beyond all scales.
    with warnings.catch_warnings(action="ignore"), matplotlib.rc_context(matplotlib.rcParamsDefault | STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        figure.suptitle(terminal.printable(title))
        yield figure
        with atomic_write(path) as file:
            # A .png has 30,000 pixels from top to bottom at most: a larger picture is coarser.
            figure.savefig(file, format=form, metadata=SIGNED[form], dpi=min(150.0, 30_000 / height))


def letter_shown(letter: str) -> str:
    """One letter, a blank as a mark."""
    return "␣" if letter.isspace() else terminal.printable(letter)


def draw_model(
    path: Path, title: str, *, history: Sequence[dict[str, Any]], soft: bool,
    corpus: dict[str, float], sampled: dict[str, float], how: str,
) -> None:  # fmt: skip
    """Learning curve, gradient norm and learning rate, if there is a history; the letters, two bars for each, the most
    frequent of the corpus first. `soft`: the training loss was taken against soft targets; `how` names were sampled."""
    some = list(corpus)[:40]
    styles = ((-0.2, corpus, "the corpus", "0.55", ""), (0.2, sampled, how, "white", END))
    what = "letters" if len(some) == len(corpus) else f"the {len(some)} most frequent of {len(corpus):,} letters"
    with sheet(path, 9.0 if history else 3.0, title) as figure:
        panels = figure.subplot_mosaic("cc\nnr\nll" if history else "l")
        if history:
            draw_history(panels["c"], panels["n"], panels["r"], history, soft)
        axes = panels["l"]
        for aside, shares, label, face, hatch in styles:
            places, heights = [k + aside for k in range(len(some))], [100 * shares.get(letter, 0.0) for letter in some]
            axes.bar(places, heights, 0.4, label=label, facecolor=face, hatch=hatch, **EDGE)
        axes.set_xticks(range(len(some)), map(letter_shown, some))
        axes.tick_params(axis="x", length=0)
        axes.set(xlim=(-0.7, len(some) - 0.3), xlabel=what, ylabel="share of all letters (%)")
        axes.legend()


def draw_history(loss: Any, norm: Any, rate: Any, history: Sequence[dict[str, Any]], soft: bool) -> None:
    """The rows of the history over steps; where a phase of a net begins, it is named above the first panel."""
    curves = (
        (loss, "nats_per_char", LN2, "o--", "white"),
        (loss, "valid_nats_per_char", LN2, "s-", "black"),
        (norm, "gradient_norm", 1.0, ".-", "black"),
        (rate, "learning_rate", 1.0, ".-", "black"),
    )
    loss.set(xlabel="steps", ylabel="loss (bits per character)")
    norm.set(xlabel="steps", ylabel="gradient norm (before clipping)")
    rate.set(xlabel="steps", ylabel="learning rate (per step)")
    begin = 0.0
    for (kind, net), own in groupby(history, lambda row: (row["stage"], row["net"])):
        rows = list(own)
        steps = [float(row["step"]) for row in rows]
        for axes, key, unit, line, inside in curves:
            values = [math.nan if row[key] is None else row[key] / unit for row in rows]
            axes.plot(steps, values, line, color="black", linewidth=1, markersize=4, markerfacecolor=inside)
        for axes in (loss, norm, rate):
            axes.axvline(begin, color="0.5", linewidth=0.8, linestyle=":", zorder=0)
        name = terminal.printable(f"{kind} {net + 1}")
        loss.text(begin, 1.02, name, transform=loss.get_xaxis_transform(), rotation=30)
        begin = steps[-1]
    loss.legend(["training, an epoch's mean" + ", against soft targets" * soft, "validation, net alone"])


def draw_surprise(path: Path, title: str, names: Sequence[tuple[str, Sequence[float]]]) -> None:
    """A panel per name, a bar per letter and, hatched, its end: the surprise in bits, the greatest black and in figures."""
    longest = max(len(bits) for _, bits in names)
    highest = max(max(bits) for _, bits in names)
    above: dict[str, Any] = {"xytext": (0, 2), "textcoords": "offset points", "ha": "center", "fontsize": 8}
    with sheet(path, 1.0 + 1.4 * len(names), title) as figure:
        figure.supylabel("surprise, −log₂ P (bits)", fontsize=9)
        figure.supxlabel("letters, $ is the end; the most surprising one is black", fontsize=9)
        for axes, (name, bits) in zip(figure.subplots(len(names), 1, squeeze=False)[:, 0], names, strict=True):
            most = max(range(len(bits)), key=bits.__getitem__)
            bars = axes.bar(range(len(bits)), bits, 0.8, facecolor="0.75", **EDGE)
            bars[-1].set_hatch(END)
            bars[most].set_facecolor("black")
            axes.annotate(f"{bits[most]:.1f}", (most, bits[most]), **above)
            axes.set_xticks(range(len(bits)), [*map(letter_shown, name), "$"])
            axes.tick_params(axis="x", length=0)
            axes.set_title(terminal.printable(name), loc="left", fontweight="bold")
            axes.set_title(f"{sum(bits) / len(bits):.2f} bits per character", loc="right", fontsize=8)
            axes.set(xlim=(-1, longest), ylim=(0, 1.2 * highest or 1))
