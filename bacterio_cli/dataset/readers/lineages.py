"""The genera of rows and of lineages, whose ranks are told in many ways; each once, with its standing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from bacterio_cli.dataset import MOST_ENTRIES
from bacterio_cli.dataset.readers import sources
from bacterio_cli.dataset.readers.records import CANDIDATUS, RANKING, Entry, Reading
from bacterio_cli.dataset.readers.sources import GENUS_RANKS, Source
from bacterio_cli.dataset.readers.text_files import Text
from bacterio_cli.errors import InputError

HEAD = 200  # lines that decide about the shape; of FASTA all that are shown, since sequences are among them
TOP = re.compile(
    r"(?:^|[;|,=\s\">:])(?:[dk](?:__|:)|D_0__)?\"?(?:(Bacteria|Archaea)|Eukary\w+|Fungi|Plantae|Animalia)\b"
)
BEFORE = r"(?<![^;|,=\s\"])"
PREFIX = re.compile(BEFORE + r"(?:[dkpcofgsrt]__|D_\d\d?__|[dk]:[A-Z][^;,:]*,p:)")
GENUS = re.compile(BEFORE + r"(?:g__|D_5__|(?<=,)g:)([^;|,\t\"]*)")
# A confidence, a footnote, or what GTDB's FASTA says of the sequence. Not within blanks: else time grows with their
# square.
SUFFIX = re.compile(r"(?<!\s)\s*(?:\([\d.]+\)|: [\d.]+|\[\w+=.*|\[\w{1,2}\])$")
BETWEEN = re.compile(r"unclassified .*|incertae sedis|.*(?:(?<!ac)eae|inae|oideae| group| complex| clade| cluster)")
RANKED = re.compile(r"\t(?:rootrank|domain)\t.*\t([^\t]*)\tgenus\t")  # as RDP's classifier alternates name and rank
DOMAINS = {"bacteria", "archaea"}
STICKS = {"Bacteria"}  # a genus of insects, where a rank says so
ROOTS = {"root", "cellular organisms"}
TOPS = DOMAINS | ROOTS | {"eukaryota", "eukarya", "unassigned", "unclassified", "unknown", "viruses"}
AUTHOR = re.compile(  # and what stands before one: behind a genus stands nothing else in small letters but an epithet
    r"(?:\s*[,(\[]|\s+(?=[(\[A-Z\u00c0-\u017d\d&'\"]|d'|al-|(?:ex|de|da|del|den|der|des|di|dos|du|la|le|ten|ter|van|von|zu"
    r"|et|and|in|auct|emend|hort|nec|nom|non|sensu)\b)).*"
)
MARK = re.compile(r"^(?:[×✕†‡]\s*|[xX]\s+(?=[A-Z]))")  # of a hybrid or a fossil
GENUS_NAME = re.compile(r"(?:Candidatus[ _])?[A-Z][\w-]*[a-z]")

Rows = Iterable[tuple[int, list[str]]]  # (line, cells), of which the last is "", for places that there are not
LINEAGE = 0, -1, -1, 1  # the places of a row that has a lineage, its domain and that last cell


@lru_cache(64)  # cells may be long
def genus_of(text: str) -> str | None:
    """The genus of a lineage, "" if it has none; None if the text is no lineage.

    Without prefixes, where words for the ranks alternate with the names, it is the one before `genus`. Else, of
    bacteria and archaea, the one behind the family, which is known by its ending, and behind its tribes and groups; or
    the fifth below the domain. A name that stands above already (Chloroplast; Chloroplast) fills a gap.
    """
    if "__" in text or ":" in text:
        if found := GENUS.search(text):
            return SUFFIX.sub("", found[1].strip()).strip(" '\"")
        if PREFIX.search(text):
            return ""
    if ";" not in text:
        return None
    text = text.removeprefix("Lineage=").rstrip(" .")  # as GenBank ends one
    parts = [SUFFIX.sub("", part.strip(" \"'")).strip(" \"'") for part in text.split(";")]
    parts = parts if parts[-1] else parts[:-1]
    words = [part.lower() for part in parts]
    if not words or words[0] not in TOPS:
        return None
    if len(parts) > 1 and words[1] in ("rootrank", "domain", "norank"):
        return parts[2 * words[1::2].index("genus")] if "genus" in words[1::2] else ""
    top = next((k for k, word in enumerate(words) if word not in ROOTS), 0)
    families = [k for k, word in enumerate(words) if word.endswith("aceae") and " " not in word]
    place = families[-1] + 1 if families else top + 5
    while families and place < len(parts) and BETWEEN.fullmatch(words[place]):
        place += 1
    return parts[place] if words[top] in DOMAINS and place < len(parts) and words[place] not in words[:place] else ""


def plain(cell: str) -> str:
    """A cell without blanks at its edges, line ends in it, and quotes around it that were read as letters."""
    cell = cell.strip().replace("\n", " ")
    return cell[1:-1] if len(cell) > 2 and cell[0] == cell[-1] == '"' else cell


@lru_cache(64)  # ranks, standings and scopes are few
def rank_of(cell: str) -> str:
    """A rank without case and dot: "gen." is gen."""
    return plain(cell).lower().rstrip(".")


@lru_cache(64)  # cells may be long
def taxon(cell: str, *, lineage: bool, ranked: bool) -> str:
    """The name in a cell, "" if there is none: a lineage's genus; of a row of rank genus, without its authors."""
    if cell.isascii() and cell.isalpha():  # most are
        return "" if lineage or (cell.lower() in sources.MISSING and not (ranked and cell in STICKS)) else cell
    text = re.sub("<sup>.*?</sup>|</?[a-zA-Z]{1,3}>", "", cell).strip() if "<" in cell else cell
    text = SUFFIX.sub("", MARK.sub("", text.replace("*", "").rstrip("†‡")))
    if text.lower() in sources.MISSING or not any(map(str.isalpha, text)):
        return ""
    genus = None if text.isalpha() else genus_of(text)
    if ranked and ";" in text and not genus:
        return text.rstrip("; ").rpartition(";")[2].strip()
    if lineage or genus is not None:
        return genus or ""
    name = GENUS_NAME.match(text) if ranked else None
    return name[0] if name and AUTHOR.fullmatch(text, name.end()) else text


@lru_cache(64)  # cells may be long
def standing(status: str, words: str) -> str:
    """The kind that a status says, in the `words` of one of KINDS; "" for none."""
    status = plain(status).lower().replace("_", " ")
    clause = status.rstrip("; ").rpartition(";")[2].partition(",")[0].strip() if words else status
    return next(kind for pattern, kind in sources.KINDS[words].items() if re.search(pattern, clause))


class Attested(NamedTuple):
    """A genus that stands in a row, "" for none; its kind; whether only what is below it says so; its scope."""

    genus: str
    kind: str
    under: bool
    scope: str


NONE = Attested("", "", False, "")


class Choice(NamedTuple):
    """A source whose columns a table has: their places in a row, and those of ranks above the genus."""

    source: Source
    places: Sequence[int]
    above: Sequence[int] = ()

    def attested(self, row: Sequence[str], *, instead: bool = False) -> Attested:
        """The genus of a row; `instead`: another source found none, so that what has no rank is below a genus."""
        cell, rank, status, scope, *below = [row[place] for place in self.places]
        ranked = self.source.rank != ""
        if ranked and rank_of(rank) not in GENUS_RANKS:
            return NONE
        genus = taxon(plain(cell), lineage=self.source.lineage, ranked=ranked)
        if not genus or (self.above and genus in [plain(row[place]) for place in self.above]):
            return NONE
        kind = standing(status, self.source.words)
        under = any(map(str.strip, below)) or (instead and not ranked)
        if kind and not genus.isalpha() and CANDIDATUS.match(genus):
            kind = "candidatus"
        elif kind and under and kind != "rejected":
            kind = "name"
        return Attested(genus if kind else "", kind, under, rank_of(scope))


def attested(choices: Sequence[Choice], row: Sequence[str]) -> Attested:
    """What the first of the choices finds in a row, or the next if it finds no genus."""
    found = NONE
    for choice in choices:
        if (found := choice.attested(row, instead=choice is not choices[0])).genus:
            break
    return found


def gather(source: Source, found: Iterable[tuple[int, Attested]], where: str, *, most: int = MOST_ENTRIES) -> Reading:
    """Every genus once, at its first line. Its own row, with nothing below it, decides on its standing, or the best.

    A genus that only its species attest is a name if one of them is not rejected. InputError for more than `most`.
    """
    best: dict[str, tuple[int, tuple[bool, int]]] = {}  # its first line, and what decides
    scopes = set()
    for line, (genus, kind, under, scope) in found:
        if not genus:
            continue
        decides = under, RANKING.index(kind)
        first, decisive = best.get(genus, (line, decides))
        best[genus] = first, min(decisive, decides)
        scopes.add(scope)
        if len(best) > most:
            raise InputError(where, f"has more than {most:,} names", "give a part of it")
    prokaryotes = source.prokaryotes
    if prokaryotes is None and scopes and (scopes <= sources.PROKARYOTES or scopes <= sources.ELSEWHERE):
        prokaryotes = scopes <= sources.PROKARYOTES
    entries = [Entry(line, text, RANKING[rank]) for text, (line, (_, rank)) in best.items()]
    return Reading(entries, source.label, True, prokaryotes)


def lineages_in(lines: Iterable[str], where: str, lost: list[int], short: list[int], *, fasta: bool) -> Rows:
    """The genus and the domain of the lineage in each line, or header of FASTA; two rows for X/Y.

    The numbers of lines without a lineage are appended to `lost`, of those whose lineage reaches no genus to `short`.
    InputError for two lineages in a line.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip() or line[0] == "#" or (fasta and line[0] != ">"):
            continue
        cells = [line[1:], *line.split(None, 1)[1:]] if line[0] == ">" and "\t" not in line else line.split("\t")
        found = {genus for cell in cells if (genus := genus_of(cell)) is not None}
        if len(found - {""}) > 1 or (line.count("g__") > 1 and len(set(GENUS.findall(line))) > 1):
            raise InputError(f"{where}:{number}", "has two lineages", "choose one with --column and its number")
        if not found - {""} and (ranked := RANKED.search(line)):
            found = {ranked[1]}
        if not found:
            lost.append(number)
            continue
        short.extend([number] * (found == {""}))
        top = TOP.search(line, 0, 10_000)
        for genus in max(found).split("/"):
            yield number, [genus, top[1] or "eukaryota" if top else "", ""]


def read(text: Text) -> Reading | None:
    """The genus of each lineage, in lines or in the headers of FASTA; None if half of the first or more have none."""
    fasta, lost, short = text.start[:1] == ">", list[int](), list[int]()
    first = text.head if fasta else text.head[:HEAD]
    if len(list(lineages_in(first, text.where, lost, short, fasta=fasta))) <= len(lost):
        if fasta:
            raise InputError(text.where, "is FASTA, but its headers have no lineages", "give a file with lineages")
        return None
    lost.clear()
    short.clear()
    source = Source("FASTA headers with lineages" if fasta else "lineages", "", "genus")
    choices = [Choice(source, LINEAGE)]
    lines = lineages_in(text, text.where, lost, short, fasta=fasta)
    found = gather(source, ((number, attested(choices, row)) for number, row in lines), text.where)
    kinds = (lost, "line{} without a lineage passed over"), (short, "lineage{} without a genus")
    notes = tuple(
        f"{len(numbers):,} {what.format('s' * (len(numbers) > 1))}, the first in line {numbers[0]}"
        for numbers, what in kinds
        if numbers
    )
    return found._replace(notes=notes)
