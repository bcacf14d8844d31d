"""Commands that read or write checkpoints, as processes: what they say of those that will not do."""

import json
from pathlib import Path

import pytest
from support.checkpoints import rewrite
from support.processes import TINY, bacterio, only_error, write_names


@pytest.mark.parametrize("words", ["info m.npz", "sample -c m.npz", "train names.txt --resume -o m.npz"])
def test_commands_refuse_damage_in_one_line(words: str, saved: Path) -> None:
    """Exit 1, one line on stderr, nothing on stdout, no traceback, and the file is left as it is."""
    write_names(saved.parent)
    saved.write_text("no archive")
    result = bacterio(*words.split(), cwd=saved.parent)
    assert only_error(result).startswith(
        "m.npz: is damaged, or was not written by this program (File is not a zip file)"
    )
    assert (result.stdout, saved.read_text()) == ("", "no archive")


def test_json_shows_nothing_unprintable(saved: Path) -> None:
    """C1 controls and bidirectional overrides are escaped in it; read again, it says what the file says."""
    rewrite(saved, lambda _, meta: meta["corpus"].update(date="\x9b31m\u202eé"))
    shown = bacterio("info", "m.npz", "--json", cwd=saved.parent).stdout
    assert r'"date": "\u009b31m\u202eé"' in shown
    assert json.loads(shown)["corpus"]["date"] == "\x9b31m\u202eé"
    scored = bacterio("score", "Al\x9bba", "-c", "m.npz", "--format", "jsonl", cwd=saved.parent).stdout
    assert (json.loads(scored)["name"], "\x9b" in scored) == ("Al\x9bba", False)


def test_a_disk_that_fills_up_leaves_the_old_file_alone(saved: Path) -> None:
    """A command that may write no more than a few blocks exits 1 in one line, and the folder is as it was."""
    write_names(saved.parent)
    before = {path.name: path.read_bytes() for path in saved.parent.iterdir()}
    # Whatever measures the tests could not write its own file either.
    narrow = 'unset COVERAGE_PROCESS_CONFIG; ulimit -f 4 && exec "$@"'
    result = bacterio("train", "names.txt", *TINY, "-q", "-o", "m.npz", cwd=saved.parent, shell=narrow)
    assert only_error(result).startswith("cannot write m.npz: File too large; ")
    assert {path.name: path.read_bytes() for path in saved.parent.iterdir()} == before
