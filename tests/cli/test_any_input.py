"""Any input and any options: a known exit code, one-line errors, no traceback, nothing but results on stdout."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support import samples
from support.processes import NAMES, Result, bacterio, examples, write_names

from bacterio_cli.cli.app import main

CODES = {0, 1, 2, 130}
anything = st.text(st.characters(codec="utf-8"), max_size=30)
lines = st.lists(anything | st.sampled_from(["Abella", "a\u0301b", "שלום", "\u202eevil", "𒀀𒀁", "x" * 600, "\x1b[31m"]))


def run(words: list[str], stdin: bytes = b"") -> Result:
    """The command in this process, with streams of its own; a traceback fails the test by itself."""
    out, err, given = io.BytesIO(), io.BytesIO(), io.TextIOWrapper(io.BytesIO(stdin), "utf-8")
    code: object = 0
    with (
        mock.patch.multiple(sys, argv=["bacterio", *words], stdin=given),
        contextlib.redirect_stdout(io.TextIOWrapper(out, "utf-8")),
        contextlib.redirect_stderr(io.TextIOWrapper(err, "utf-8")),
    ):
        try:
            main()
        except SystemExit as stop:
            code = stop.code
        sys.stdout.flush()
        sys.stderr.flush()
        return Result(int(code or 0), out.getvalue().decode(), err.getvalue().decode())  # type: ignore[call-overload]


def ends_well(result: Result, *, printed: bool = True) -> None:
    """A documented code, nothing that a terminal would obey, and where it failed a last line that says why."""
    assert result.code in CODES, result
    assert "Traceback" not in result.stderr
    text = result.stdout + result.stderr
    assert not any(c in text for c in "\x1b\x07\x9b\u202e\u2066"), result
    if result.code == 1 and printed:
        assert result.stderr.splitlines()[-1].startswith("bacterio: error: "), result


@settings(examples, max_examples=150)
@given(
    lines, st.sampled_from(["\n", "\r\n", "\r"]), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1", "utf-32"])
)
@example(["a" * 10_000_000], "\n", "utf-8")
@example(["\x00"] * 3, "\n", "utf-8")
def test_corpus_reads_any_text(texts: list[str], end: str, encoding: str) -> None:
    """Lines of any letters, line ends and encodings are names on stdout, or one line on stderr."""
    result = run(["corpus", "-"], end.join(texts).encode(encoding, errors="replace"))
    ends_well(result)
    assert all(result.stdout.split("\n")[:-1]) or not result.stdout


@settings(examples, max_examples=150)
@given(st.binary(max_size=300))
def test_corpus_reads_any_bytes(data: bytes) -> None:
    """Whatever the bytes are."""
    ends_well(run(["corpus", "-"], data))


SAMPLES = [samples.LPSN, samples.LPSN_TABS, samples.GTDB, samples.GREENGENES, samples.COLDP]


@settings(examples, max_examples=150)
@given(st.sampled_from(SAMPLES), st.integers(0, 10_000), st.binary(min_size=1, max_size=4), st.booleans())
def test_damaged_formats_are_read_or_refused(sample: str, at: int, put: bytes, cut: bool) -> None:
    """A format with bytes exchanged, and cut off there or not, ends well."""
    data = sample.encode()
    at %= len(data)
    ends_well(run(["corpus", "-"], data[:at] + put + (b"" if cut else data[at + len(put) :])))


@settings(examples, max_examples=40)
@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=9),
        min_size=1,
        max_size=12,
    )
)
def test_training_takes_any_names(names: list[str]) -> None:
    """Whatever the names are, training ends with a model or with one line; names of one letter too."""
    with contextlib.chdir(os.environ["ANY_ROOM"]):
        Path("any.txt").write_text("\n".join(names), encoding="utf-8")
        words = ["--arch=rnn", "--hidden=2", "--layers=1", "--epochs=1", "--batch-size=4", "-o", "any.npz"]
        ends_well(run(["train", "any.txt", *words]))


odd = st.sampled_from(["0", "-1", "1e-6", "1e6", "nan", "inf", "3.5", "x", "", "99999999999999999999"])
numbers = st.sampled_from(["1", "2", "5"]) | odd
letters = st.sampled_from(["A", "Bo", "a", "xis"]) | anything
OPTIONS = {
    "--n": numbers, "--temp": numbers, "--seed": numbers, "--prefix": letters, "--ending": letters,
    "--top-k": numbers,
    "--gender": st.sampled_from(["m", "f", "n", "x"]), "--match": st.sampled_from(["a", "(", "^$", "[", "b+$"]),
    "--min-length": numbers, "--max-length": numbers, "--top-p": numbers, "--min-edits": numbers, "--pool": numbers,
    "--format": st.sampled_from(["names", "tsv", "jsonl", "xml"]),
    "--avoid": st.sampled_from(["names.txt", "m.npz", "no"]),
    "--for": st.sampled_from(["names.txt", "no", "."]), "--ban": st.sampled_from(["names.txt", "no"]),
}  # fmt: skip
FLAGS = ["--check", "--rank", "--allow-known", "--allow-duplicates", "--report", "--json", "--header"]
option = st.sampled_from([*OPTIONS, *FLAGS]).flatmap(
    lambda name: OPTIONS[name].map(lambda value: f"{name}={value}") if name in OPTIONS else st.just(name)
)


@settings(examples, max_examples=200)
@given(st.lists(option, min_size=1, max_size=4))
@example(["--temp=1e-6"])
@example(["--temp=1e6", "--n=2"])
@example(["--max-length=1"])
def test_sample_takes_any_options(options: list[str]) -> None:
    """Any four options together give names, or say in a line what is wrong."""
    words = ["sample", "-c", "m.npz", "--max-tries=300", "--seed=1", *options]
    with contextlib.chdir(os.environ["ANY_ROOM"]):
        ends_well(run(words))


@settings(examples, max_examples=40)
@given(
    lines, st.sampled_from([[], ["--summary"], ["--format=jsonl"], ["--format=table"], ["--strict"], ["--profile=any"]])
)
def test_score_takes_any_names(texts: list[str], words: list[str]) -> None:
    """Names of any letters have a row, and what cannot be scored says so; --strict alone fails silently."""
    with contextlib.chdir(os.environ["ANY_ROOM"]):
        result = run(["score", "-c", "m.npz", *words], "\n".join(texts).encode("utf-8", errors="replace"))
    ends_well(result, printed="--strict" not in words)


@pytest.fixture(autouse=True)
def _in_the_room(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANY_ROOM", str(room))


def test_bytes_depend_on_nothing_around(tmp_path: Path) -> None:
    """Hash seed, locale, terminal and working directory change no byte of a checkpoint and no name."""
    words = ("--arch", "lstm", "--hidden", "8", "--epochs", "2", "-q", "-o", "m.npz")
    around = [
        {},
        {"PYTHONHASHSEED": "9", "LC_ALL": "C", "TERM": "dumb", "COLUMNS": "20"},
        {"PYTHONHASHSEED": "1", "LC_ALL": "tr_TR.UTF-8", "NO_COLOR": "1"},
    ]
    made = []
    for number, environment in enumerate(around):
        folder = tmp_path / str(number)
        folder.mkdir()
        write_names(folder, NAMES)
        assert bacterio("train", "names.txt", *words, cwd=folder, **environment).code == 0
        sampled = bacterio("sample", "-n", 50, "--seed", 3, "-c", "m.npz", "--temp", 1.5, cwd=folder, **environment)
        made.append(((folder / "m.npz").read_bytes(), sampled.stdout))
    assert made[0] == made[1] == made[2]
