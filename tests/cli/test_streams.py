"""The standard streams: full, closed and gone, and what a terminal gets of characters that it would obey."""

import json
import re
import sys
from pathlib import Path
from unicodedata import category
from unittest.mock import Mock

import pytest
from support.processes import NAMES, bacterio, inside, on_terminal, only_error, write_names

from bacterio_cli.cli import app
from bacterio_cli.cli.terminal import JOINERS, as_json, printable

FULL = "cannot write to standard output: No space left on device"
FORMAT = [chr(n) for n in range(sys.maxunicode + 1) if category(chr(n)) in ("Cc", "Cf")]


@pytest.mark.parametrize("words", ["--help", "--version", "score --help", "info m.npz", "gradcheck --list-bugs"])
def test_a_full_stdout_is_one_line(words: str, room: Path) -> None:
    """Exit 1, whether Typer prints or the command; without stderr too."""
    assert only_error(bacterio(*words.split(), cwd=room, shell='exec "$@" >/dev/full')) == FULL
    assert bacterio(*words.split(), cwd=room, shell='exec "$@" >/dev/full 2>/dev/full') == (1, "", "")


@pytest.mark.parametrize(
    "words", ["sample -c m.npz --seed 1 -n 1000000 --format jsonl", "score -c m.npz --avoid many.txt"]
)
def test_a_reader_that_has_gone_ends_the_rows_quietly(words: str, room: Path) -> None:
    """`| head -1` of rows ends with exit 0, and without a word about it."""
    write_names(room, [name + k * "a" for name in NAMES for k in range(80)], "many.txt")
    line = '("$@" <many.txt; echo "code $?" >&2) | head -1'
    result = bacterio(*words.split(), cwd=room, shell=line)
    assert result.stdout.count("\n") == 1
    assert result.stderr.endswith("code 0\n")
    assert not any(word in result.stderr for word in ("error", "Traceback", "Exception"))


@pytest.mark.parametrize("stderr", ["2>/dev/full", "2>&-"])
@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("score -c m.npz Boria", 0),
        ("corpus names.txt", 0),
        ("sample -c m.npz -n 3 --seed 1 --report", 0),
        ("gradcheck --arch mlp", 0),
        ("train names.txt --arch rnn --hidden 2 --epochs 1 -o new.npz", 0),
        ("dream", 2),
    ],
)
def test_a_full_stderr_stops_nothing(words: str, code: int, stderr: str, room: Path) -> None:
    """Results and exit code are those of a run whose notices can be read."""
    result = bacterio(*words.split(), cwd=room, shell=f'exec "$@" {stderr}')
    assert (result.code, result.stderr) == (code, "")
    assert result.stdout == inside(*words.split(), cwd=room).stdout


@pytest.mark.parametrize("words", ["train {}/names.txt --arch rnn --hidden 2 --epochs 1", "corpus names.txt"])
def test_a_working_directory_that_is_gone_is_named(words: str, room: Path) -> None:
    """It is no matter of standard output."""
    words = words.format(room)
    result = bacterio(*words.split(), cwd=room, shell='mkdir gone; cd gone; rmdir ../gone; exec "$@"')
    assert "standard output" not in only_error(result)
    assert ("working directory" in result.stderr) == words.startswith("train")


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (PermissionError(13, "Permission denied", "a/b.npz"), "cannot use a/b.npz: Permission denied"),
        (OSError(11, "Resource temporarily unavailable"), "Resource temporarily unavailable"),
    ],
)
def test_what_the_system_refuses_is_said_with_the_file(
    failure: OSError, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Of a folder that may not be read, and of what has no name."""
    monkeypatch.setattr(app, "application", Mock(side_effect=failure))
    assert only_error(inside("info", cwd=tmp_path)) == said


def test_characters_that_a_terminal_obeys_are_escaped() -> None:
    """All control and format characters, in text and in JSON, where they can be read back."""
    assert len(FORMAT) > 200
    for character in FORMAT:
        assert printable(f"a{character}b").isascii()
        assert as_json(character)[:-1].isascii()
        assert json.loads(as_json(character)) == character
    assert printable(JOINERS, keep=JOINERS) == JOINERS
    assert printable("カ\u3000メ é") == "カ\u3000メ é"


def test_names_of_files_and_of_genera_are_escaped(tmp_path: Path) -> None:
    """In an error line, in a table, and in a list on a terminal; a pipe gets the letters, joiners everywhere."""
    told = only_error(inside("corpus", "a\u200f\u200e\u061cb\n\x1b[31m", cwd=tmp_path))
    assert told.startswith(r"cannot read a\u200f\u200e\u061cb\n\x1b[31m: ")
    joined = "می\u200cخ"
    write_names(tmp_path, [*NAMES, "fu\u2061nc", joined])
    table = inside("score", "fu\u2061nc", "--format", "table", cwd=tmp_path).stdout
    assert ("\u2061" in table, r"fu\u2061nc" in table) == (False, True)
    words = ("corpus", "names.txt", "-q", "--profile", "any")
    assert on_terminal(*words, cwd=tmp_path)[1].splitlines()[-2:] == [r"fu\u2061nc", joined]
    assert inside(*words, cwd=tmp_path).stdout.splitlines()[-2:] == ["fu\u2061nc", joined]
    assert joined in inside("score", joined, "--format", "tsv", cwd=tmp_path).stdout


def test_placeholders_are_escaped(room: Path) -> None:
    """On a terminal, with the tab that stands before the name; a pipe gets the letters."""
    write_names(room, ["fu\u2061nc"], "places.txt")
    words = ("sample", "-c", "m.npz", "--seed", 1, "--for", "places.txt")
    (name,) = re.findall("^fu\u2061nc\t(\\w+)\n$", inside(*words, cwd=room).stdout)
    assert re.search(rf"^fu\\u2061nc\s+{name}$", on_terminal(*words, cwd=room)[1].replace("\r", ""), flags=re.M)
