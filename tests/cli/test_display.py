"""The live display of training: what a terminal shows, how it leaves it, and that nobody else gets any of it."""

from __future__ import annotations

import io
import math
import re
from pathlib import Path

import pytest
from rich.cells import cell_len
from support.processes import TINY, bacterio, begin, on_terminal, write_names

from bacterio_cli.checkpoint.checkpoint import load
from bacterio_cli.cli import display
from bacterio_cli.cli.display import BLANK, Display, curve
from bacterio_cli.inference import sampler as sampling
from bacterio_cli.training import trainer as training

HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"
COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:3|4|9|10)\d[;m]")
LONG = (*TINY[:-2], "--epochs", "5000", "--batch-size", "8")  # far from its end when it is interrupted


class Screen:
    """What a terminal makes of the display's text; a line too long for it fails, and a code that it does not know."""

    def __init__(self, columns: int) -> None:
        self.columns, self.lines, self.row, self.highest = columns, [""], 0, 0

    def feed(self, text: str) -> list[str]:
        """The lines that stand there in the end, blanks at their ends aside."""
        for token in re.findall(r"\x1b\[[?\d;]*[a-zA-Z]|\x1b|[\r\n]|[^\x1b\r\n]+", text):
            self.take(token)
        return [line.rstrip() for line in self.lines]

    def take(self, token: str) -> None:
        """One code, or a run of letters."""
        if token == "\n":
            self.row += 1
            if self.row == len(self.lines):
                self.lines.append("")
        elif token.endswith("A") and token[0] == "\x1b":
            self.highest = max(self.highest, int(token[2:-1]))
            self.row -= int(token[2:-1])
            assert self.row >= 0
        elif token == "\x1b[K":
            self.lines[self.row] = self.lines[self.row][: self.column]
        elif token == "\x1b[J":
            self.lines[self.row :] = [self.lines[self.row][: self.column]]
        elif token == "\r" or token[0] != "\x1b":
            self.put(token)
        else:
            assert token in (HIDE, SHOW) or token.endswith("m"), repr(token)

    column = 0

    def put(self, token: str) -> None:
        """Letters over those that stand there; \\r goes back to the first."""
        if token == "\r":
            self.column = 0
            return
        line = self.lines[self.row]
        self.lines[self.row] = line[: self.column] + token + line[self.column + len(token) :]
        self.column += len(token)
        assert cell_len(self.lines[self.row][: self.column]) <= self.columns or token.startswith("bacterio: "), token


def test_a_curve_falls_from_its_highest_to_its_lowest_value() -> None:
    """A falling straight line is a diagonal of braille dots: (0, 0), (1, 1), (2, 2), (3, 3)."""
    assert curve([2.5, 0.5], 2, 1, total=2) == ["⠑⢄"]
    assert curve([0.5, 2.5], 2, 1, total=2) == ["⡠⠊"]


def test_a_curve_stands_at_its_place_in_the_course() -> None:
    """Two of five values reach a quarter of the way; the rest of the width is blank."""
    lines = curve([3.0, 1.0], 8, 2, total=5)
    assert [line.rstrip(BLANK) for line in lines] == ["⠱⡀", BLANK + "⠱⡀"]
    assert all(len(line) == 8 for line in lines)


def test_a_curve_needs_no_values_and_no_range() -> None:
    """Nothing is blank; one value, or many equal ones, lie on the lowest line."""
    assert curve([], 3, 2, total=4) == [BLANK * 3] * 2
    assert curve([2.0], 3, 2, total=4) == [BLANK * 3, "⡀" + BLANK * 2]
    assert curve([2.0] * 4, 3, 2, total=4) == [BLANK * 3, "⣀⣀⣀"]


def test_a_peak_is_not_lost_among_many_values() -> None:
    """One high value of a thousand reaches the top, where there are fewer columns than values."""
    values = [0.0] * 1000
    values[500] = 1.0
    top, *_, bottom = curve(values, 10, 4, total=1000)
    assert top.replace(BLANK, "") != ""
    assert BLANK not in bottom


@pytest.mark.parametrize(("columns", "panels"), [(80, 2), (50, 1)])
def test_a_terminal_sees_training_go_on(columns: int, panels: int, tmp_path: Path) -> None:
    """Phase, bar, bits, labelled curves and three names in one picture, at 80 and at 50 columns; then the report."""
    code, shown = on_terminal("train", write_names(tmp_path), *TINY, "-o", "m.npz", cwd=tmp_path, size=(24, columns))
    screen = Screen(columns)
    lines = screen.feed(shown)
    history = load(tmp_path / "m.npz").history
    valid = [row["valid_bits_per_char"] for row in history]
    assert code == 0
    assert screen.highest < 24
    at = lines.index("fit, epoch 2 of 2")
    assert re.fullmatch(r"━+  step 4/4 +in 0:0\d", lines[at + 1])
    assert re.fullmatch(r"bits per character +[\d,]+ characters a second", lines[at + 3])
    text = "\n".join(lines[at:])
    assert f"validation {valid[-1]:.3f}" in text
    assert f"training {history[-1]['nats_per_char'] / math.log(2):.3f}" in text
    assert re.search(rf"^ *{max(valid):.2f}│", text, flags=re.MULTILINE)
    assert re.search(rf"^ *{min(valid):.2f}│", text, flags=re.MULTILINE)
    assert text.count("└ epoch 1 ─") == panels
    names = re.search(r"^fit, epoch 2  (\S.*)\n {14}(\S.*)\n {14}(\S.*)\n\n", text, flags=re.MULTILINE)
    assert names, text
    assert all(cell_len(name) < columns - 14 for name in names.groups())
    assert text.count("bits per character") == 2  # once in the picture, which does not scroll, and once in the report
    assert text.endswith("bacterio: fitted on 36 names, 4 held out; saved to m.npz\n")


def test_the_refit_shows_what_there_is(tmp_path: Path) -> None:
    """In a refit the stage and the net are named, and the curve of validation ends where the fit did."""
    words = (*TINY, "--refit", "--nets", 2, "-o", "m.npz")
    code, shown = on_terminal("train", write_names(tmp_path), *words, cwd=tmp_path, size=(24, 80))
    lines = Screen(80).feed(shown)
    last = [row["valid_bits_per_char"] for row in load(tmp_path / "m.npz").history if row["net"] == 1][1]
    assert code == 0
    assert "refit, epoch 1 of 1, net 2 of 2" in lines
    assert any(line.startswith(f"validation {last:.3f} before the refit   ") for line in lines)


def test_without_held_out_names_training_has_the_curve(tmp_path: Path) -> None:
    """--valid-fraction 0 leaves no validation to show, and training the whole width."""
    words = ("train", write_names(tmp_path), *TINY, "--valid-fraction", 0, "-o", "m.npz")
    lines = Screen(80).feed(on_terminal(*words, cwd=tmp_path, size=(24, 80))[1])
    assert not any("validation" in line for line in lines)
    assert [line.startswith("training ") for line in lines].count(True) == 1
    assert max(map(len, lines[1:])) == 79


def test_a_resumed_run_shows_what_went_before(tmp_path: Path) -> None:
    """The range of the curve is that of all epochs, those before --resume included."""
    words = ("train", write_names(tmp_path), *TINY[:-2], "-o", "m.npz", "--resume")
    assert bacterio(*words, "--epochs", 3, cwd=tmp_path).code == 0
    text = "\n".join(Screen(80).feed(on_terminal(*words, "--epochs", 4, cwd=tmp_path, size=(24, 80))[1]))
    valid = [row["valid_bits_per_char"] for row in load(tmp_path / "m.npz").history]
    assert len(valid) == 4
    assert f"{max(valid):.2f}" != f"{max(valid[3:]):.2f}"
    assert re.search(rf"^ *{max(valid):.2f}│", text, flags=re.MULTILINE)


def test_a_low_window_goes_without_the_curve(tmp_path: Path) -> None:
    """In ten lines the picture stays within the window, figures and names in it."""
    code, shown = on_terminal("train", write_names(tmp_path), *TINY, "-o", "m.npz", cwd=tmp_path, size=(10, 50))
    screen = Screen(50)
    text = "\n".join(screen.feed(shown))
    assert code == 0
    assert screen.highest < 10
    assert "validation " in text
    assert "│" not in text


@pytest.mark.parametrize("kind", ["pipe", "dumb", "quiet"])
def test_nobody_else_gets_a_display(kind: str, tmp_path: Path) -> None:
    """In a pipe and on a dumb terminal notices and report without an escape code; under --quiet nothing at all."""
    words = ("train", write_names(tmp_path), *TINY, "-o", "m.npz")
    if kind == "quiet":
        assert on_terminal(*words, "-q", cwd=tmp_path) == (0, "")
        return
    if kind == "dumb":
        shown = on_terminal(*words, cwd=tmp_path, TERM="dumb")[1].replace("\r\n", "\n")
    else:
        shown = bacterio(*words, cwd=tmp_path, TERM="xterm-256color").stderr
    assert not set("\r\x1b") & set(shown)
    assert "step" not in shown
    assert shown.startswith("bacterio: 40 names")
    assert shown.endswith("saved to m.npz\n")


def test_colours_can_be_refused(tmp_path: Path) -> None:
    """The display is coloured, and with NO_COLOR it is the same without."""
    words = ("train", write_names(tmp_path), *TINY, "-o", "m.npz")
    assert COLOUR.search(on_terminal(*words, cwd=tmp_path)[1])
    plain = on_terminal(*words, cwd=tmp_path, NO_COLOR="1")[1]
    assert not COLOUR.search(plain)
    assert "fit, epoch 2 of 2" in Screen(120).feed(plain)


def test_an_interruption_leaves_a_clean_line_and_a_cursor(tmp_path: Path) -> None:
    """Ctrl-C: the last state, then the notice on a line of its own without ^C, exit 130, the cursor shown."""
    words = ("train", write_names(tmp_path), *LONG, "-o", "m.npz")
    code, shown = on_terminal(*words, cwd=tmp_path, size=(24, 80), keys=(SHOW, b"\x03"))
    lines = Screen(80).feed(shown)
    assert code == 130
    assert "^C" in shown
    assert "^C" not in "\n".join(lines)
    assert re.fullmatch(r"bacterio: interrupted at step [\d,]+; saved to m.npz, go on with --resume", lines[-2])
    assert lines[-3] == lines[-1] == ""
    assert any(re.fullmatch(r"━*─+  step +[\d,]+/25,000 +in 0:0\d", line) for line in lines)
    assert shown.rindex(SHOW) > shown.rindex(HIDE)


def test_an_error_leaves_a_clean_line_and_a_cursor(tmp_path: Path) -> None:
    """A run that diverges: the picture stays, the error is the last line, the cursor is shown."""
    wild = ("--optimizer", "sgd", "--lr", "1e10", "--clip", 0, "--warmup", 2, "--arch", "rnn", "--activation", "relu")
    words = ("train", write_names(tmp_path), *TINY, "--batch-size", 8, *wild, "-o", "m.npz")
    code, shown = on_terminal(*words, cwd=tmp_path, size=(24, 80))
    lines = Screen(80).feed(shown)
    assert code == 1
    assert "fit, epoch 1 of 2" in lines
    assert re.match(r"bacterio: error: .* is not finite at step ", lines[-2])
    assert shown.rindex(SHOW) > shown.rindex(HIDE)


class Terminal(io.StringIO):
    """A terminal in memory."""

    def isatty(self) -> bool:
        return True

    @property
    def shown(self) -> str:
        """What was written, with the \\r that a terminal's driver puts before each \\n."""
        return self.getvalue().replace("\n", "\r\n")


def watch(monkeypatch: pytest.MonkeyPatch, columns: int = 80) -> Terminal:
    """stderr as such a terminal, to be drawn on at each step."""
    stream = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(display.sys, "stderr", stream)
    monkeypatch.setattr(display, "screen", lambda: (columns, 24))
    monkeypatch.setattr(display, "INTERVAL", 0)
    monkeypatch.setattr(display, "SHARE", math.inf)
    return stream


def test_frames_are_few_however_fast_the_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """At 50 steps a second a frame is drawn every tenth step: five a second."""
    terminal, now = watch(monkeypatch), 100.0
    monkeypatch.setattr(display, "INTERVAL", 0.2)
    monkeypatch.setattr(display.time, "monotonic", lambda: now)
    run, frames = begin(epochs=20), []
    with Display(run, quiet=False) as live:
        for progress in training.train(run):
            before = terminal.tell()
            live.show(progress)
            frames.append(terminal.tell() > before)
            now += 0.0201
    assert [k for k, drawn in enumerate(frames) if drawn] == list(range(0, len(frames), 10))


def test_slow_drawing_is_done_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A frame that takes a second is followed by at least nineteen of training."""
    watch(monkeypatch)
    monkeypatch.setattr(display, "SHARE", 0.05)
    now = 100.0
    monkeypatch.setattr(display.time, "monotonic", lambda: now)

    def slow() -> tuple[int, int]:
        nonlocal now
        now += 1
        return 80, 24

    monkeypatch.setattr(display, "screen", slow)
    run, frames = begin(epochs=12), []
    with Display(run, quiet=False) as live:
        for progress in training.train(run):
            before = now
            live.show(progress)
            frames.append(now > before)
            now += 1.001
    assert [k for k, drawn in enumerate(frames) if drawn] == [0, 20, 40]


def test_a_narrower_window_is_drawn_over_as_it_wraps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines of up to 79 columns stand in two lines of 50 each: the next frame goes up by as many."""
    terminal = watch(monkeypatch)
    run = begin(epochs=2)
    with Display(run, quiet=False) as live:
        steps = training.train(run)
        live.show(next(steps))
        wrapped = sum(max(1, math.ceil(cell_len(line) / 50)) for line in Screen(80).feed(terminal.shown)[:-1])
        monkeypatch.setattr(display, "screen", lambda: (50, 24))
        before = terminal.tell()
        live.show(next(steps))
        assert terminal.getvalue()[before:].startswith(f"{HIDE}\r\x1b[{wrapped}A")
        assert wrapped > len(live.lengths)


def test_nothing_is_left_of_a_longer_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a window made lower the frame loses its curves, and what stood below them is gone."""
    terminal = watch(monkeypatch)
    with Display(begin(epochs=2), quiet=False) as live:
        steps = training.train(live.run)
        live.show(next(steps))
        assert "│" in terminal.shown
        monkeypatch.setattr(display, "screen", lambda: (80, 10))
        live.show(next(steps))
        assert len(Screen(80).feed(terminal.shown)) == 10


@pytest.mark.parametrize(("columns", "lines"), [(3, 24), (7, 24), (80, 2)])
def test_a_tiny_window_does_not_stop_the_run(columns: int, lines: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is hardly any room the frame has what fits, and the run comes to its end."""
    terminal = watch(monkeypatch)
    monkeypatch.setattr(display, "screen", lambda: (columns, lines))
    run = begin(epochs=1)
    with Display(run, quiet=False) as live:
        for progress in training.train(run):
            live.show(progress)
    assert run.done
    screen = Screen(columns)
    assert screen.feed(terminal.shown)[0].startswith("fit, epoch 1 of 1"[: columns - 2])
    assert screen.highest < lines


def test_hostile_and_wide_names_stay_in_their_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Control characters are shown as escapes, and a name too wide for the window ends with an ellipsis."""
    terminal = watch(monkeypatch, 50)
    invented = ["\x1b[2J\n\u202eAbella", "カタカナ" * 10, "b" * 90]
    monkeypatch.setattr(sampling, "sample", lambda *_, **__: iter(invented))
    run = begin(epochs=1)
    with Display(run, quiet=False) as live:
        for progress in training.train(run):
            live.show(progress)
    *_, hostile, wide, long, _, _ = Screen(50).feed(terminal.shown)
    assert hostile == "fit, epoch 1  \\x1b[2J\\x0a\\x202eAbella"
    assert wide == " " * 14 + ("カタカナ" * 10)[:17] + "…"
    assert long == " " * 14 + "b" * 34 + "…"


def test_a_terminal_that_has_gone_does_not_stop_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a write that fails nothing more is drawn, and the run comes to its end."""
    terminal, writes = watch(monkeypatch), []

    def gone(text: str) -> int:
        writes.append(text)
        raise OSError

    monkeypatch.setattr(terminal, "write", gone)
    run = begin(epochs=2)
    with Display(run, quiet=False) as live:
        for progress in training.train(run):
            live.show(progress)
    assert run.done
    assert len(writes) == 1


def test_a_terminal_without_a_size_has_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system says 0 × 0, or nothing, 80 × 24 is taken; else what it says."""
    monkeypatch.setattr(display.sys, "stderr", Terminal())  # has no file number
    assert display.screen() == (80, 24)
    monkeypatch.setattr(Terminal, "fileno", lambda _: 2)
    for said, taken in [((0, 0), (80, 24)), ((132, 43), (132, 43))]:
        monkeypatch.setattr(display.os, "get_terminal_size", lambda _, said=said: said)
        assert display.screen() == taken


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (59.6, "1:00"), (754, "12:34"), (3600 + 62, "1:01:02")])
def test_durations_are_read_as_clocks_are(seconds: float, text: str) -> None:
    """Minutes and seconds, hours before them from an hour on."""
    assert display.duration(seconds) == text


def test_an_epoch_done_again_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a refit that a longer fit made void, the curve has the fit, then as much of the new refit as is done."""
    watch(monkeypatch)
    run = begin(epochs=3, refit=True)
    steps = training.train(run)
    with Display(run, quiet=False) as live:
        for progress in steps:
            live.show(progress)
            if live.stage.kind == "refit":
                break
        row = run.history[0]
        again = [{**row, "step": 90 + k, "stage": "refit", "epoch": k, "net": 0} for k in (1, 2)]
        run.history[:] = [row, *again, {**row, "epoch": 2}, {**row, "net": 1, "step": 7}, {**again[0], "step": 99}]
        seen = [(found["stage"], found["epoch"], found["step"]) for found in live.rows()]
        assert seen == [("fit", 1, row["step"]), ("fit", 2, row["step"]), ("refit", 1, 99)]


def test_a_picture_changes_no_run(tmp_path: Path) -> None:
    """Weights from which no name can be drawn end a run as without the display: the same error, the same checkpoint."""
    words = (
        "train", write_names(tmp_path), "--epochs", 3, "--hidden", 4, "--arch", "rnn", "--activation", "relu",
        "--valid-fraction", 0, "--lr", "1e15", "-o",
    )  # fmt: skip
    plain = bacterio(*words, "plain.npz", cwd=tmp_path)
    code, shown = on_terminal(*words, "seen.npz", cwd=tmp_path, size=(24, 200))
    assert code == plain.code == 1
    assert "is not finite at step" in plain.stderr
    assert plain.stderr.splitlines()[-1] in shown.replace("\r", "")
    assert (tmp_path / "seen.npz").read_bytes() == (tmp_path / "plain.npz").read_bytes()
