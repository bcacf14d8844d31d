"""Any input and any options: a known exit code, one-line errors, no traceback, nothing but results on stdout."""

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.processes import Result, examples, inside, only_error

CODES = {0, 1, 2, 130}
anything = st.text(st.characters(codec="utf-8"), max_size=30)
lines = st.lists(anything | st.sampled_from(["Abella", "a\u0301b", "שלום", "\u202eevil", "𒀀𒀁", "x" * 600, "\x1b[31m"]))


def ends_well(result: Result, *, printed: bool = True) -> None:
    """A documented code, nothing that a terminal would obey, and where it failed a last line that says why."""
    assert result.code in CODES, result
    assert "Traceback" not in result.stderr
    text = result.stdout + result.stderr
    assert not any(c in text for c in "\x1b\x07\x9b\u202e\u2066"), result
    if result.code == 1 and printed:
        assert result.stderr.splitlines()[-1].startswith("bacterio: error: "), result


typed = st.builds(
    lambda texts, end, encoding: end.join(texts).encode(encoding, errors="replace"),
    lines, st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1", "utf-32"]),
)  # fmt: skip


@settings(examples, max_examples=300)
@given(typed | st.binary(max_size=300))
@example(b"a" * 10_000_000)
@example(b"\0\n\0\n\0")
def test_corpus_reads_any_bytes(data: bytes) -> None:
    """Texts in any encoding and mere bytes are names on stdout, or one line on stderr."""
    result = inside("corpus", "-", cwd=Path(), stdin=data)
    ends_well(result)
    assert all(result.stdout.split("\n")[:-1])


@settings(examples, max_examples=40)
@given(
    st.lists(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=9), min_size=1, max_size=12)
)
def test_training_takes_any_names(room: Path, names: list[str]) -> None:
    """Whatever the names are, training ends with a model or with one line; names of one letter too."""
    (room / "any.txt").write_text("\n".join(names), encoding="utf-8")
    words = ["--arch=rnn", "--hidden=2", "--layers=1", "--epochs=1", "--batch-size=4", "-o", "any.npz"]
    ends_well(inside("train", "any.txt", *words, cwd=room))


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
def test_sample_takes_any_options(room: Path, options: list[str]) -> None:
    """Any four options together give names, or say in a line what is wrong."""
    ends_well(inside("sample", "-c", "m.npz", "--max-tries=300", "--seed=1", *options, cwd=room))


@settings(examples, max_examples=40)
@given(lines, st.sampled_from(["", "--summary", "--format=jsonl", "--format=table", "--strict", "--profile=any"]))
def test_score_takes_any_names(room: Path, texts: list[str], words: str) -> None:
    """Names of any letters have a row, and what cannot be scored says so; --strict alone fails silently."""
    names = "\n".join(texts).encode("utf-8", errors="replace")
    ends_well(inside("score", "-c", "m.npz", *words.split(), cwd=room, stdin=names), printed="--strict" not in words)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("{}", 2, "No such command 'aaa"),
        ("sample --{}", 2, "No such option"),
        ("sample --temp nan", 2, "--temp must be a number from 0 to"),
        ("sample --top-p nan", 2, "--top-p must be a number from 1e-09 to 1"),
        ("train names.txt --lr nan", 2, "--lr must be a number"),
        ("gradcheck --tolerance nan", 2, "--tolerance must be a number from 0, not nan"),
        ("gradcheck --tolerance -1", 2, "--tolerance must be a number from 0, not -1"),
        ("train names.txt --warmup " + "9" * 5000, 2, "Invalid value for '--warmup'"),
        ("sample --about {}", 2, "--about aaa"),
        ("sample --match {}(", 2, "--match 'aaa"),
        ("gradcheck --inject {}", 2, "--inject aaa"),
        ("sample -c m.npz --ending e\u0301", 1, "--ending \u00e9: '\u00e9' is not in the model"),
        ("sample -c m.npz --prefix e\u0301", 1, "--prefix \u00e9: '\u00e9' is not in the model"),
        ("corpus {}", 1, "cannot read aaa"),
        ("score --plot {}.gif Abella", 2, "--plot aaa"),
        ("sample -c m.npz --prefix a\udcff", 1, "--prefix a\\udcff: '\\udcff' is not in the model's alphabet"),
        ("trace -c m.npz a\udcff", 1, "a\\udcff: '\\udcff' is not in the model's alphabet"),
        ("corpus a\udcff", 1, "cannot read a\\udcff"),
    ],
)
def test_an_error_is_one_short_line_whatever_was_typed(words: str, code: int, said: str, room: Path) -> None:
    """What has 100,000 letters is cut in the middle, in Typer's own errors too, and NaN is no number."""
    message = only_error(inside(*words.format("a" * 100_000).split(), cwd=room), code)
    assert message.startswith(said)
    assert len(message) < 2_100
