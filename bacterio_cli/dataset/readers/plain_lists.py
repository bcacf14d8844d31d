"""Plain lists, a name a line with `#` comments; and what a text looks like that is none."""

import re
from collections.abc import Sequence

from bacterio_cli.dataset.readers import sources
from bacterio_cli.dataset.readers.genera import key_of, require_genera
from bacterio_cli.dataset.readers.sources import CANDIDATUS, Entry, Reading, counted
from bacterio_cli.dataset.readers.text_files import Text
from bacterio_cli.errors import InputError

# What stands in tables, sentences, code, paths and identifiers.
SIGNS = re.compile(r"[\d_={}()\[\];:,<>|\t\\@$%&*+~^?!/、，；†‡]|\w\.\w")
PLACEHOLDER = re.compile(r"[A-Z][A-Za-z\d-]*(?:_[A-Z]{1,2})?")  # UBA1234, Bacillus_A
BULLET = re.compile(r"^(?:[-*+•·–▪▫◦‣○●■\uf0b7]|\(?\d+[.):])\s+(?=\S)")  # or a number
AROUND = re.compile(r"^([\"'`]|[*_]{1,3}|'{2,5})(\w.*)\1\Z")  # quotes, italics of Markdown or of a wiki
# No name, whatever the others are.
FOREIGN = re.compile(r"^[>@]|^\d+ +\d+$|^[A-Z][a-z]+: |__.*__|://|[,;|=<>{}\t][^,;|=<>{}\t]*[,;|=<>{}\t]")
DELIMITERS = {"\t": "tabs", ",": "commas", ";": "semicolons", "|": "bars"}
INSIST = "--input-format lines takes every line for a name"
HEADED = 1_000  # lines to a heading at most: of more names one may be Kingdom or Reich
MOST_WORDS = 4  # of a name, as in Santa Cruz de Tenerife


def lines(text: Text) -> Reading:
    """Each line that is neither blank nor a comment, outer blanks removed, whatever it is."""
    stripped = enumerate(map(str.strip, text), 1)
    return Reading(counted((Entry(n, line) for n, line in stripped if line and line[0] != "#"), text.where))


def read(text: Text, *, blanks: bool) -> Reading:
    """The entries of a list in which most lines are one word, or with `blanks` a few; InputError for anything else."""
    indents = [len(line) - len(line.lstrip()) for line in text.head if line.lstrip()[:1] not in ("", "#")]
    if sum(indent > min(indents) for indent in indents[1:]) > 1:
        raise InputError(text.where, "is indented like a tree", INSIST)
    return list_of(lines(text).entries, text.where, blanks=blanks)


def list_of(entries: list[Entry], where: str, *, blanks: bool) -> Reading:
    """A plain list of these entries, without their bullets, quotes and heading; InputError if most are no names."""
    notes, heading, given = [], "", entries
    entries = [
        e if e.text.isalpha() else e._replace(text=AROUND.sub(r"\2", BULLET.sub("", e.text)).rstrip("*†‡"))
        for e in given
    ]
    if entries != given:
        notes.append("bullets, numbers or quotes removed")
    ranks = [e for e in entries if not blanks and e.text.rstrip(":").lower() in sources.ABOVE_GENUS]
    if len(entries) < HEADED * len(ranks):
        what = f"has the heading {ranks[0].text!r}: what follows is no genus"
        raise InputError(f"{where}:{ranks[0].line}", what, INSIST)
    if entries and key_of(entries[0].text) in sources.HEADINGS:
        heading = entries.pop(0).text.removesuffix(":")
        notes.append(f"heading {heading!r} passed over")
    if heading and not entries:
        raise InputError(where, f"has a heading, {heading!r}, and nothing below it", "give the whole list")
    odd, several = list[Entry](), 0
    for entry in entries:
        if entry.text.isalpha() or PLACEHOLDER.fullmatch(entry.text):  # nearly all are, and there may be a million
            continue
        count = len(CANDIDATUS.sub("", entry.text).split())
        several += count > 1
        if count > (MOST_WORDS if blanks else 1) or SIGNS.search(entry.text) or not re.search(r"[^\W\d_]", entry.text):
            odd.append(entry)
    if 2 * len(odd) > len(entries):
        raise InputError(where, *refusal([entry.text for entry in entries], several))
    if foreign := next((entry for entry in odd if FOREIGN.search(entry.text)), None):
        raise InputError(f"{where}:{foreign.line}", f"is no name, though others are ({foreign.text[:60]!r})", INSIST)
    if several:
        notes.append(f"{several:,} of several words")
    if strange := [entry for entry in odd if SIGNS.search(entry.text)]:
        notes.append(f"{len(strange):,} unlike a name, such as {strange[0].text[:30]!r} in line {strange[0].line}")
    found = Reading(entries, taxonomic=key_of(heading) in sources.GENUS_COLUMNS.split("|"), notes=tuple(notes))
    return require_genera(found, where) if found.taxonomic else found


def refusal(texts: Sequence[str], several: int) -> tuple[str, str]:
    """What a text that is no list looks like, and what would read it."""
    seen = texts[0]
    mark = max(DELIMITERS, key=seen.count)
    cells = [cell.strip(' "')[:20] for cell in seen.split(mark)]
    if 2 * sum(mark in text for text in texts) > len(texts):
        if len(texts) == 1 and len(cells) > 2:
            return f"is one line of {len(cells)} cells between {DELIMITERS[mark]}", "put each name on a line of its own"
        what = f"looks like a table between {DELIMITERS[mark]}, of no known kind ({', '.join(cells[:12])})"
        return what, "choose with --column NAME or N"
    if 2 * several > len(texts):
        what = f"most lines are several words, as in a text or table ({seen[:60]!r})"
        return what, f"for towns and the like pass --profile any; {INSIST}"
    return f"does not look like a list of names ({seen[:60]!r})", INSIST
