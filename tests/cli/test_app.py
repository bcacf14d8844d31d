"""The commands as processes: help, usage errors, locale, and what start-up imports."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.processes import ENVIRONMENT, bacterio, inside, only_error, write_names

from bacterio_cli import __version__

COMMANDS = ["train", "sample", "score", "trace", "gradcheck", "info", "corpus"]


def test_version(tmp_path: Path) -> None:
    """--version prints the name and version of the package."""
    assert bacterio("--version", cwd=tmp_path) == (0, f"bacterio {__version__}\n", "")


def test_help_lists_the_commands(tmp_path: Path) -> None:
    """--help goes to stdout with exit 0 and names every command, without docstrings too; unasked for it is exit 2."""
    result = inside("--help", cwd=tmp_path)
    listed = re.findall(r"^  (\w+)", result.stdout.partition("Commands:\n")[2].split("\n\n")[0], flags=re.MULTILINE)
    assert (result.code, result.stderr) == (0, "")
    assert listed == COMMANDS
    assert bacterio("--help", cwd=tmp_path, PYTHONOPTIMIZE="2") == result
    assert inside(cwd=tmp_path) == (2, "", result.stdout)


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help_with_an_example(name: str, tmp_path: Path) -> None:
    """`bacterio COMMAND --help` goes to stdout, exit 0, and shows how it is called."""
    result = inside(name, "--help", cwd=tmp_path)
    assert (result.code, result.stderr) == (0, "")
    assert f"Example: bacterio {name}" in result.stdout


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("--colour", "--colour"),
        ("smaple", "Did you mean 'sample'? (see 'bacterio --help')"),
        ("sample --tmp 1", "--temp"),
        ("train names.txt --epoch 3", "--epochs"),
        ("train names.txt --arch lsmt", "--arch is one of rnn, gru, lstm, mlp, not 'lsmt'"),
        ("train names.txt --preset moth", "--preset is one of default, fast, best, stream, seed, not moth"),
        ("gradcheck --inject tanh-twise", "did you mean tanh-twice? 'bacterio gradcheck --list-bugs' lists them"),
        ("gradcheck --inject carry", "did you mean no-carry? "),
        ("train", "CORPUS"),
        ("train names.txt --colour", "--colour"),
        ("train names.txt --hidden 0", "--hidden"),
        ("train names.txt --hidden many", "--hidden"),
        ("train names.txt --dropout 1", "--dropout"),
        ("gradcheck --inject typo", "--inject typo: no such mistake; 'bacterio gradcheck --list-bugs' lists them"),
        ("gradcheck --inject=", "--inject : no such mistake; 'bacterio gradcheck --list-bugs' lists them"),
        ("gradcheck --explain", "--explain goes with --inject BUG; 'bacterio gradcheck --list-bugs' lists them"),
        ("gradcheck --explain --inject no-carry --method central", "--explain has scales of its own"),
        ("gradcheck --explain --inject no-carry --tolerance 1e-3", "--explain has scales of its own"),
        ("gradcheck --explain --inject no-carry -c m.npz", "--explain has scales of its own"),
        ("sample -n 0", "-n"),
        ("sample --min-edits 3", "--min-edits"),
        ("sample --top-k 1.5", "--top-k"),
        ("sample --show --format tsv", "--show prints names in a form of its own"),
        ("gradcheck --arch rnn -c m.npz", "--arch"),
        ("sample --about=", "--about is empty; give letters or a word"),
        ("corpus", "FILE"),
        ("corpus names.txt --input-format excel", "excel"),
        ("score --avoid names.txt#1 --input-format tabel Kora", "'tabel' is not one of 'json', 'table'"),
        ("sample --avoid names.txt#1 --input-format tabel", "'tabel' is not one of 'json', 'table'"),
        ("-- score --format json Kora", "'jsonl'"),
        ("score --profile town Kora", "town"),
        ("score --column 2 Kora", "--input-format, --column and --encoding say how to read a list"),
        ("score --summary --etymology Kora", "--summary prints one row for all names, and --etymology"),
    ],
)
def test_words_that_are_not_understood_are_exit_2(words: str, named: str, room: Path) -> None:
    """One line on stderr names the word and what was meant, stdout stays empty, and nothing is written."""
    result = inside(*words.split(), cwd=room)
    assert named in only_error(result, 2)
    assert result.stdout == ""
    assert not (room / "bacterio.npz").exists()


def test_output_is_utf_8_whatever_the_locale(tmp_path: Path) -> None:
    """Names in Cyrillic come out as UTF-8 in the C locale."""
    write_names(tmp_path, ["Мос", "Том", "Омск"])
    environment = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    result = bacterio("corpus", "names.txt", "--profile", "any", cwd=tmp_path, **environment)
    assert (result.code, result.stdout) == (0, "Мос\nТом\nОмск\n")


@pytest.mark.parametrize(
    ("words", "kept_out"),
    [
        ("--help", "numpy rich matplotlib glob bacterio_cli.cli.train_session"),
        ("sample -n 3 --seed 1", "pydantic rich bacterio_cli.training.trainer bacterio_cli.dataset.cleaning"),
        ("score Abella", "pydantic rich matplotlib bacterio_cli.training.trainer"),
        ("info --json", "pydantic rich matplotlib bacterio_cli.training.trainer"),
        ("tr<TAB>", "numpy rich tqdm"),
        ("train --<TAB>", "rich tqdm"),
        ("sample --ending <TAB>", "rich tqdm"),
        ("info <TAB>", "rich tqdm"),
    ],
)
def test_start_up_imports_only_what_it_uses(words: str, kept_out: str, tmp_path: Path) -> None:
    """Help and completion do without numpy, and no command imports rich or the training before it needs them."""
    code = (
        "import sys, pathlib; sys.argv[0], before = 'bacterio', set(sys.modules)\n"  # from 3.13 on pathlib imports glob
        "from bacterio_cli.__main__ import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(*sorted({name for name, module in sys.modules.items() if module} - before), file=sys.stderr)\n"
    )
    line, completing, _ = words.partition("<TAB>")
    asked = {"_BACTERIO_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": f"bacterio {line}"} if completing else {}
    done = subprocess.run(
        [sys.executable, "-c", code, *([] if completing else line.split())],
        cwd=tmp_path, env=os.environ | ENVIRONMENT | asked, capture_output=True, text=True, check=True,
    )  # fmt: skip
    loaded = set(done.stderr.split())
    assert "typer" in loaded
    assert not loaded & set(kept_out.split())
