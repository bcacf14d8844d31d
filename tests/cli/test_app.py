"""The commands as processes: help, usage errors, locale, and what start-up imports."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.processes import ENVIRONMENT, TINY, bacterio, inside, only_error, write_names

from bacterio_cli import __version__

COMMANDS = ["train", "sample", "score", "trace", "gradcheck", "info", "corpus"]


def test_version(tmp_path: Path) -> None:
    """--version prints the name and version of the package."""
    assert bacterio("--version", cwd=tmp_path) == (0, f"bacterio {__version__}\n", "")


def test_help_lists_the_commands(tmp_path: Path) -> None:
    """--help goes to stdout with exit 0 and names every command."""
    result = bacterio("--help", cwd=tmp_path)
    listed = re.findall(r"^  (\w+)", result.stdout.partition("Commands:\n")[2].split("\n\n")[0], flags=re.MULTILINE)
    assert (result.code, result.stderr) == (0, "")
    assert listed == COMMANDS
    assert bacterio("--help", cwd=tmp_path, PYTHONOPTIMIZE="2") == result


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help_with_an_example(name: str, tmp_path: Path) -> None:
    """`bacterio COMMAND --help` goes to stdout, exit 0, and shows how it is called, with docstrings or without."""
    result = bacterio(name, "--help", cwd=tmp_path)
    assert (result.code, result.stderr) == (0, "")
    assert f"Example: bacterio {name}" in result.stdout
    assert bacterio(name, "--help", cwd=tmp_path, PYTHONOPTIMIZE="2") == result


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("--colour", "--colour"),
        ("dream", "dream"),
        ("train", "CORPUS"),
        ("train names.txt --colour", "--colour"),
        ("train names.txt --arch transformer", "transformer"),
        ("train names.txt --hidden 0", "--hidden"),
        ("train names.txt --hidden many", "--hidden"),
        ("train names.txt --dropout 1", "--dropout"),
        ("train - -", "'-'"),
        ("gradcheck --inject nonsense", "nonsense"),
        ("gradcheck --arch rnn -c m.npz", "--arch"),
        ("corpus", "FILE"),
        ("corpus names.txt --input-format excel", "excel"),
        ("score --format names Kora", "names"),
        ("score --profile town Kora", "town"),
    ],
)
def test_words_that_are_not_understood_are_exit_2(words: str, named: str, room: Path) -> None:
    """One line on stderr names the word, stdout stays empty, and nothing is written."""
    result = inside(*words.split(), cwd=room)
    assert named in only_error(result, 2)
    assert result.stdout == ""
    assert not (room / "bacterio.npz").exists()


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("smaple", "sample"),
        ("gradchek", "gradcheck"),
        ("sample --tmp 1", "--temp"),
        ("train names.txt --epoch 3", "--epochs"),
        ("train names.txt --arch lsmt", "lstm"),
        ("sample --format json", "jsonl"),
        ("gradcheck --inject tanh-twise", "did you mean tanh-twice?"),
    ],
)
def test_a_slip_of_the_finger_is_told_what_was_meant(words: str, meant: str, tmp_path: Path) -> None:
    """A command, an option or a value that there is not: stderr has the one that is most like it, and the help."""
    said = only_error(inside(*words.split(), cwd=tmp_path), 2)
    assert re.search(rf"(?<!\w){meant}(?!\w)", said)
    assert "tanh" in words or "--help')" in said


def test_without_a_command_there_is_help(tmp_path: Path) -> None:
    """On stderr, since nothing was asked for, exit 2."""
    result, helped = bacterio(cwd=tmp_path), bacterio("--help", cwd=tmp_path)
    assert result == (2, "", helped.stdout)


def test_sample_prints_names_alone(room: Path) -> None:
    """stdout has the names, one a line, and not the notice, which is on stderr."""
    result = bacterio("sample", "-c", "m.npz", "-n", 7, cwd=room)
    assert result.code == 0
    assert len(result.stdout.splitlines()) == 7
    assert all(line.isalpha() and line.istitle() for line in result.stdout.splitlines())
    assert result.stderr.startswith("bacterio: seed ")


def test_output_is_utf_8_whatever_the_locale(tmp_path: Path) -> None:
    """Names in Cyrillic come out as UTF-8 in the C locale."""
    write_names(tmp_path, ["Мос", "Том", "Омск", "Ком", "Сом", "Рим"])
    environment = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    assert bacterio("train", "names.txt", *TINY, "-q", "-o", "m.npz", cwd=tmp_path, **environment).code == 0
    result = bacterio("sample", "-c", "m.npz", "-n", 3, "--seed", 1, cwd=tmp_path, **environment)
    assert result.code == 0
    assert set("".join(result.stdout.split()).lower()) <= set("мостмкри")
    assert "vocabulary" in bacterio("info", "m.npz", cwd=tmp_path, **environment).stdout


@pytest.mark.parametrize(
    ("words", "kept_out"),
    [
        (["--help"], {"numpy", "rich", "matplotlib", "glob", "bacterio_cli.cli.train_session"}),
        (
            ["sample", "-n", "3", "--seed", "1"],
            {
                "rich",
                "matplotlib",
                "bacterio_cli.training.trainer",
                "bacterio_cli.dataset.cleaning",
                "bacterio_cli.cli.train_session",
            },
        ),
        (["score", "Abella"], {"rich", "matplotlib", "bacterio_cli.training.trainer"}),
        (["info", "--json"], {"rich", "matplotlib", "bacterio_cli.training.trainer"}),
    ],
)
def test_start_up_imports_only_what_it_uses(words: list[str], kept_out: set[str], tmp_path: Path) -> None:
    """--help does without numpy, and no command imports rich, matplotlib or the training before it needs them."""
    code = (
        "import sys, pathlib; sys.argv[0], before = 'bacterio', set(sys.modules)\n"  # from 3.13 on pathlib imports glob
        "from bacterio_cli.__main__ import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(*sorted(set(sys.modules) - before), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=tmp_path, env=os.environ | ENVIRONMENT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    loaded = set(done.stderr.split())
    assert "typer" in loaded
    assert not loaded & kept_out
