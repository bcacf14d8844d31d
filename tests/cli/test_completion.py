"""Completion as the shells ask for it: Typer's protocol for bash, zsh and fish, as a process."""

import re
from pathlib import Path

import pytest
from support.processes import bacterio, inside

from bacterio_cli.dataset.readers import FORMATS
from bacterio_cli.nomenclature.glossary import GENDERS
from bacterio_cli.training.config import CHOICES, PRESETS

SHELLS = ("bash", "zsh", "fish")


def asked(shell: str, line: str) -> dict[str, str]:
    """The variables by which this shell asks how the line goes on."""
    return {"_BACTERIO_COMPLETE": f"complete_{shell}"} | {
        "bash": {"COMP_WORDS": line.replace(" ", "\n"), "COMP_CWORD": str(line.count(" "))},
        "zsh": {"_TYPER_COMPLETE_ARGS": line},
        "fish": {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    }[shell]


def completed(shell: str, line: str, folder: Path) -> list[str]:
    """The words that the shell would offer."""
    found = inside(cwd=folder, **asked(shell, line)).stdout
    if shell == "zsh":
        return re.findall(r'^(?:_arguments .*\(\()?"([^"]*)"', found, flags=re.MULTILINE)
    return [row.partition("\t")[0] for row in found.splitlines() if row]


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("bacterio sc", ["score"]),
        ("bacterio sample --top", ["--top-k", "--top-p"]),
        ("bacterio train --arch ", [*CHOICES["arch"]]),
        ("bacterio train --schedule c", ["constant", "cosine"]),
        ("bacterio train --preset ", [*PRESETS]),
        ("bacterio sample --gender ", ["m", "f", "n"]),
        ("bacterio sample --ending ba", ["bacter", "bacillus", "bacterium"]),
        ("bacterio sample --ending ", [*GENDERS]),
        ("bacterio score --format t", ["table", "tsv"]),
        ("bacterio corpus --input-format ", [*FORMATS]),
    ],
)
def test_a_shell_is_told_how_a_line_goes_on(shell: str, line: str, words: list[str], tmp_path: Path) -> None:
    """Commands, options and the values of an option, those alone that begin as typed."""
    assert completed(shell, line, tmp_path) == words


@pytest.mark.parametrize(
    ("shell", "words"),
    [("bash", "info"), ("zsh", "sample -c"), ("fish", "score --checkpoint"), ("bash", "gradcheck -c")],
)
def test_checkpoints_are_those_of_the_folder(shell: str, words: str, tmp_path: Path) -> None:
    """Files that end in .npz, in the folder that is typed; where there is none, nothing, and the shell lists files.

    zsh evaluates the answer: names with anything but letters, digits and the like are left to the shell itself.
    """
    (tmp_path / "sub").mkdir()
    unsafe = ("\\$(touch pwned).npz", "`x`.npz", "a b.npz", "a'b.npz", "a\nb.npz", "a:b.npz")
    for name in ("b.npz", "a.npz", "a.txt", "sub/c.npz", *unsafe):
        (tmp_path / name).touch()
    assert completed(shell, f"bacterio {words} ", tmp_path) == ["a.npz", "b.npz"]
    assert completed(shell, f"bacterio {words} sub/", tmp_path) == ["sub/c.npz"]
    assert completed(shell, f"bacterio {words} su", tmp_path) == []


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_an_option_is_offered_with_its_whole_help(shell: str, tmp_path: Path) -> None:
    """On one line, however long, and with its default."""
    told = bacterio(cwd=tmp_path, **asked(shell, "bacterio train --p")).stdout
    assert re.search(r"--preset.*A flag beside it wins\.", told)
    assert re.search(r"--patience.*\[default.*: 0\]", told)


@pytest.mark.parametrize("words", [{}, {"COMP_WORDS": "bacterio sc"}, {"COMP_WORDS": "bacterio", "COMP_CWORD": "x"}])
def test_without_a_shell_nothing_is_offered(words: dict[str, str], tmp_path: Path) -> None:
    """Where bash's variables are not set, nothing is printed, and no traceback."""
    assert bacterio(cwd=tmp_path, _BACTERIO_COMPLETE="complete_bash", **words) == (1, "", "")
