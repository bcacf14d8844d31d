"""The progress bar: what a terminal sees of it, how it is left, and that nobody else gets any of it."""

import re
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.processes import TINY, Screen, inside, on_terminal, write_names

from bacterio_cli.checkpoint.checkpoint import load
from bacterio_cli.cli import progress
from bacterio_cli.cli.app import main

LONG = (*TINY[:-2], "--epochs", "5000", "--batch-size", "8")  # far from its end when it is interrupted


def left_on(columns: int, shown: str) -> list[str]:
    """The lines that stand on a terminal in the end; of codes the bar has \\r and \\n alone, a table colours too."""
    lines = []
    for line in re.sub(r"\x1b\[[\d;]*m", "", shown.replace("\r\n", "\n")).split("\n"):
        cells: list[str] = []
        for part in line.split("\r"):
            assert "\x1b" not in part
            cells[: len(part)] = part
            assert len(part) <= columns or part.startswith("bacterio: "), part
        lines.append("".join(cells).rstrip())
    return lines


def terminal(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """A terminal of 80 columns in memory, as stderr from now on."""
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    return screen


@pytest.mark.parametrize("columns", [80, 50])
def test_a_terminal_sees_one_bar_and_a_few_names(columns: int, tmp_path: Path) -> None:
    """Phase, epoch, time, the validation loss and, where there is room, the training loss and the speed, none of them
    cut off; above that names of the model, in whole words."""
    words = ("train", write_names(tmp_path).name, *TINY, "-o", "m.npz")
    code, shown = on_terminal(*words, cwd=tmp_path, size=(24, columns), NO_COLOR="1")
    (bar,) = [line for line in left_on(columns, shown.partition("on the names")[0]) if "fit 2/2" in line]
    row = load(tmp_path / "m.npz").history[-1]
    assert code == 0
    assert re.search(rf"valid {row['valid_bits_per_char']:.3f}(, train [\d.]+ bits)?(, [\d.]+k chars/s)? *$", bar)
    assert ("k chars/s" in bar) == (", train" in bar) == (columns == 80)
    assert re.match(r"fit 2/2\|█+\| 00:\d\d<00:00, ", bar)
    assert re.search(r"fit 1/2: [A-Z]\w*(,\s+[A-Z]\w*)* *\r\n", shown)
    assert " ".join(shown.split()).endswith("bacterio: fitted on 36 names, 4 held out; saved to m.npz")


def test_names_are_those_of_the_mixture(tmp_path: Path) -> None:
    """With the net at weight 0 the names come from the table, and none of them stands in the corpus."""
    words = ("train", write_names(tmp_path), *TINY[:-5], "--epochs", 1, "--mix", 0, "--no-refit", "-o", "m.npz")
    shown = on_terminal(*words, cwd=tmp_path)[1]
    names = re.search(r"fit 1/1: (\w+(?:, \w+)*)", shown)
    assert names, shown
    assert not set(names[1].split(", ")) & set((tmp_path / "names.txt").read_text().split())
    assert len(load(tmp_path / "m.npz").history) == 1


def test_nobody_else_gets_a_bar(tmp_path: Path) -> None:
    """In a pipe and on a dumb terminal notices and report without \\r or an escape code; under --quiet nothing."""
    words = ("train", write_names(tmp_path), *TINY, "-o", "m.npz")
    assert on_terminal(*words, "-q", cwd=tmp_path) == (0, "")
    dumb = on_terminal(*words, cwd=tmp_path, TERM="dumb")[1].replace("\r\n", "\n")
    for shown in (dumb, inside(*words, cwd=tmp_path, TERM="xterm-256color").stderr):
        assert not set("\r\x1b") & set(shown)
        assert "chars/s" not in shown
        assert "\nbacterio: 40 names, 19 letters" in shown
        assert shown.endswith("saved to m.npz\n")


def test_a_stream_that_is_no_terminal_needs_no_more_than_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a notebook, whose streams know neither isatty nor fileno, training says what it says in a pipe."""
    said: list[str] = []
    monkeypatch.setattr(sys, "stderr", SimpleNamespace(write=said.append, flush=lambda: None))
    monkeypatch.setattr(
        sys, "argv", ["bacterio", "train", str(write_names(tmp_path)), *TINY, "-o", str(tmp_path / "m")]
    )
    with pytest.raises(SystemExit, match="0"):
        main()
    assert "\r" not in "".join(said)
    assert said[1].startswith("bacterio: 40 names")


def test_an_interruption_leaves_a_clean_line(tmp_path: Path) -> None:
    """Ctrl-C: the last state, then the notice on a line of its own, exit 130."""
    words = ("train", write_names(tmp_path), *LONG, "-o", "m.npz")
    code, shown = on_terminal(*words, cwd=tmp_path, size=(24, 200), interrupt_at="chars/s")
    lines = left_on(200, shown)
    assert code == 130
    assert re.match(r"fit \d+/5000\|", lines[-3])
    assert re.fullmatch(r"bacterio: interrupted at step [\d,]+; saved to m.npz, go on with --resume", lines[-2])


def test_an_error_leaves_a_clean_line_and_the_same_file(tmp_path: Path) -> None:
    """Training that diverges ends as without a bar: the same error as the last line, the same checkpoint."""
    wild = ("--arch", "rnn", "--activation", "relu", "--valid-fraction", 0, "--lr", 700, "--weight-decay", 0)
    words = ("train", write_names(tmp_path), "--epochs", 5, "--warmup", 8, "--hidden", 4, *wild, "-o")
    plain = inside(*words, "plain.npz", cwd=tmp_path)
    code, shown = on_terminal(*words, "seen.npz", cwd=tmp_path, size=(24, 300))
    assert code == plain.code == 1
    assert "is not finite at step" in plain.stderr
    assert left_on(300, shown)[-2] == plain.stderr.splitlines()[-1]
    assert (tmp_path / "seen.npz").read_bytes() == (tmp_path / "plain.npz").read_bytes()


@pytest.mark.parametrize(("pause", "seen"), [(0.0, False), (0.3, True)])
def test_short_work_shows_nothing_and_long_work_a_bar(
    pause: float, seen: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bar with a delay is silent until it has passed; the line that is left says how long it took."""
    stream = terminal(monkeypatch)
    with progress.progress_bar("names", 2, delay=0.2) as bar:
        for _ in range(2):
            time.sleep(pause)
            bar.update()
    assert ("names|" in stream.getvalue()) == seen
    assert stream.getvalue().endswith("| 00:00<00:00\n") == seen


def test_ranking_shows_how_far_it_is(tmp_path: Path) -> None:
    """`sample --rank` counts the names of its pool, and prints the best of them below the bar."""
    words = ("sample", "-n", 3, "--rank", "--pool", 1200, "--seed", 1)
    code, shown = on_terminal(*words, cwd=tmp_path, size=(24, 80))
    lines = left_on(80, shown)
    at = next(k for k, line in enumerate(lines) if re.fullmatch(r"names\|█+\| 00:\d\d<00:00", line))
    assert code == 0
    assert [line.isalpha() for line in lines[at + 1 : at + 5]] == [True, True, True, False]


@pytest.mark.parametrize(
    "words", ["corpus names.txt", "score Abella --avoid names.txt", f"train names.txt {' '.join(TINY)} -o m.npz"]
)
def test_every_command_tells_how_far_it_has_read(words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each list the bytes done and all of them; in the end all."""
    told: list[tuple[object, ...]] = []
    size = write_names(tmp_path).stat().st_size
    monkeypatch.setattr(progress, "show", lambda _, *figures: told.append(figures))
    assert inside(*words.split(), cwd=tmp_path).code == 0
    assert told[-1] == ("reading names.txt", size, size, "")
