"""Tables on screens of any width, and the variables by which people ask for colours or for none."""

import io
import re
from pathlib import Path

import pytest
from rich.cells import cell_len
from support.processes import Screen, inside, on_terminal
from support.samples import GTDB, place

from bacterio_cli.cli.tables import curve, table
from bacterio_cli.cli.terminal import columns_of

COLUMNS = ("name", "better than", "", "why")
ROWS = [
    ("Nova Methano", "71 %", "pass", "f′ ⊙ δ is the slope"),
    ("ナエトル", "", "FAIL", "x" * 40),
    ("A", "5 %", "", ""),
]
ANSI = re.compile(r"\x1b\[[\d;]*m")


def shown(width: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lines of the table on a screen so wide, without colours."""
    monkeypatch.setenv("COLUMNS", str(width))
    screen = Screen()
    table(COLUMNS, ROWS, stream=screen, whole=("name",))
    return [line.rstrip() for line in ANSI.sub("", screen.getvalue()).splitlines()]


@pytest.mark.parametrize("width", [20, 24, 40, 43, 46, 50, 60, 80, 200])
def test_nothing_is_lost_on_any_width(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """No line is wider than the screen, and every letter of every cell is there."""
    lines = shown(width, monkeypatch)
    assert max(map(cell_len, lines)) <= width
    text = "".join("".join(lines).split())
    for row in ROWS:
        assert all(word in text for cell in row[:3] for word in cell.split())
    assert text.count("x") == 40
    assert all(word in text for word in ROWS[0][3].split())


def test_a_row_becomes_a_block_where_columns_have_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cell a line behind its heading, empty cells left out, an empty line between rows."""
    assert shown(42, monkeypatch)[1].split() == ["name", "than", "why"]  # a table yet, its heading in two lines
    assert shown(42, monkeypatch)[3].startswith("Nova Methano ")  # which is whole
    blocks = "\n".join(shown(34, monkeypatch)).split("\n\n")
    assert blocks[0].splitlines() == [
        "name         Nova Methano", "better than  71 %", "             pass", "why          f′ ⊙ δ is the slope",
    ]  # fmt: skip
    assert blocks[1].splitlines()[:2] == ["name         ナエトル", "             FAIL"]
    assert blocks[2].splitlines() == ["name         A", "better than  5 %"]


def test_a_column_that_lacks_little_gets_it_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """The long one gives way, not the short one."""
    monkeypatch.setenv("COLUMNS", "34")
    screen = Screen()
    table(("a", "b", "c"), [("a word " * 6, "two of it", "seven")], stream=screen)
    assert ANSI.sub("", screen.getvalue()).splitlines()[2] == "a word a word a   two of it  seven"


def test_numbers_stand_flush_right() -> None:
    """All digits of a whole number, six characters of another, and – for what is not known."""
    stream = io.StringIO()
    table(("a", "b", "c"), [("x", 1234, 0.5), ("yz", 7, None)], stream=stream)
    assert stream.getvalue().splitlines() == ["a       b       c", "x   1,234  0.5000", "yz      7       –"]


def test_a_curve_is_a_line_of_blocks() -> None:
    """From the highest block to the lowest; of many values 24, the first and the last among them; none for none."""
    assert curve([3.0, 2.5, 2.0]) == "█▅▁"
    assert curve([2.0]) == "▁"
    assert curve([]) == ""
    many = curve([float(100 - k) for k in range(100)])
    assert (len(many), many[0], many[-1]) == (24, "█", "▁")


@pytest.mark.parametrize(
    ("said", "columns"), [("50", 50), ("20", 20), ("1", 20), ("0", 80), ("-5", 80), ("abc", 80), ("9" * 20, 80)]
)
def test_columns_come_from_the_screen(said: str, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What COLUMNS says if it is a number of columns, 20 at least, else 80; of a file too."""
    monkeypatch.setenv("COLUMNS", said)
    assert (columns_of(io.StringIO()), columns_of(Screen())) == (columns, columns)


def test_rows_in_a_pipe_are_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """However wide they are, and whatever COLUMNS says."""
    monkeypatch.setenv("COLUMNS", "20")
    stream = io.StringIO()
    table(("name", "why"), [("Abella", "a word " * 50)], stream=stream)
    heading, row = (line.split() for line in stream.getvalue().splitlines())
    assert (heading, row) == (["name", "why"], ["Abella", *["a", "word"] * 50])


WORDY = (
    "score -c m.npz --format table --profile genus --etymology Borixis Boribactus", "corpus genera.tsv", "info m.npz",
    "trace -c m.npz Borixa --truncate 2", "trace -c m.npz Borixa", "gradcheck --list-bugs", "gradcheck --arch mlp",
    "gradcheck --arch mlp --inject slope-twice --explain", "corpus no/such/file-of-names.txt", "sample --help",
    "--help",
)  # fmt: skip


@pytest.mark.parametrize("words", WORDY)
def test_no_word_is_broken_at_50_columns(words: str, room: Path) -> None:
    """Tables, notices, errors and help on a dumb terminal: no line is wider, only words beyond 40 letters are cut."""
    place(room, GTDB, "genera.tsv")
    code, seen = on_terminal(*words.split(), cwd=room, size=(24, 50), TERM="dumb")
    plain, lines = inside(*words.split(), cwd=room), seen.splitlines()
    assert (code, "\x1b" in seen) == (plain.code, False)
    assert max(map(cell_len, lines)) <= 50
    there, whole = (set(re.findall(r"[^\W_]+", text)) for text in (" ".join(lines), plain.stdout + plain.stderr))
    assert [word for word in there - whole if word.isalnum() and not any(word in w for w in whole if len(w) > 40)] == []


@pytest.mark.parametrize(
    ("words", "coloured"),
    [
        ("score -c m.npz --profile genus Borixis Boribactus", ["\x1b\\[1;31mconflict", "\x1b\\[32mok"]),
        ("gradcheck --arch mlp --inject slope-twice", ["\x1b\\[1;31mFAIL", "\x1b\\[32mpass"]),
        ("gradcheck --arch mlp --inject tanh-twice --explain", ["\x1b\\[1;31m *unseen"]),
    ],
)
def test_a_terminal_gets_colours_unless_they_are_refused(words: str, coloured: list[str], room: Path) -> None:
    """Verdicts, also those of a lesson; not with NO_COLOR, which leaves the text, and not in a pipe."""
    _, shown = on_terminal(*words.split(), cwd=room)
    _, plain = on_terminal(*words.split(), cwd=room, NO_COLOR="1")
    assert all(re.search(piece, shown) for piece in coloured)
    assert all(re.search(piece.partition("m")[2], plain) for piece in coloured)
    assert not re.search(r"\x1b\[(1;)?3", plain)
    assert "\x1b" not in inside(*words.split(), cwd=room, TERM="xterm-256color").stdout


def test_colours_can_be_asked_for_in_a_pipe(room: Path) -> None:
    """FORCE_COLOR colours what goes to a pipe; a dumb terminal and NO_COLOR are stronger."""
    words = ("score", "-c", "m.npz", "--format", "table", "--profile", "genus", "Borixis")
    red = "\x1b[1;31mconflict"
    assert red in inside(*words, cwd=room, FORCE_COLOR="1", TERM="xterm").stdout
    assert red not in inside(*words, cwd=room, FORCE_COLOR="1", NO_COLOR="1", TERM="xterm").stdout
    assert "\x1b" not in inside(*words, cwd=room, FORCE_COLOR="1", TERM="dumb").stdout
    assert "\x1b" not in inside(*words, cwd=room, TERM="xterm").stdout


def test_usual_names_have_a_row_each_at_80_columns(tmp_path: Path) -> None:
    """With all that `score` says of them: no column is wider than it must be."""
    words = ("score", "Methanoscillum", "Novimonas", "Escherichia", "Жук")
    code, seen = on_terminal(*words, cwd=tmp_path, size=(24, 80), NO_COLOR="1")
    lines = ANSI.sub("", seen).splitlines()
    rows = [re.split(" {2,}", line.strip()) for line in lines if re.search(r"  (ok|conflict) *$", line)]
    assert (code, [(row[0], row[-1]) for row in rows]) == (
        0, [("Methanoscillum", "ok"), ("Novimonas", "ok"), ("Escherichia", "conflict"), ("Жук", "conflict")],
    )  # fmt: skip
    assert rows[1] == ["Novimonas", "1.58", "54", "Solimonas (2)", "f", "novi+monas", "ok"]
