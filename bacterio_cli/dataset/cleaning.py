"""Cleaning: which spellings are names to learn, and why the others are none."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence

from bacterio_cli.dataset import LONGEST_LINE, nfc
from bacterio_cli.dataset.readers.sources import CANDIDATUS, Entry, Reading
from bacterio_cli.dataset.readers.text_files import INVISIBLE
from bacterio_cli.errors import UNPRINTABLE, InputError

LEARNED = ("name", "synonym")  # the kinds of entries that a corpus keeps
# So end nearly all genera, and every second surname does not.
LATIN_WORD = re.compile("[A-Z][a-z]*(?:[aeimosx]|er|en|or|on|oc|oid|ar|an)")
# What stands where a name is missing, or below a table. Words that do not end like Latin need no entry for that.
STAND_INS = {*re.findall(r"\w+", """
    candidatus environmental metagenome unassigned unclassified uncultured undetermined unidentified unknown chloroplast
    mitochondria genus archaea bacteria bacterium eukaryota none null organism other others total sonstige
    autre autres otros altri negative rare average mean ambiguous multiple sum summe richness shannon idem incertae
    abbreviations contamination references human miscellaneous aerobes anaerobes median controls maximum minimum yes no
    female male man woman
""")}  # fmt: skip
FEW = 20  # names too few for a glossary to tell what they are

# The reasons, as a report prints them: "5 placeholders, 2 duplicates".
DUPLICATES, REJECTED, CANDIDATUS_NAMES = "duplicates", "not correct in the source", "Candidatus"
PLACEHOLDERS, RANK_ENDINGS = "placeholders", "rank endings"
# Those that speak against the whole list if most of it is dropped for them.
MARKED, LOWER_CASE, TWO_WORDS, OTHER_LETTERS = "brackets or quotes", "lower case", "two words", "letters outside A-Z"
LOOK_ALIKES, CONTROL, TOO_LONG = "letters of two scripts", "control characters", f"longer than {LONGEST_LINE}"
UNLIKE_LATIN = "unlike Latin"  # by their endings
UNLIKE_GENERA = {MARKED, LOWER_CASE, TWO_WORDS, OTHER_LETTERS, LOOK_ALIKES, CONTROL, TOO_LONG}

# How names of ranks above the genus end, or are called.
HIGHER_RANKS = (
    "aceae", "ales", "ota", "ineae", "oideae", "bacteria", "bacteriia", "mycetes", "cutes", "detes", "flexi", "spirae",
    "chaetes", "microbia", "bacilli", "clostridia", "fungi", "viruses",
)  # fmt: skip
# What says nothing of what other lines are: numbers, marks, placeholders, species; and what may stand around a name.
ODD = re.compile(
    r"[\d\s.,–-]*|[A-Za-z]|(?i:na|un(?:classified|cultured|identified) .*)|.*[*†‡¹²³⁰-⁹-]|[a-z]__"
    r"|[A-Z]{2}[A-Z\d-]*\d[A-Z\d-]*|[A-Z][a-z]+(?:[-/][A-Z][a-z]+|-\d+| [a-z]+)|.*_.*"
)
DRESS = " .•[](){}\"'`‘’“”„«»"
LATIN, OTHER = "[A-Za-z\u00c0-\u024f]", "[\u0370-\u03ff\u0400-\u052f]"  # Greek, Cyrillic: some letters look Latin
MIXED = re.compile(f"{LATIN}[\\w'-]*?{OTHER}|{OTHER}[\\w'-]*?{LATIN}")
# What a composed spelling has that is not one capital and small letters; the first that is found is the reason.
FLAWS = (
    (TOO_LONG, re.compile(f".{{{LONGEST_LINE + 1}}}", re.DOTALL)),
    (CONTROL, UNPRINTABLE),
    (CANDIDATUS_NAMES, re.compile("^" + CANDIDATUS.pattern, re.IGNORECASE)),
    (MARKED, re.compile("[][(){}<>\"'`´‘’‚“”„«»]")),
    (PLACEHOLDERS, re.compile(f"^({'|'.join(STAND_INS)})?( |$)|incertae[ -]sedis", re.IGNORECASE)),
    (TWO_WORDS, re.compile(" ")),
    (PLACEHOLDERS, re.compile("[0-9_]|^-+$")),
    (LOOK_ALIKES, MIXED),
    (OTHER_LETTERS, re.compile("[^A-Za-z]")),
    (PLACEHOLDERS, re.compile("^[A-Z]")),  # and capitals inside, as JAAAAA and GpVIII have them
    (LOWER_CASE, re.compile("")),
)


Dropped = dict[str, list[tuple[str, str]]]  # by reason `file:line` of each entry, and how it was spelled


def describe(reading: Reading) -> str:
    """What a source was taken for: 'lpsn.csv: LPSN genus and species rows, UTF-8, 1,234 names'."""
    count = sum(entry.kind in LEARNED for entry in reading.entries)
    notes = "".join(f"; {note}" for note in reading.notes)
    return f"{reading.source}: {reading.label}, {reading.encoding}, {count:,} name{'s' * (count != 1)}{notes}"


def cleaned(readings: Iterable[Reading], profile: str) -> tuple[dict[str, None], Dropped]:
    """(distinct names in the order of their first appearance, what was dropped).

    InputError with the place if `any` meets what cannot be a name, and for a source most of which is no genus, or of
    which a tenth and more than one has the ending of a higher rank: those without such an ending would be taken.
    """
    names: dict[str, None] = {}
    dropped: Dropped = {}
    for reading in readings:
        unlike, ranks = list[str](), list[str]()
        for entry in reading.entries:
            name, reason = name_and_reason(entry, reading, profile)
            if not reason and name not in names:
                if name:
                    names[name] = None
                continue
            reason = reason or DUPLICATES
            unlike += [reason] * (reason in {*UNLIKE_GENERA, UNLIKE_LATIN})
            ranks += [name] * (reason == RANK_ENDINGS)
            text = f"{name} ({strangers(name)})" if reason == LOOK_ALIKES else entry.text
            dropped.setdefault(reason, []).append((f"{reading.source}:{entry.line}", text[:80]))
        refuse_other_things(reading, unlike, "--profile any")
        if len(ranks) > 1 and 10 * len(ranks) > len(reading.entries) and not reading.insisted:
            what = f"{len(ranks):,} of {len(reading.entries):,} entries are of higher ranks, such as {ranks[0]}"
            raise InputError(reading.source, what, "give the genera alone, or pass --profile any to keep every line")
    return names, dropped


def refuse_other_things(reading: Reading, unlike: Sequence[str], option: str) -> None:
    """InputError if most of a source is unlike genera, for these reasons; the `option` would keep every line."""
    if 2 * len(unlike) > len(reading.entries) and not reading.insisted:
        reasons = ", ".join(dict.fromkeys(unlike))
        what = f"{len(unlike):,} of {len(reading.entries):,} entries are no genera ({reasons})"
        remedy = f"pass {option} to keep every line, or name the column of genera with --column"
        raise InputError(reading.source, what, remedy)


def name_and_reason(entry: Entry, reading: Reading, profile: str) -> tuple[str, str | None]:
    """(the name of an entry, "" for none; why it is dropped, None if it is not).  InputError as of `cleaned`."""
    if entry.kind == "species":
        return "", None
    if entry.kind not in LEARNED:
        return entry.text, CANDIDATUS_NAMES if entry.kind == "candidatus" else REJECTED
    if profile == "genus":
        name = composed(entry.text).removeprefix("g__")
        return name, flaw(name)
    name = clean(entry, reading.source)
    if not (name.isascii() or reading.insisted) and (odd := strangers(name)):
        what = f"{name!r} has letters of two scripts ({odd})"
        raise InputError(f"{reading.source}:{entry.line}", what, "mend it, or keep it with --input-format lines")
    return name, None


def guess_profile(readings: Sequence[Reading], look_like_genera: Callable[[Sequence[str]], bool] | None) -> str:
    """`genus` if a source holds genera and nothing else, or if the names look like some; else `any`.

    Of a few names three of four words are to have a Latin ending; of more `look_like_genera` is asked.
    """
    if any(reading.taxonomic for reading in readings):
        return "genus"
    texts = [entry.text.strip(DRESS) for reading in readings for entry in reading.entries]
    words = [t for t in texts if not (ODD.fullmatch(t) or CANDIDATUS.match(t) or t.lower() in STAND_INS)]
    if len(words) < FEW:
        genera = 4 * sum(LATIN_WORD.fullmatch(text) is not None for text in words) >= 3 * len(words) > 0
    else:
        genera = look_like_genera is not None and look_like_genera(words)
    return "genus" if genera else "any"


def clean(entry: Entry, where: str) -> str:
    """The name of an entry: composed (NFC), outer blanks removed and inner ones made single; "" if there is none.

    Raises InputError with the place for what cannot be a name.
    """
    text = entry.text.strip()
    if not text or text.startswith("#"):
        return ""
    place, name = f"{where}:{entry.line}", composed(text)
    if len(name) > LONGEST_LINE:
        remedy = f"a name has at most {LONGEST_LINE}: one name a line"
        raise InputError(place, f"the line has {len(name):,} characters", remedy)
    if found := UNPRINTABLE.search(text):
        what = f"control character U+{ord(found[0]):04X} in the line"
        remedy = "remove it: a plain list has one name a line; of a table name a column with --column"
        raise InputError(place, what, remedy)
    return name


def composed(text: str) -> str:
    """The text in NFC, outer blanks removed and inner ones made single."""
    return " ".join(nfc(text).split())


def reads_back(name: str) -> bool:
    """Whether a list that holds a name gives it again: it is no comment, and nothing of it is mended on the way."""
    return name[:1] != "#" and not INVISIBLE.search(name) and name == composed(name)


def strangers(name: str) -> str:
    """The letters of a word in two scripts that are of the rarer one, with their names; "" if there is no such word."""
    if not MIXED.search(name):
        return ""
    latin, other = re.findall(LATIN, name), re.findall(OTHER, name)
    odd = dict.fromkeys(other if len(other) <= len(latin) else latin)
    return ", ".join(f"{letter} is {unicodedata.name(letter, '').lower()}" for letter in odd)


def flaw(name: str) -> str | None:
    """Why a composed spelling is no genus name to learn; None if it is one; -ia, as of classes, is common."""
    if len(name) > LONGEST_LINE or not re.fullmatch("[A-Z][a-z]+", name):
        return next(reason for reason, found in FLAWS if found.search(name))
    if name.lower().endswith(HIGHER_RANKS):
        return RANK_ENDINGS
    if name.lower() in STAND_INS:
        return PLACEHOLDERS
    return None if LATIN_WORD.fullmatch(name) else UNLIKE_LATIN
