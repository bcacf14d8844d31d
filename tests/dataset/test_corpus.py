"""Lists of names: what is read from them, what is refused, their alphabet and their split."""

import hashlib
import io
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from support.samples import place

from bacterio_cli.dataset import LONGEST_LINE
from bacterio_cli.dataset.cleaning import clean
from bacterio_cli.dataset.corpus import Corpus, read_corpus, split
from bacterio_cli.dataset.readers.sources import Entry
from bacterio_cli.errors import InputError


@pytest.mark.parametrize(
    "data",
    [
        b"Abano\r\nBacilla\rCocca",
        b"# a header\nAbano\n  # Dermella\nBacilla\n#Ecoba\nCocca\n",
        b"\n\n  Abano\n \t\nBacilla \t\n\n\tCocca  \n\n\n",
        b"\xfe\xff" + "Abano\nBacilla\nCocca\n".encode("utf-16-be"),
    ],
)
def test_a_list_in_any_dress_gives_the_same_names(tmp_path: Path, data: bytes) -> None:
    """Byte order mark, line ends, comments, blank lines and outer blanks are no part of a name."""
    assert read_corpus([place(tmp_path, data)]) == Corpus(("Abano", "Bacilla", "Cocca"))


@pytest.mark.parametrize(
    ("line", "name"),
    [
        *(("Be\u0301la", "B\u00e9la"), ("カ\u3099", "ガ"), ("ﬁne", "ﬁne"), ("C# minor", "C# minor")),
        *(("New   York", "New York"), ("Gro\u00a0\u2003San", "Gro San")),
        ("é" * LONGEST_LINE, "é" * LONGEST_LINE),
    ],
)
def test_a_line_is_composed_and_its_blanks_made_single(line: str, name: str) -> None:
    """NFC, not NFKC; runs of any blanks become one space; '#' counts at the beginning only; the limit is a length."""
    assert clean(Entry(1, line), "x") == name


@pytest.mark.parametrize(
    ("headers", "date"),
    [
        (["# date: 2019-05", "# date: 2020-01-02"], "2020-01-02"),
        (["#  LPSN, date: 2021", "# date: 2020-12-31"], "2021"),
        (["# date: 2021-02-29", "# date: 2020-02-29"], "2020-02-29"),
        (["# date: 0000-00-00", "# date: 2020-13-45", "# date: 20201", "# update: 2020", "date: 2020-12-31"], None),
    ],
)
def test_the_date_is_the_newest_that_a_header_states(tmp_path: Path, headers: list[str], date: str | None) -> None:
    """`# date:` in comments, the newest of several files; None if there is none."""
    sources = [place(tmp_path, f"{header}\nAbano\nBacilla{k}\n", f"{k}.txt") for k, header in enumerate(headers)]
    assert read_corpus(sources).date == date


def test_a_person_may_be_called_kingdom(tmp_path: Path) -> None:
    """A word that is a rank's is a heading in the first line alone."""
    names = [f"{a}{b}{c}" for a in "BCDFG" for b in "aeiou" for c in ("bel", "dag", "fin", *"klmnprstvxz")]
    names = [*names, "Kingdom", *(f"Mc{name}" for name in names)]
    assert read_corpus([place(tmp_path, "\n".join(names))]).names == tuple(names)
    with pytest.raises(InputError, match="has the heading 'Kingdom'"):
        read_corpus([place(tmp_path, "\n".join(sorted(names, key="Kingdom".__ne__)))])


def test_several_lists_are_joined_in_the_order_given(tmp_path: Path) -> None:
    """Each name stays at its first place, however composed; characters and digest are those of all, in their order."""
    lists = [place(tmp_path, "Cocca\nBéla\nCocca\n", "1"), place(tmp_path, "Abano\nBe\u0301la\n Cocca\n", "2")]
    corpus = read_corpus(lists)
    assert corpus == Corpus(("Cocca", "Béla", "Abano"))
    assert len(corpus.dropped["duplicates"]) == 3
    assert corpus.characters == 6 + 5 + 6
    assert corpus.digest == hashlib.sha256("Cocca\nBéla\nAbano".encode()).hexdigest()


def test_a_dash_is_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """'-' can stand among files, and its errors are called 'standard input'."""
    listed = place(tmp_path, b"Abano\n")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("Béla\n".encode())))
    assert read_corpus([listed, "-"]).names == ("Abano", "Béla")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"Abano\n\0\n")))
    with pytest.raises(InputError, match=r"^standard input:2: "):
        read_corpus(["-"])


@pytest.mark.parametrize(
    ("data", "at", "what"),
    [
        (b"Abano\rBacilla\rCaf\xe9\r", ":3: ", "byte 0xe9 is not UTF-8"),
        (b"Abano\n\nCoc\0ca\n", ":3: ", "U+0000"),
        (b"Abano\nCoc\x1bca\n", ":2: ", "U+001B"),
        (b"Abano\tgenus\nCocca\n", ":1: ", "U+0009"),
        ("Abano\nCoc\u202eca\n".encode(), ":2: ", "U+202E"),
        (b"Abano\n" + b"x" * (LONGEST_LINE + 1) + b"\n", ":2: ", "the line has 501 characters"),
        (b"Abano\n", ": ", "has only one name, 'Abano'"),
        (b"Abano\nAbano\n", ": ", "has only one name, 'Abano'"),
        (b"", ": ", "has no names"),
    ],
)
def test_what_is_no_list_of_names_is_refused_with_its_place(tmp_path: Path, data: bytes, at: str, what: str) -> None:
    """The message begins with the file, and with the line where there is one, and names the trouble."""
    path = place(tmp_path, data)
    with pytest.raises(InputError, match=f"^{re.escape(path + at)}.*{re.escape(what)}"):
        read_corpus([path])


@pytest.mark.parametrize(
    ("count", "fraction", "held"),
    [(10, 0.1, 1), (40, 0.1, 4), (100, 0.25, 25), (5, 0.01, 1), (2, 0.9, 1), (11, 0.5, 6), (3, 0.0, 0)],
)
def test_split_holds_out_the_share_asked_for(count: int, fraction: float, held: int) -> None:
    """The share rounded, at least one name unless it is 0 and never all; the generator chooses, and no name is lost."""
    names = [f"n{k}" for k in range(count)]
    (training, validation), again, other = (split(names, fraction, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert len(validation) == held
    assert sorted(training + validation) == sorted(names)
    assert [n for n in names if n in training] == training
    assert again == (training, validation)
    assert count < 40 or other != again
