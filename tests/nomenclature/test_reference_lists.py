"""Lists of spellings that are taken: what is listed in them, of what they are, and their date."""

import io
import os
import sys
import time
import unicodedata
from datetime import datetime
from pathlib import Path

import pytest
from support.samples import GTDB, ICTV, LPSN, NCBI, TABLE, place

from bacterio_cli.dataset.readers.sources import Entry, Reading
from bacterio_cli.errors import FileError, InputError, UsageError
from bacterio_cli.nomenclature.name_index import Reference
from bacterio_cli.nomenclature.reference_lists import date_of, read_reference, spellings


def reading(*texts: str, taxonomic: bool = False) -> Reading:
    """A reading with these entries."""
    entries = [Entry(k, text, "rejected") for k, text in enumerate(texts)]
    return Reading(entries, taxonomic=taxonomic, source="x", format="lineages" if taxonomic else "lines")


@pytest.mark.parametrize(
    ("text", "taxa"),
    [
        *((text, "Abano") for text in ("Abano", "Candidatus Abano", '"Ca. Abano alba"', "[Abano] alba", "Abano (L.)")),
        *((text, "Abano") for text in ("g__Abano", "Abano_A", "Abano_AB", "Abano_A_1234", "Abano alba", "Abano_1234")),
        *((text, "Abano") for text in ("Candidatus_Abano", "g__Ca_Abano", '"Candidatus" Abano', "Abano Doe, 1831")),
        *((text, "Abano") for text in ("cf. Abano", "?Abano", "Abano Roe et al. 1999", "''Abano''", "[g__Abano]")),
        *((text, text) for text in ("abano", "UBA1234", "O'Brien")),
        *((text, "Abano") for text in ("Abano_unclassified", "Abano_alba", "_Abano_", "Genus Abano", "Abano¹")),
        *(("WS3_genera_incertae_sedis", "WS3"), ("MAG_1", "MAG"), ("Abano-like", "Abano Abanolike")),
        *(("g__", ""), ("Be\u0301la", "Béla Bela"), ("New York", "New York"), ("Ia_1234", "Ia"), ("a-x", "a-x")),
        *(
            (f"Abano{mark}Bacilla", "Abano Bacilla")
            for mark in ("/", ", ", "-", " and ", " = ", " or ", "|", " [", ": ")
        ),
        ("Abano (syn. Bacilla)", "Abano Bacilla"),
    ],
)
def test_spellings_are_undressed(text: str, taxa: str) -> None:
    """What stands around a spelling goes, whatever its kind; placeholders stay, and in a list of anything all does."""
    assert " ".join(spellings(reading(text, text, taxonomic=True))) == taxa
    assert " ".join(spellings(reading(text, text), genera=True)) == taxa
    assert spellings(reading(text, text)) == (unicodedata.normalize("NFC", text),)


def test_a_control_character_stands_between_words_but_in_a_plain_list() -> None:
    """There a line that holds one is no name, and the list may be none."""
    assert spellings(reading("Abano\x1falba", taxonomic=True)) == ("Abano",)
    with pytest.raises(InputError, match=r"^x:0: control character U\+001F in the line"):
        spellings(reading("Abano\x1falba"))


def test_a_reference_has_a_label_and_a_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file's name, and the date that it states, else its own; standard input has none."""
    stated = place(tmp_path, "# date: 2020-12\nAbano\n", "stated.txt")
    silent = place(tmp_path, "Abano\nAbano\n", "silent.txt")
    noon = time.mktime(datetime(2026, 8, 4, 12).timetuple())
    for path in (stated, silent):
        os.utime(path, (noon, noon))
    assert read_reference(stated) == Reference("stated.txt", ("Abano",), "2020-12")
    assert read_reference(silent) == Reference("silent.txt", ("Abano",), "file of 2026-08-04")
    place(tmp_path, "Bora\n", "-")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"Abano\n")))
    assert read_reference("-") == Reference("standard input", ("Abano",), None)


def test_a_reference_that_is_no_list_is_refused(tmp_path: Path) -> None:
    """One without spellings would check nothing; a table that is not recognised is not taken for a list unasked."""
    for text, message in {"# nothing\n\n": "has no names; give a", "A\tx\nCo\ty\n": "looks like a table"}.items():
        with pytest.raises(InputError, match=rf"names\.dmp: {message}"):
            read_reference(place(tmp_path, text))
    table = place(tmp_path, "Abano,x\nBorea,y\n")
    with pytest.raises(InputError, match="looks like a table"):
        read_reference(table)
    assert read_reference(table, input_format="lines").names == ("Abano,x", "Borea,y")
    assert read_reference(f"{table}#1", input_format="lines").names == ("Abano", "Borea")


def test_a_list_of_other_things_is_refused_where_genera_are_wanted(tmp_path: Path) -> None:
    """As by `corpus`, but in any case of letters, since these are not compared; unless the format is named."""
    path = place(tmp_path, "New York\nLos Angeles\nBORA\nabano\nRio Claro\n")
    with pytest.raises(InputError, match=r"3 of 5 entries are no genera \(two words\); pass --input"):
        read_reference(path, column="1", genera=True)
    for options in ({"column": "1"}, {}):
        assert len(read_reference(path, **options).names) == 5
    assert len(read_reference(path, input_format="lines", genera=True).names) == 8
    families = place(tmp_path, "Genus,n\nAceae,1\nBaceae,2\nCora,3\n", "families.csv")
    with pytest.raises(InputError, match=r"2 of 3 entries are no genera \(rank endings\)"):
        read_reference(families, genera=True)
    with pytest.raises(InputError, match="most lines are several words"):
        read_reference(place(tmp_path, "This is a text of words.\n" * 3), genera=True)
    species = place(tmp_path, "Abano alba\nBora alba\nBora nigra\n")
    assert read_reference(species, genera=True).names == ("Abano", "Bora")
    species = place(tmp_path, "?Abano alba\n?Bora alba\n")
    assert read_reference(species, column="1", genera=True).names == ("Abano", "Bora")


def test_each_list_has_its_own_column(tmp_path: Path) -> None:
    """FILE#COLUMN names it, by name or number; a file whose own name has a # is that file."""
    path = place(tmp_path, TABLE, "plants.csv")
    assert read_reference(f"{path}#genus of it").names == read_reference(path, column="2").names[1:]
    odd = place(tmp_path, "Abano\n", "a#b")
    assert read_reference(f"{path}#2").names == read_reference(path, column="2").names
    with pytest.raises(InputError, match="a#b: has no column '2'"):
        read_reference(f"{odd}#2")
    assert read_reference(odd).names == ("Abano",)
    with pytest.raises(InputError, match=r"plants\.csv: looks like a table"):
        read_reference(f"{path}#")
    with pytest.raises(FileError):
        read_reference(str(tmp_path / "none#x"))


@pytest.mark.parametrize(
    ("text", "names", "prokaryotes"),
    [
        (LPSN, "Abanella Borivibrio Caldomona Durella Erratum Ferrella", True),
        (GTDB, "Abanella Borivibrio UBA7703 Caldomonas", True),
        (ICTV, "Abavirus Borivirus", False),
        ("name,rank\nAbanella,genus\nBora alba,species\nAbanella alba,species\n", "Abanella Bora", None),
        (NCBI, "Abanella Borivibrio Oldvibrio Caldella", None),
        (
            "scientificName\ttaxonRank\tnomenclaturalCode\tkingdom\nAbano\tgenus\tICN\tBacteria\n",
            "Abano",
            True,
        ),
    ],
)
def test_a_reference_keeps_what_a_corpus_drops(text: str, names: str, prokaryotes: bool | None, tmp_path: Path) -> None:
    """Rejected names, Candidatus and placeholders are spellings that are taken; of which organisms, the source says."""
    reference = read_reference(place(tmp_path, text))
    assert (reference.names, reference.prokaryotes) == (tuple(names.split()), prokaryotes)


def test_a_list_can_be_said_to_be_of_other_organisms(tmp_path: Path) -> None:
    """What is unknown becomes so; a source of prokaryotes is refused, since its names are not taken elsewhere."""
    path = place(tmp_path, "Rosa\nLilium\n")
    assert (read_reference(path).prokaryotes, read_reference(path, elsewhere=True).prokaryotes) == (None, False)
    with pytest.raises(UsageError, match="is LPSN genus and species rows, of prokaryotes; give it with --avoid"):
        read_reference(place(tmp_path, LPSN), elsewhere=True)


def test_a_date_in_the_name_counts() -> None:
    """Year, month and day, with the same mark between them or none."""
    dates = {
        "lpsn_gss_2026-08-04.csv": "2026-08-04", "plants20250131.txt": "2025-01-31", "x_2026_08_04.gz": "2026-08-04",
        "bac120_taxonomy_r226.tsv": None, "12026-08-04": None, "2026-13-04": None, "2026-02-30": None,
    }  # fmt: skip
    assert {name: date_of(name) for name in dates} == dates
