"""The glossary: the file that ships, files of the user's own, and looking words up."""

import gzip
import re
from collections import Counter
from pathlib import Path

import pytest
from support.processes import ROOT, write_names

from bacterio_cli.errors import FileError, InputError, UsageError
from bacterio_cli.nomenclature.glossary import FORMS, GRAMMAR, Word, glossary, read_words, standard

FILE = ROOT / "data" / "elements.tsv"
ONCE = "beer,carbon dioxide,carbon monoxide,comma,compost,estuary,manganese,methane,oxygen,uranium,vent"
GOOD = "seoulum\tN.L.\tneut. n.\tseoul\ti\t\tSeoul, the city\tseoul"


def test_the_file_that_ships_keeps_its_format() -> None:
    """A thousand sound lines and more, each word once per language and grammar, and none that is a bare inflection."""
    words = read_words(str(FILE))
    assert words == [*standard().words]
    assert FILE.read_text(encoding="utf-8").isascii()
    assert len({(word.word, word.language, word.grammar) for word in words}) == len(words) > 1000
    assert [word for word in words if not 1 <= len(word.sense.split()) <= 4] == []
    assert not {"person", "named", "honours"} & set(re.findall("[a-z]+", " ".join(word.sense for word in words)))
    assert not {"a", "ia", "um", "ium", "us", "ius", "is", "on", "es"} & standard().finals.keys()


def test_keywords_that_ship_are_of_several_words() -> None:
    """A keyword of a single word is a slip of the pen, but for those that are listed here."""
    counts = Counter(keyword for word in standard().words for keyword in word.keywords.split(",") if keyword)
    assert {keyword for keyword, count in counts.items() if count == 1} == {*ONCE.split(",")}
    assert standard().keywords == sorted(counts)


def test_words_by_their_forms() -> None:
    """Stems and finals, with a gender, lead to all their words; one first in a name has its usual linking vowel."""
    stems, finals = standard().stems, standard().finals
    assert [(word.word, gender) for word, gender in finals["thrix"]] == [("thrix", "f")]
    assert [(word.word, gender) for word, gender in finals["adhaerens"]] == [("adhaerens", "")]  # the author decides
    assert {word.sense for word in stems["sol"]} == {"soil", "sun", "alone, single"}
    assert [word.beginnings for word in (stems["therm"][0], stems["neo"][0])] == [("thermo",), ("neo",)]
    assert finals["oxidans"][0][0].beginnings == ()


@pytest.mark.parametrize(
    ("topic", "word"),
    [
        ("soil", "solum"), (" Hot Spring ", "thermae"), ("red", "erythros"), ("stick", "fustis"), ("cudgel", "fustis"),
        ("bacchic", "thyrsus"), ("Bacchic staff", "thyrsus"),
    ],
)  # fmt: skip
def test_words_about_a_topic(topic: str, word: str) -> None:
    """A keyword, a sense or a word of it finds the words that have it, whatever its capitals."""
    assert word in {found.word for found in standard().about(topic)}
    assert standard().about("no such topic") == ()


def test_own_words_come_first(tmp_path: Path) -> None:
    """A user's word stands before those that ship, and is found by its keyword; without keywords the tab may lack."""
    own = ["# mine", "", GOOD, "solus\tN.L.\tmasc. n.\tsol,soll\ti\tsolus:m,solla:f\tour field"]
    words = glossary([str(write_names(tmp_path, own))])
    assert [(form, words.finals[form][0][1]) for form in ("solus", "solla")] == [("solus", "m"), ("solla", "f")]
    assert words.stems["seoul"] == [Word(*GOOD.split("\t"))]
    assert words.stems["sol"][0] == words.stems["soll"][0] == words.about("our field")[0]
    assert words.about("SEOUL")[0].word == "seoulum"
    assert glossary() is standard()


def test_keywords_of_own_words_are_found_however_they_are_typed(tmp_path: Path) -> None:
    """With capitals, and with blanks around the commas, as a sense has them."""
    words = glossary([str(write_names(tmp_path, [GOOD.removesuffix("seoul") + "Big town , Han river"]))])
    assert [words.about(topic)[0].word for topic in ("big town", "Han River", "Seoul")] == ["seoulum"] * 3
    assert {"big town", "han river"} < {*words.keywords}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        *(("thermos", "1 columns instead of 8"), (GOOD + "\tmore", "9 columns instead of 8")),
        (GOOD.replace("seoulum", "Seoulum", 1), "the word 'Seoulum' is not in small letters a to z"),
        (GOOD.replace("N.L.", "NL"), "the language 'NL' is not L., Gr. or N.L."),
        (GOOD.replace("neut. n.", "noun"), f"the grammar 'noun' is not one of {', '.join(GRAMMAR)}"),
        (GOOD.replace("\tseoul\t", "\tséoul\t"), "the stems 'séoul' is not stems of small letters with commas between"),
        (GOOD.replace("\ti\t", "\tx\t"), "the links 'x' is not vowels, or - for none, with commas between"),
        (GOOD.replace("\ti\t", "\t\t"), "stems and links are given together or not at all"),
        (GOOD.replace("\ti\t\t", "\ti\tseoulum\t"), f"the finals 'seoulum' is not {FORMS['finals'][1]}"),
        (GOOD.replace("\tseoul\ti\t", "\t\t\t"), "neither a stem nor a final form"),
        (GOOD.replace("Seoul, the city", ""), "the sense '' is not there"),
    ],
)
def test_faults_are_named_with_their_line(tmp_path: Path, line: str, says: str) -> None:
    """What is wrong with a line is an error that names file, line and fault; a word that stands twice is none."""
    source = str(write_names(tmp_path, [GOOD, GOOD, line]))
    with pytest.raises(InputError) as caught:
        glossary([source])
    assert str(caught.value) == f"{source}:3: {says}; a line has {', '.join(FORMS)}, with tabs between"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (GOOD.encode() + b"\n\xe9", r":2: byte 0xe9 is not UTF-8; save it as UTF-8"),
        (gzip.compress(GOOD.encode() + b"x" * 10**6, 1), r":1: goes beyond 10,000,000 lines of at most 1,000,000"),
        (bytes(99), "is a binary file"),
        (b"\n# seoulum", "has no words; give lines of word, language,"),
    ],
    ids=["encoding", "line", "binary", "empty"],
)
def test_files_that_are_no_glossary(data: bytes, says: str, tmp_path: Path) -> None:
    """What is no text, or has lines beyond the limits of lists, is refused before all of it is held, though packed."""
    (tmp_path / "odd.tsv").write_bytes(data)
    with pytest.raises(InputError, match=says):
        glossary([str(tmp_path / "odd.tsv")])


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """Nothing is read without end, and what is not there is named."""
    with pytest.raises(InputError, match="/dev/zero: is a binary file"):
        glossary(["/dev/zero"])
    with pytest.raises(FileError, match="cannot read"):
        glossary([str(tmp_path / "none.tsv")])
    with pytest.raises(UsageError, match="the name of a list is empty; name a file"):
        glossary([""])
