"""Cleaning: what each profile keeps, why it drops the rest, and the spellings of a reference."""

import sys
import time
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.processes import examples
from support.samples import BACDIVE, COLDP, GTDB, LPSN, NCBI, RDP, place

from bacterio_cli.dataset import LONGEST_LINE
from bacterio_cli.dataset.cleaning import flaw
from bacterio_cli.dataset.corpus import Corpus, read_corpus
from bacterio_cli.errors import InputError

FLAWS: dict[str | None, list[str]] = {
    "placeholders": [
        "UBA1234", "Bacillus_A", "JAAAAA01", "JAAAAA", "", "Gp4", "GpVIII", "Alphota_gp1", "WS3_genera_incertae_sedis",
        "unclassified", "Uncultured", "uncultured bacterium", "Candidatus", "SAR", "A", "-",
        "Abano incertae sedis", "2-abano", "AbanoBacilla", "Genus", "Chloroplast", "Sonstige", "Mean",
    ],
    "Candidatus": ["Candidatus Abano", "candidatus Abano", '"Candidatus Abano"', "Ca. Abano", "Candidatus_Abano"],
    "brackets or quotes": ["[Abano]", '"Abano"', "'Abano'", "“Abano”", "Abano (Bacilla)", "O'Brien"],
    "lower case": ["abano"],
    "two words": ["Abano alba", "abano alba", "Abano sp. 3", "Smith, John"],
    "rank endings": ["Abanaceae", "Abanobacteria", "Abanomycetes", "Abanales", "Abanota", "Abanineae", "Abanoideae"],
    "letters outside A-Z": [
        "Béla", "Москва", "Abano.", "Abano/Bacilla", "ﬁne", "Abano-bacilla", "Gram-positive",
        "Abano-Bacilla", "abano-bacilla", "Abano-",
    ],
    "letters of two scripts": ["α-Abano", "Аbano", "Abanо"],
    "control characters": ["Abano\talba", "Aba\0no", "Aba\u202eno"],
    "longer than 500": ["A" + "b" * LONGEST_LINE],
    "unlike Latin": ["Ab", "Symbiont", "Mixed", "Aboth"],
    None: ["Abano", "Aba", "Abania", "Abanotus", "Alesia", "A" + "a" * (LONGEST_LINE - 1)],
}  # fmt: skip


@pytest.mark.parametrize(("reason", "name"), [(reason, name) for reason, names in FLAWS.items() for name in names])
def test_what_is_no_genus_name_has_one_reason(reason: str | None, name: str) -> None:
    """The reason describes the spelling; -ia, which many genera have, is none, and endings count at the end alone."""
    assert flaw(name) == reason


@examples
@given(st.text(max_size=12))
def test_no_spelling_is_too_odd(text: str) -> None:
    """Every text has a reason or is a capital followed by small letters."""
    reason = flaw(" ".join(text.split()))
    assert reason in FLAWS
    assert reason or (text.strip().isascii() and text.strip()[0].isupper())


def test_each_dropped_entry_counts_under_one_reason(tmp_path: Path) -> None:
    """Names stay in order; their lines and spellings tell what went."""
    names = "Abano\nUBA1\nBacilla\nUBA2\nUBA3\nAbano\nUBA4\ncocca\n"
    path = place(tmp_path, names)
    corpus = read_corpus([path], profile="genus")
    assert (corpus.names, corpus.profile) == (("Abano", "Bacilla"), "genus")
    assert corpus.dropped == {
        "placeholders": [(f"{path}:{k}", f"UBA{n}") for k, n in [(2, 1), (4, 2), (5, 3), (7, 4)]],
        "duplicates": [(f"{path}:6", "Abano")],
        "lower case": [(f"{path}:8", "cocca")],
    }
    assert corpus.losses == "6 dropped: 4 placeholders, 1 lower case, 1 duplicate"


def test_any_keeps_every_line(tmp_path: Path) -> None:
    """The profile `any` drops duplicates and nothing else, and still refuses what cannot be a name."""
    path = place(tmp_path, "UBA1\n[Abano]\ncocca\nmocca\nNew  York\nNew York\n")
    assert read_corpus([path]) == Corpus(("UBA1", "[Abano]", "cocca", "mocca", "New York"))
    with pytest.raises(InputError, match=r":2: control character U\+0009 .* name a column with --column"):
        read_corpus([place(tmp_path, "Abano\nBacilla\tgenus\nCocca\n")], profile="any")


@pytest.mark.parametrize(
    ("text", "names", "losses"),
    [
        (LPSN, ("Abanella", "Borivibrio", "Durella"), "3 dropped: 3 not correct in the source"),
        (GTDB, ("Abanella", "Caldomonas"), "2 dropped: 2 placeholders"),
        (NCBI, ("Abanella", "Borivibrio"), "2 dropped: 1 not correct in the source, 1 Candidatus"),
        (COLDP, ("Abanella", "Oldella", "Durella"), "1 dropped: 1 not correct in the source"),
        (BACDIVE, ("Abanella", "Borivibrio"), ""),
        (RDP, ("Abanella", "Borivibrio"), ""),
    ],
)
def test_downloads_are_cleaned_as_genera(text: str, names: tuple[str, ...], losses: str, tmp_path: Path) -> None:
    """A format that holds genera brings the profile `genus`; only correct names and synonyms are learned."""
    corpus = read_corpus([place(tmp_path, text)])
    assert (corpus.names, corpus.losses, corpus.profile, corpus.plain) == (names, losses, "genus", False)


def test_one_download_makes_all_lists_genera(tmp_path: Path) -> None:
    """Lists joined with a download are cleaned like it, unless a profile is given; the newest date counts."""
    gtdb, listed = place(tmp_path, GTDB, "g.tsv"), place(tmp_path, "# date: 2020\ncocca\nAbanella\n", "l.txt")
    assert read_corpus([listed, gtdb]) == Corpus(("Abanella", "Caldomonas"), "2020")
    kept = ("cocca", "Abanella", "Borivibrio_A", "UBA7703", "Caldomonas")
    assert read_corpus([listed, gtdb], profile="any") == Corpus(kept, "2020")
    assert read_corpus([listed, gtdb]).readings[0] == f"{listed}: plain list, UTF-8, 2 names"


@pytest.mark.parametrize(
    ("names", "profile"),
    [
        ("Abanella,Borivibrio,Coccomonas,Ferri monella", "genus"), ("Smith,Morales,Gold,Black", "any"),
        ("abanella,borivibrio", "any"), ("Абакан,Абдулино", "any"),
        ("Abanella,Borivibrio,Coccomonas,UBA1234,Bacillus_A,Palsa-295,SZUA-545,uncultured", "genus"),
        ("Abanella,Borivibrio,Coccomonas,Ca. Cora,Cand. Dora,unclassified Eria,Abanella alba,Fora¹", "genus"),
    ],
)  # fmt: skip
def test_a_plain_list_that_looks_like_genera_is_cleaned_as_such(names: str, profile: str, tmp_path: Path) -> None:
    """Three lines of four are one word with a capital and a Latin ending; surnames, towns and small letters are not."""
    corpus = read_corpus([place(tmp_path, names.replace(",", "\n"))])
    assert (corpus.profile, list(corpus.names)) == (profile, names.split(",")[: 3 if profile == "genus" else None])


def test_a_list_of_other_things_is_not_cleaned_to_a_few_genera(tmp_path: Path) -> None:
    """Where most entries are no genera for what they are, the list is refused, unless the format is insisted on."""
    path = place(tmp_path, "Abanella\nsmith\njones\nblack\n")
    with pytest.raises(InputError, match=r": 3 of 4 entries are no genera \(lower case\); pass --profile any to keep"):
        read_corpus([path], profile="genus")
    assert read_corpus([path], profile="genus", input_format="lines", least=1).names == ("Abanella",)
    with pytest.raises(InputError, match=r": 2 of 3 entries are no genera \(unlike Latin\)"):
        read_corpus([place(tmp_path, "Genus,n\nGut,1\nSkin,2\nBora,2\n")])


@pytest.mark.parametrize(
    ("names", "what"),
    [
        ("Alphibacteria Bacilli Betobacteria Clostridia", "4 of 4 entries are of higher ranks, such as Alphibacteria"),
        ("Abanella Alphaceae Alphia Bora Betales Betia", "2 of 6 entries are of higher ranks, such as Alphaceae"),
        ("“Abanella” “Bora” “Cora”", r"3 of 3 entries are no genera \(brackets or quotes\)"),
        ("Abanella. Bora. Cora.", r"3 of 3 entries are no genera \(letters outside A-Z\)"),
    ],
)
def test_a_list_of_several_ranks_or_in_dress_is_refused(names: str, what: str, tmp_path: Path) -> None:
    """Classes and phyla beside families would be taken for genera, and dots and quotes for parts of names."""
    with pytest.raises(InputError, match=what):
        read_corpus([place(tmp_path, names.replace(" ", "\n"))])
    assert len(read_corpus([place(tmp_path, names.replace(" ", "\n"))], profile="any").names) == len(names.split())


def test_letters_that_look_alike_are_named(tmp_path: Path) -> None:
    """A word in two scripts is refused by `any` and dropped by `genus`; the letter of the rarer script is named."""
    path = place(tmp_path, "Smitha\nJones\nBl\u0430ck\n")
    with pytest.raises(InputError, match=r":3: 'Blаck' has letters of two scripts \(а is cyrillic small letter a\)"):
        read_corpus([path])
    dropped = read_corpus([path], profile="genus").dropped["letters of two scripts"]
    assert dropped[0][1] == "Blаck (а is cyrillic small letter a)"
    assert len(read_corpus([path], input_format="lines").names) == 3


def test_species_are_no_names_that_were_dropped(tmp_path: Path) -> None:
    """The genus of a row of rank species is neither learned nor counted: the row is of something else."""
    corpus = read_corpus([place(tmp_path, "name,rank\nAbanella,genus\nBora alba,species\n")], least=1)
    assert (corpus.names, corpus.losses) == (("Abanella",), "")


def test_nothing_left_says_why(tmp_path: Path) -> None:
    """The error for too few names has the reasons; one name, undressed of g__ and blanks, is enough where asked for."""
    path = place(tmp_path, "UBA1\nUBA2\n\u00a0g__Abano\n")
    with pytest.raises(InputError, match=r"only one name, 'Abano' \(2 dropped: 2 placeholders\); give a list of at"):
        read_corpus([path], profile="genus")
    assert read_corpus([path], profile="genus", least=1).names == ("Abano",)


@pytest.mark.skipif("coverage" in sys.modules, reason="counting the branches takes as long")
@pytest.mark.parametrize("profile", ["genus", "any"])
def test_a_million_lines_take_seconds(profile: str, tmp_path: Path) -> None:
    """A twentieth of a million lines in a twentieth of the seconds that would be a nuisance."""
    names = [f"A{''.join(letters)}o" for letters in product("abcdefghijklmno", repeat=4)]
    path = place(tmp_path, "\n".join(names))
    begun = time.process_time()
    assert len(read_corpus([path], profile=profile).names) == len(names)
    assert time.process_time() - begun < 1
