"""Readers: which shape a text has, what is read from each, and that nothing is taken for what it is not."""

from pathlib import Path

import pytest
from support.samples import COLDP, LPSN, LPSN_HEADER, LPSN_KINDS, NCBI, NODES, SAMPLES, TABLE, place, refusal, texts

from bacterio_cli.dataset.cleaning import describe
from bacterio_cli.dataset.readers import FORMATS
from bacterio_cli.dataset.readers.formats import read
from bacterio_cli.dataset.readers.sources import SOURCES, genus_of
from bacterio_cli.errors import UsageError


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize(
    ("encoding", "end"), [*(("UTF-8", end) for end in ("\n", "\r\n", "\r")), ("UTF-16", "\n"), ("UTF-32", "\n")]
)
def test_each_source_is_recognised_and_read(name: str, encoding: str, end: str, tmp_path: Path) -> None:
    """Known by content in any encoding and line ends, or as its own format; any other but lines is an error."""
    sample = SAMPLES[name]
    data = sample.text.replace("\n", end).encode("utf-8-sig" if end == "\r\n" else encoding)
    path = place(tmp_path, data)
    reading = read(path)
    entries = [entry.text for entry in reading.entries]
    assert (reading.format, reading.label, entries) == (sample.format, sample.label, sample.entries)
    assert (reading.taxonomic, reading.prokaryotes) == (sample.format != "lines", sample.prokaryotes)
    assert reading.encoding == encoding
    assert read(path, input_format=sample.format) == reading._replace(insisted=True) or sample.format == "lines"
    assert sample.format == "json" or "is not in the format json" in refusal(path, input_format="json")
    assert read(path, input_format="lines").insisted


def test_every_source_of_the_registry_has_a_sample() -> None:
    """Who adds a row to the registry adds a text that is known by it."""
    labels = " ".join(sample.label for sample in SAMPLES.values())
    assert [source.label for source in SOURCES if source.label not in labels] == []
    assert {sample.format for sample in SAMPLES.values()} == set(FORMATS)


def test_lines_have_their_numbers(tmp_path: Path) -> None:
    """An entry has the line where its row begins, blank lines, banners and line ends in quotes counted."""
    for name, lines in {"lines": [2, 4, 5], "bacdive": [4, 7], "coldp": [5, 7, 8, 9], "lpsn-api": [2, 3]}.items():
        assert [entry.line for entry in read(place(tmp_path, SAMPLES[name].text)).entries] == lines


@pytest.mark.parametrize(
    ("lineage", "genus"),
    [
        ("Bacteria;Alphota;Alphia;Alphales;Alphaceae;Abanella.", "Abanella"),
        ("Bacteria;Alphota;Alphia;Alphales;Alphaceae;Abanella;alba;", "Abanella"),
        ("Root;Bacteria;Alphota;Alphia;Alphidae;Alphales;Alphineae;Alphaceae;Abanella", "Abanella"),
        ("Archaea;Betota;Betia;Betales;Unknown Family;Abanella;uncultured archaeon", "Abanella"),
        ("cellular organisms;Bacteria;Alphati;B/C group;Alphota;Alphia;Alphales;Alphaceae;Abanella", "Abanella"),
        ("Bacteria;Alphati;Alphota;Alphia;Alphales;Alphales incertae sedis;Abanella", "Abanella"),
        ("NCBI;cellular organisms;Bacteria;Alphati;Alphota;Alphia;Alphales;Abanella;", ""),  # is it a family?
        ("Bacteria;Alphati;Alphota;Alphia;Alphales;UBA12", ""),
        ("cellular organisms;Bacteria;Alphati;B/C group;Alphota;Alphia", ""),
        ("Bacteria;Alphota;Alphia;Alphales;Alphaceae;", ""),
        ("Bacteria;Alphota;Alphia", ""),
        ("Bacteria;Alphota;Alphia;Chloroplast;Chloroplast;Chloroplast;Zea mays", ""),
        ("Eukaryota;Alphota;Alphia;Alphales;Alphidae;Persica", ""),
        ("Root;rootrank;Bacteria;domain;Alphaceae;family;Abanella;genus", "Abanella"),
        ("Root;rootrank;Bacteria;domain;Alphaceae;family", ""),
        ("k__Bacteria|p__Alphota|g__Abanella|s__Abanella_alba", "Abanella"),
        ("D_0__Bacteria;D_5__Abanella;D_6__uncultured", "Abanella"),
        ("tax=d:Bacteria(1.00),p:Alphota(0.9),g:Abanella(0.85)", "Abanella"),
        ("d__Bacteria; p__; g__; s__", ""),
        ("g__[Abanella]", "[Abanella]"),
        *((text, None) for text in ("Smith; John", "Abanella", "a: b")),
    ],
)
def test_the_genus_is_the_rank(lineage: str, genus: str | None) -> None:
    """By its prefix, its word, behind the family or by its depth; never the last name that there is."""
    assert genus_of(lineage) == genus


def lpsn_rows(*statuses: str) -> str:
    """A genus in rows of LPSN with these statuses."""
    return LPSN_HEADER + "".join(f'\nAbanella,,,Ref,"VL; {status}",Doe,,,,,' for status in statuses)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        (LPSN, [*LPSN_KINDS.values()]),
        (lpsn_rows("synonym", "correct name"), ["name"]),
        (lpsn_rows("correct name", "illegitimate name"), ["name"]),
        (lpsn_rows("illegitimate name", "correct name"), ["name"]),
        (lpsn_rows("published, rejected name; correct name"), ["rejected"]),
        (COLDP, ["name", "synonym", "rejected", "name"]),
        ("name,rank,status,nomenclaturalStatus\nAbella,genus,accepted,nom. rej.\nBora,genus,Candidatus,\n"
         "Cora,genus,incorrect spelling,\nD,genus,synonym,valid\n", ["rejected", "candidatus", "rejected", "synonym"]),
        (NCBI, ["name", "name", "rejected", "candidatus"]),
        ("name,rank\nBora alba,species\nAbella alba,species\nAbella,genus\n", ["species", "name"]),
        ("genus,note\nAbella,misspelling\n", ["name"]),  # a column that is not for that
        ('"","taxonomy"\n"bare soil","d__A;g__Abella"\n', ["name"]),  # nor is that of the samples' names
    ],
)  # fmt: skip
def test_each_genus_has_its_standing(text: str, kinds: list[str], tmp_path: Path) -> None:
    """The last clause of LPSN's status counts, and the genus's own row before those of its species; best of several."""
    assert [entry.kind for entry in read(place(tmp_path, text)).entries] == kinds


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("code,x\n1,Abanella\n2,Bora\n", "looks like a table between commas, of no known kind (code, x); choose with"),
        ("Abanella\t12\nBora\t3\n", "looks like a table between tabs, of no known kind (Abanella, 12)"),
        ("a|b\nc|d\n", "looks like a table between bars"),
        ("Smith; John\nDoe; Jane\n", "looks like a table between semicolons"),
        ("Abanella, Bora, Coccus\n", "looks like a table between commas, of no known kind (Abanella, Bora, Coccus);"),
        ("TY  - JOUR\nTI  - Abanella\n", "most lines are several words, as in a text or table ('TY  - JOUR'); for"),
        ("Abanella alba\nBora alba\n", "most lines are several words"),
        ("Abanella_alba\nBora_alba\n", "does not look like a list of names ('Abanella_alba'); for towns"),
        ("GCF_1.1\nGCF_2.1\n", "does not look like a list of names"),
        ("Bacteria\n  Alphota\n    Abanella\n", "is indented like a tree"),
        (">AB1 Abanella alba\nACGT\n", "is no name, though others are ('>AB1 Abanella alba')"),
        ('"","genus"\n"1",\n"2",NA\n', "column of genera, but without any genus"),
        ("rank,scientificName\nfamily,Alphaceae\n", "names with their ranks, but without any genus"),
        ("a\tg__Bora;s__\td__Bacteria;g__Cora\n", "has two lineages; choose one with --column"),
        ("genus,family\nBora,Alphaceae\nBo, ra,Alphaceae\n", "has 3 cells, and rows above have 2; repair"),
        ("genus_name,sp_epithet,status\nAbanella,alba,x\nBora\n", "has 1 cell, and rows above have 3"),
        ("genus,family\nBora,Alphaceae\ngenus_name,status\n", "has 'genus_name' where a name should stand"),
        (LPSN_HEADER + "\n", "LPSN genus and species rows, but without any genus; choose a"),
        ("# note\nID,species,genus\n\n", "column of genera, but without any genus; choose a"),
        ('{"a": 1}', "is JSON, but without genera (its keys: a)"),
        ('{"genus": "Abanella"', "is JSON that is cut off, damaged or nested too deeply"),
        (NODES, "is a dump of NCBI, but not one of names"),
    ],
)  # fmt: skip
def test_what_is_no_list_says_what_it_looks_like(text: str, what: str, tmp_path: Path) -> None:
    """One line says what was seen, what it looks like, and which option would read it; nothing comes out."""
    assert refusal(place(tmp_path, text)).lstrip(":0123456789 ").startswith(what)


def test_blanks_are_for_the_profile_any_and_said(tmp_path: Path) -> None:
    """Some lines of several words are read and counted; a list of them needs the profile, and prose stays none."""
    path = place(tmp_path, "Bora\nNew York\nCaro\n")
    assert describe(read(path)) == f"{path}: plain list, UTF-8, 3 names; 1 of several words"
    towns = place(tmp_path, "San Juan\nSanta Cruz de Tenerife\nLa Paz\n")
    assert "--profile any" in refusal(towns)
    assert describe(read(towns, profile="any")).endswith("3 of several words")
    assert refusal(place(tmp_path, "This is a text of words.\n" * 3), profile="any")


BULLETS = "bullets, numbers, quotes or comments removed"
INVISIBLE = (
    "4 invisible characters removed (soft hyphen, zero width space, zero width no-break space, no-break space); "
)
INVISIBLE += "1 of several words"


@pytest.mark.parametrize(
    ("text", "names", "note"),
    [
        ("name\nAbella\nBora", "Abella\nBora", "heading 'name' passed over"),
        *(
            (text, "Abella\nBora", BULLETS)
            for text in ("- Abella\n- Bora", "* Abella\n* Bora", "1. Abella\n2. Bora", "Abella  # new\nBora")
        ),
        ('"Abella"\n"Bora"', "Abella\nBora", BULLETS),
        ("Ab\xadella\nBora\u200b\n\ufeffNew\xa0York\nعلی\u200cرضا", "Abella\nBora\nNew York\nعلی\u200cرضا", INVISIBLE),
        ("id\ttaxonomy\n1\tg__Bora;\n2\tg__;\n", "Bora", "1 lineage without a genus, the first in line 3"),
    ],
)
def test_what_is_no_part_of_names_goes_and_is_said(text: str, names: str, note: str, tmp_path: Path) -> None:
    """A heading, bullets and numbers that all have, soft hyphens, empty lineages; joiners of Persian stay."""
    reading = read(place(tmp_path, text))
    assert ([entry.text for entry in reading.entries], "; ".join(reading.notes)) == (names.split("\n"), note)


GENERA = ["Abanella", "Borivibrio", "Durella"]


@pytest.mark.parametrize(
    ("text", "wanted", "found"),
    [
        *((TABLE, "genus of it", GENERA), (TABLE, "Genus Of It", GENERA), (TABLE, "2", ["genus of it", *GENERA])),
        ("Wanted\nAbano\nNew York\n", "wanted", ["Abano", "New York"]),
        *(("Abano\nNew York\n", "1", ["Abano", "New York"]), ("name,notes\nAbano,\n", "name", ["Abano"])),
        ("a\tb\nd__Bacteria;g__Bora\td__Bacteria;g__Cora;s__\n", "b", ["Cora"]),
        ("a\nd__A;g__Bora\nd__A;o__B\nUnassigned\nk__A;g__Cora\n", "a", ["Bora", "Cora"]),  # lineages without a genus
        *((f"{head}\n1,Abella\n", "x", ["Abella"]) for head in (",x", '"","x"')),  # as pandas and R name rows
        ('"x"\n"1" "Abella"\n', "x", ["Abella"]),
        ("Abella;0,5\nBoria;1,25\n", "1", ["Abella", "Boria"]),  # commas of decimals stand in as many places
    ],
)
def test_a_column_is_named_or_numbered(text: str, wanted: str, found: list[str], tmp_path: Path) -> None:
    """By its name in any case below the header, by its number from the first row; of lineages the genus is meant."""
    path = place(tmp_path, text)
    assert texts(path, column=wanted) == texts(path, column=wanted, input_format="table") == found


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_column_below_banner_and_comments(delimiter: str, tmp_path: Path) -> None:
    """The header may stand below other lines; quotes may hold the delimiter, quotes and line ends."""
    text = f'# date: 2021-03-04\nA banner\n\nid,"wanted"\n1,Abano\n2,"Ba{delimiter} ""b"""\n3,"New\nYork"\n'
    reading = read(place(tmp_path, text.replace(",", delimiter)), column="wanted")
    assert [(e.line, e.text) for e in reading.entries] == [(5, "Abano"), (6, f'Ba{delimiter} "b"'), (7, "New York")]
    assert reading.date == "2021-03-04"


@pytest.mark.parametrize(
    ("text", "column", "what"),
    [
        (TABLE, "species", ": has no column 'species'; its first row is: code, genus of it, note"),
        ("genus,n,genus\nAbella,1,Bora\n", "genus", ": has two columns 'genus'; its first row is: genus, n, genus"),
        *((TABLE, name, f": has no column {name!r}; its first row is: code") for name in ("-x", 5000 * "9")),
        (TABLE, "4", ": has no column '4'; its first row is: code, genus of it, note"),
        ("", "4", ": has no column '4'; its first row is: empty"),
        ('a,b\n1,x\n2,"y\n3,z\n', "b", ":3: a quote is opened and not closed"),
        ('a,b\n1,"x" y\n', "b", ":2: a quote is opened and not closed, or followed by letters"),
    ],
)
def test_columns_that_cannot_be_read(text: str, column: str, what: str, tmp_path: Path) -> None:
    """A missing column and quotes that do not close are named with their place."""
    assert refusal(place(tmp_path, text, "t.csv"), column=column).startswith(what)


UNKNOWN = [*(f"encoding={word}" for word in ("klingon", "idna", "hex", "a\0b")), "column=0", "column=-1", "column= "]


@pytest.mark.parametrize("option", ["input-format=excel", *UNKNOWN])
def test_words_that_mean_nothing_are_usage_errors(option: str, tmp_path: Path) -> None:
    """Unknown formats and encodings, columns that cannot be, and a column for a format that has none."""
    name, _, value = option.partition("=")
    with pytest.raises(UsageError, match=f"--{name} "):
        read(place(tmp_path, TABLE), **{name.replace("-", "_"): value})
    with pytest.raises(UsageError, match="--column is for tables"):
        read(place(tmp_path, TABLE), input_format="lines", column="genus of it")
