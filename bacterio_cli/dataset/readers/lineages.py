"""The genera of rows and of lineages, whose ranks are told in many ways; each once, with its standing."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from bacterio_cli.dataset.readers import sources
from bacterio_cli.dataset.readers.records import CANDIDATUS, LATIN_WORD, RANKING, Entry, Reading, counted
from bacterio_cli.dataset.readers.sources import GENUS_RANKS, Source
from bacterio_cli.dataset.readers.text_files import Text
from bacterio_cli.errors import InputError

TOP = re.compile(
    r"(?:^|[;|,=\s\">:])(?:[dk](?:__|:)|D_0__)?\"?(?:(Bacteria|Archaea)|Eukary\w+|Fungi|Plantae|Animalia)\b"
)
BEFORE = r"(?<![^;|,=\s\"])"
PREFIX = re.compile(BEFORE + r"(?:[dkpcofgsrt]__|D_\d\d?__|[dk]:[A-Z][^;,:]*,p:)")
GENUS = re.compile("(?=[gD])" + BEFORE + r"(?:g__|D_5__|(?<=,)g:)([^;|,\t\"]*)")  # its letters first: that is quick
# A confidence, a number of CheckM, a footnote, or what GTDB's FASTA says of the sequence. Not within blanks: else time
# grows with their square.
SUFFIX = re.compile(r"(?<!\s)\s*(?:\((?:UID)?[\d.]+\)|: [\d.]+|\[\w+=.*|\[\w{1,2}\])$")
BETWEEN = re.compile(
    r"unclassified .*|(?:.* )?incertae sedis|.*(?:(?<!ac)eae|inae|ineae|oideae| group| complex| clade| cluster)"
)
UNRANKED = re.compile(r"\w+ati|.* group")  # a kingdom of bacteria, a clade: NCBI has them, other lineages do not
RANKED = re.compile(r"\t(?:rootrank|domain)\t.*\t([^\t]*)\tgenus\t")  # as RDP's classifier alternates name and rank
DOMAINS = {"bacteria", "archaea"}
STICKS = {"Bacteria"}  # a genus of insects, where a rank says so
ROOTS = {"root", "cellular organisms", "ncbi"}
TOPS = DOMAINS | ROOTS | {"eukaryota", "eukarya", "unassigned", "unclassified", "unknown", "viruses"}
AUTHOR = re.compile(  # or what else is behind a genus, but no name beside it and no small letters as of an epithet
    r"(?:\s*[,(\[]|\s+(?!/|×|x\s|(?!(?:del|den|der|des|dos|ten|ter|van|von|and|auct|emend|hort|nec|nom|non|sensu)\b)"
    r"[a-z]{3,}(?:[\s,;]|$))).*"
)
MARK = re.compile(r"^(?:[×✕†‡]\s*|[xX]\s+(?=[A-Z]))")  # of a hybrid or a fossil
GENUS_NAME = re.compile(r"(?:Candidatus[ _])?[A-Z][\w-]*[a-z]")

NAMES = Source("names", "", "")

Rows = Iterable[tuple[int, list[str]]]  # (line, cells), of which the last is "", for places that there are not


def genus_of(text: str) -> str | None:
    """The genus of a lineage, "" if it has none; None if the text is no lineage.

    Without prefixes, where words for the ranks alternate with the names, it is the one before `genus`. Else, of
    bacteria and archaea, the one behind the family, which is known by its ending, and behind its tribes and groups; or
    the fifth below the domain, kingdoms and clades not counted; or the last, if it stands right behind the order. A
    name that stands above already (Chloroplast; Chloroplast) fills a gap.
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
    parts = [part for part in parts if not UNRANKED.fullmatch(part.lower())]
    words = [part.lower() for part in parts]
    if not words or words[0] not in TOPS:
        return None
    if len(parts) > 1 and words[1] in ("rootrank", "domain", "norank"):
        return parts[2 * words[1::2].index("genus")] if "genus" in words[1::2] else ""
    top = next((k for k, word in enumerate(words) if word not in ROOTS), 0)
    families = [k for k, word in enumerate(words) if word.endswith(("aceae", "_incertae_sedis")) and " " not in word]
    place = families[-1] + 1 if families else top + 5
    while families and place < len(parts) and BETWEEN.fullmatch(words[place]):
        place += 1
    if not families and place >= len(parts) and words[-2:-1] and words[-2].endswith("ales"):
        place = len(parts) - bool(LATIN_WORD.fullmatch(parts[-1]))
    if place < len(parts) and words[place].startswith(words[place - 1] + " "):  # its species
        place -= 1
    return parts[place] if words[top] in DOMAINS and place < len(parts) and words[place] not in words[:place] else ""


def domain_of(lineage: str) -> str:
    """bacteria, archaea, or eukaryota for what else a lineage begins with; "" if it does not say."""
    top = TOP.search(lineage, 0, 10_000)
    return (top[1] or "eukaryota").lower() if top else ""


def plain(cell: str) -> str:
    """A cell without blanks at its edges, line ends in it, and quotes around it that were read as letters."""
    if cell.isalpha():
        return cell
    cell = cell.strip().replace("\n", " ")
    return cell[1:-1] if len(cell) > 2 and cell[0] == cell[-1] == '"' else cell


@lru_cache(64)  # ranks, standings and scopes are few
def rank_of(cell: str) -> str:
    """A rank without case and dot: "gen." is gen."""
    return plain(cell).lower().rstrip(".")


def taxon(cell: str, source: Source) -> str:
    """The name in a cell, "" if there is none: a lineage's genus; of a row of rank genus, without its authors."""
    lineage, ranked = source.lineage, source.rank != ""
    if cell.isascii() and cell.isalpha():  # most are
        return "" if lineage or (cell.lower() in sources.MISSING and not (ranked and cell in STICKS)) else cell
    text = re.sub("<sup>.*?</sup>|</?[a-zA-Z]{1,3}>", "", cell).strip() if "<" in cell else cell
    text = SUFFIX.sub("", MARK.sub("", text.replace("*", "").rstrip("†‡")))
    if text.lower() in sources.MISSING or not any(map(str.isalpha, text)):
        return ""
    genus = None if text.isalpha() else genus_of(text)
    if ranked and (";" in text or "|" in text) and not genus:
        return re.split("[;|]", text.rstrip(";| "))[-1].strip()
    if lineage or genus is not None:
        return genus or ""
    name = GENUS_NAME.match(text) if ranked else None
    return name[0] if name and AUTHOR.fullmatch(text, name.end()) else text


@lru_cache(64)  # cells may be long
def standing(status: str, terms: str) -> str:
    """The kind that a status says, in the terms of one of KINDS; "" for none."""
    status = plain(status).lower().replace("_", " ")
    clause = status.rstrip("; ").rpartition(";")[2].partition(",")[0].strip() if terms else status
    return next(kind for pattern, kind in sources.KINDS[terms].items() if re.search(pattern, clause))


class Choice(NamedTuple):
    """A source whose columns a table has: their places in a row, and those of ranks above the genus."""

    source: Source
    places: Sequence[int]
    higher_ranks: Sequence[int] = ()


class Attested(NamedTuple):
    """A genus that stands in a row; its kind; whether that is a row of one of its species; its scope."""

    genus: str
    kind: str
    by_species: bool
    scope: str


def attested(choices: Sequence[Choice], row: Sequence[str]) -> Attested | None:
    """The genus that the first of the choices finds in a row, or the next; None if none finds one.

    In a row in which the first found none, what has no rank is a species.
    """
    for choice in choices:
        source, places, higher_ranks = choice
        cell, rank, status, scope, *epithets = [row[place] for place in places]
        if source.rank and rank_of(rank) not in GENUS_RANKS:
            continue
        genus, kind = taxon(plain(cell), source), standing(status, source.status_terms)
        if not genus or not kind or genus in [plain(row[place]) for place in higher_ranks]:
            continue
        by_species = any(map(str.strip, epithets)) or (choice is not choices[0] and not source.rank)
        if not genus.isalpha() and CANDIDATUS.match(genus):
            kind = "candidatus"
        elif by_species and kind != "rejected":
            kind = "name"
        return Attested(genus, kind, by_species, domain_of(cell) if source.lineage else rank_of(scope))
    return None


def gather(source: Source, found: Iterable[tuple[int, Attested | None]], where: str) -> Reading:
    """Every genus once, at its first line. Its own row, not one of its species, decides on its standing, or the best.

    A genus that only its species attest is a name if one of them is not rejected. Of lineages a note counts those that
    have none. InputError as of `counted`.
    """
    decisive: dict[str, tuple[bool, int]] = {}
    scopes, without = set(), list[int]()

    def first_rows() -> Iterator[Entry]:
        for line, row in found:
            if row is None:
                without.append(line)
                continue
            genus, kind, by_species, scope = row
            decides = by_species, RANKING.index(kind)
            if genus not in decisive:
                yield Entry(line, genus)
            decisive[genus] = min(decides, decisive.get(genus, decides))
            scopes.add(scope)

    entries = counted(first_rows(), where)
    prokaryotes = source.prokaryotes
    if prokaryotes is None and scopes and (scopes <= sources.PROKARYOTES or scopes <= sources.ELSEWHERE):
        prokaryotes = scopes <= sources.PROKARYOTES
    entries = [entry._replace(kind=RANKING[decisive[entry.text][1]]) for entry in entries]
    notes = passed_over("lineage{} without a genus", without) if source.lineage else ()
    return Reading(entries, source.label, True, prokaryotes, notes)


def passed_over(what: str, lines: Sequence[int]) -> tuple[str, ...]:
    """The note that counts these lines, if there are any."""
    count = f"{len(lines):,} {what.format('s' * (len(lines) > 1))}"
    return (f"{count}, the first in line {lines[0]}",) if lines else ()


def lineages_in(lines: Iterable[str], where: str, *, fasta: bool) -> Iterator[tuple[int, str | None, str]]:
    """The number of each line, or header of FASTA, the genus of its lineage as of `genus_of`, and its domain.

    InputError for two lineages in a line.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip() or line[0] == "#" or (fasta and line[0] != ">"):
            continue
        cells = line.removeprefix(">").split("\t")
        if line[0] == ">" and len(cells) == 1:
            cells += line.split(None, 1)[1:]
        found = {genus for cell in cells if (genus := genus_of(cell)) is not None}
        if len(found - {""}) > 1 or (line.count("g__") > 1 and len(set(GENUS.findall(line))) > 1):
            raise InputError(f"{where}:{number}", "has two lineages", "choose one with --column and its number")
        if found <= {""} and (ranked := RANKED.search(line)):
            found = {ranked[1]}
        genus = max(found, default=None)
        yield number, genus, domain_of(line) if genus else ""


def lineages_above(head: Sequence[str]) -> list[str]:
    """The lineages in the first line of a table whose rows are samples, as QIIME 2 writes one for each level."""
    found = [[cell for cell in line.split(",") if ";" in cell and genus_of(cell) is not None] for line in head[:2]]
    return found[0] if len(found) == 2 and len(found[0]) > 1 and not found[1] else []


def read(text: Text) -> Reading | None:
    """The genus of each lineage, in lines or in the headers of FASTA; None if half of the first or more have none."""
    fasta = text.start[:1] == ">"
    columns = lineages_above(text.head)
    shown = [genus for _, genus, _ in lineages_in(columns or text.head, text.where, fasta=fasta)]
    if 2 * shown.count(None) >= len(shown):
        if fasta:
            raise InputError(text.where, "is FASTA, but its headers have no lineages", "give a file with lineages")
        return None
    label = "FASTA headers with lineages" if fasta else "columns of lineages" if columns else "lineages"
    source = Source(label, "", "", lineage=True)
    without: list[int] = []

    def genera() -> Iterator[tuple[int, Attested | None]]:
        for number, genus, domain in lineages_in(columns or text, text.where, fasta=fasta):
            number = 1 if columns else number
            if genus is None:
                without.append(number)
            elif not genus:
                yield number, None
            for name in filter(None, (taxon(part, NAMES) for part in (genus or "").split("/"))):
                yield number, Attested(name, "candidatus" if CANDIDATUS.match(name) else "name", False, domain)

    found = gather(source, genera(), text.where)
    return found._replace(notes=passed_over("line{} without a lineage passed over", without) + found.notes)
