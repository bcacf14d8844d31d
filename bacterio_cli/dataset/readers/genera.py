"""From a row or a lineage, whose ranks are told in many ways, to its genus; each once, with its standing."""

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from bacterio_cli.dataset.readers import sources
from bacterio_cli.dataset.readers.records import CANDIDATUS, LATIN_WORD, RANKING, Entry, Reading, counted
from bacterio_cli.dataset.readers.sources import Source
from bacterio_cli.dataset.readers.text_files import Text
from bacterio_cli.errors import InputError

BEFORE = r"(?<![^>;|,=\s\"])"
PREFIX = re.compile(BEFORE + r"(?:[dkpcofgsrt]__|D_\d\d?__|[dk]:[A-Z][^;,:]*,p:)")
GENUS = re.compile("(?=[gD])" + BEFORE + r"(?:g__|D_5__|(?<=,)g:)([^;|,\t\"]*)")  # its letters first: that is quick
TOP = re.compile(BEFORE + r"(?:[dk]__|[dk]:|D_0__)?(Bacteria|Archaea|Eukaryota|Fungi|Plantae|Animalia)\b")
IN_TURN = re.compile(  # names and ranks
    r"[;\t](?:rootrank|domain)[;\t](?:(?:.*[;\t])?\"?([^;\t\"]*)\"?[;\t]genus(?![^;\t]))?"
)
# Behind a name: a confidence, a number of CheckM, what GTDB's FASTA says of the sequence, a footnote; around it: tags.
# Not within blanks: else time grows with their square.
DRESS = re.compile(
    r"(?<!\s)\s*(?:\((?:UID)?[\d.]+\)|: [\d.]+|\[\w+=.*|\[\w{1,2}\])$|<sup>.*?</sup>|</?[a-zA-Z]{1,3}>|[*†‡×✕]"
)
FAMILY = re.compile(r"\w+aceae|\w+_incertae_sedis")
TRIBE = re.compile(r"\w*(?:(?<!ac)eae|inae)")
UNRANKED = re.compile(r"\w+ati|(?!candidatus ).* .*")  # a kingdom or clade of NCBI, a species, incertae sedis
ROOTS = {"root", "cellular organisms", "ncbi"}
TOPS = {"bacteria", "archaea", "eukaryota", "eukarya", "unassigned", "unclassified", "unknown", "viruses"}
AUTHOR = re.compile(  # or what else is behind a genus, but no name beside it and no small letters as of an epithet
    r"(?:\s*[,(\[]|\s+(?!/|x\s|(?!(?:del|den|der|des|dos|ten|ter|van|von|and|auct|emend|hort|nec|nom|non|sensu)\b)"
    r"[a-z]{3,}(?:[\s,;]|$))).*"
)
GENUS_NAME = re.compile(r"(?:Candidatus[ _])?[A-Z][\w-]*[a-z]")

Found = tuple[str, int, str]  # a genus, its standing as of `gather`, its scope


def genus_of(text: str) -> str | None:
    """The genus of a lineage, "" if it has none; None if the text is no lineage.

    It stands behind its prefix or before the word `genus`. Of bacteria and archaea without ranks it is the name behind
    the family, which is known by its ending, and its tribes; without a family the last, right behind the order, or the
    sixth. What is no rank of all lineages does not count. A name that stands above already (Chloroplast; Chloroplast)
    fills a gap.
    """
    if "__" in text or ":" in text:
        if found := GENUS.search(text):
            return plain(found[1])
        if PREFIX.search(text):
            return ""
    if found := IN_TURN.search(text):
        return found[1] or ""
    if ";" not in text or "\t" in text:
        return None
    names = [plain(name) for name in text.removeprefix("Lineage=").rstrip(" .;").split(";")]
    names = [name for name in names if name.lower() not in ROOTS and not UNRANKED.fullmatch(name.lower())]
    words = [name.lower() for name in names]
    if not words or words[0] not in TOPS:
        return None
    families = [k for k, word in enumerate(words) if FAMILY.fullmatch(word)]
    place = families[-1] + 1 if families else 5
    while families and place < len(words) and TRIBE.fullmatch(words[place]):
        place += 1
    if not families and len(words) < 6 and words[-2:-1] and words[-2].endswith("ales"):
        place = len(words) - bool(LATIN_WORD.fullmatch(names[-1]))
    known = words[0] in sources.PROKARYOTES and place < len(words) and words[place] not in words[:place]
    return names[place] if known else ""


def plain(cell: str) -> str:
    """A name without what stands around it: blanks, quotes, marks, tags, a footnote, a confidence."""
    if cell.isalpha():
        return cell
    return DRESS.sub("", cell.strip("\t\n \"'").replace("\n", " ")).strip("\t \"'")


def scope_of(lineage: str) -> str:
    """The domain or kingdom that a lineage begins with; "" if it does not say."""
    top = TOP.search(lineage, 0, 10_000)
    return top[1].lower() if top else ""


@lru_cache(64)  # cells may be long
def key_of(column: str) -> str:
    """A column's name without case, prefix, blanks and marks: col:scientificName, and t_genus of anvi'o is genus."""
    column = column.strip().lower()
    return column if column.isalpha() else re.sub(r"^(?:col:|dwc:|t_)|[\W_]", "", column)


@lru_cache(64)  # cells may be long
def kind_of(status: str, terms: str) -> str:
    """The kind that a status says, in the terms of one of KINDS; "" for none."""
    status = plain(status).lower().replace("_", " ")
    clause = status.rstrip("; ").rpartition(";")[2].partition(",")[0].strip() if terms else status
    return next(kind for pattern, kind in sources.KINDS[terms].items() if re.search(pattern, clause))


def taxon(cell: str, source: Source) -> str:
    """The name in a cell, "" if there is none: a lineage's genus; of a row of rank genus, without its authors."""
    if cell.isalpha():  # most are
        return "" if source.lineage or cell.lower() in sources.MISSING else cell
    cell = plain(cell)
    if source.rank:
        cell = cell.rstrip(";| ").replace("|", ";").rpartition(";")[2].strip()
        name = GENUS_NAME.match(cell)
        return name[0] if name and AUTHOR.fullmatch(cell, name.end()) else cell
    genus = genus_of(cell)
    if source.lineage or genus is not None:
        return genus or ""
    return cell if cell.lower() not in sources.MISSING and any(map(str.isalpha, cell)) else ""


class Choice(NamedTuple):
    """A source whose columns a table has: their places in a row, and those of ranks above the genus."""

    source: Source
    places: Sequence[int]
    higher_ranks: Sequence[int]


def choices_of(columns: Sequence[str]) -> list[Choice]:
    """The sources that have these columns, the first ahead: behind one of several kinds those that may stand in.

    They do in a row in which it finds no genus: a rank and a name, or a column of genera, but no other lineage.
    """
    higher_ranks = [columns.index(rank) for rank in sources.HIGHER.split("|") if rank in columns]
    found: list[Choice] = []
    named = {column: place for place, column in reversed([*enumerate(columns)]) if column}
    for source in sources.SOURCES:
        wanted = (source.name, source.rank, source.status, sources.SCOPES, *source.species_columns.split())
        places = [next((named[name] for name in names.split("|") if name in named), -1) for names in wanted]
        has_all = places[0] >= 0 and (places[1] >= 0 or not source.rank) and {*source.required.split()} <= named.keys()
        if has_all and not (found and source.lineage):
            found.append(Choice(source, places, higher_ranks))
    return found[:1] if found and (found[0].source.status_terms or found[0].source.prokaryotes) else found


def attested(choices: Sequence[Choice], row: Sequence[str]) -> Found | None:
    """The genus that the first of the choices finds in a row, or the next; None if none finds one.

    In a row in which the first found none, what has no rank is a species.
    """
    for choice in choices:
        source, places, higher_ranks = choice
        cell, rank, status, scope, *epithets = [row[place] for place in places]
        if source.rank and key_of(rank) not in sources.GENUS_RANKS:
            continue
        genus, kind = taxon(cell, source), kind_of(status, source.status_terms)
        if not genus or not kind or genus in [plain(row[place]) for place in higher_ranks]:
            continue
        by_species = any(map(str.strip, epithets)) or (choice is not choices[0] and not source.rank)
        kind = "name" if by_species and kind != "rejected" else kind
        standing = RANKING.index(kind) + by_species * len(RANKING)
        return genus, standing, scope_of(cell) if source.lineage else key_of(scope)
    return None


def gather(
    source: Source, rows: Iterable[tuple[int, Found | None]], where: str, *, no_names: Container[str] = ()
) -> Reading:
    """Every genus once, at its first line, with the best of its standings: the places of their kinds in RANKING.

    That of its own row is better than any of a species: a genus that only these attest is a name if one of them is not
    rejected. Of lineages a note counts those that have none. InputError as of `counted`, and for one of the `no_names`.
    """
    best: dict[str, int] = {}
    scopes, without = set[str](), list[int]()

    def first_rows() -> Iterator[Entry]:
        for line, found in rows:
            if not found:
                without.append(line)
                continue
            genus, standing, scope = found
            if genus not in best:
                if key_of(genus) in no_names:
                    what = f"has {genus[:30]!r} where a name should stand, as a header or a list of keys has"
                    raise InputError(f"{where}:{line}", what, "give one table alone, without footnotes")
                yield Entry(line, genus)
            best[genus] = min(standing, best.get(genus, standing))
            scopes.add(scope)

    entries = counted(first_rows(), where)
    kinds = ("candidatus" if CANDIDATUS.match(name) else RANKING[best[name] % len(RANKING)] for name in best)
    entries = [entry._replace(kind=kind) for entry, kind in zip(entries, kinds, strict=True)]
    prokaryotes = source.prokaryotes
    if prokaryotes is None and scopes and (scopes <= sources.PROKARYOTES or scopes <= sources.ELSEWHERE):
        prokaryotes = scopes <= sources.PROKARYOTES
    notes: tuple[str, ...] = ()
    if source.lineage and without:
        notes = (f"{len(without):,} lineage{'s' * (len(without) > 1)} without a genus, the first in line {without[0]}",)
    return Reading(entries, source.label, True, prokaryotes, notes)


def read_lineages(text: Text) -> Reading | None:
    """The genera of lineages, in lines, in headers of FASTA or above columns; None if half of the first have none.

    InputError for FASTA without lineages, and for two in a line.
    """
    fasta, across = text.start[:1] == ">", [cell for cell in ",".join(text.head[:1]).split(",") if PREFIX.search(cell)]
    above = len(across) > 1 and not any(map(PREFIX.search, text.head[1:2]))  # the columns of QIIME 2's levels
    label = "FASTA headers with lineages" if fasta else "columns of lineages" if above else "lineages"

    def genera(lines: Iterable[str]) -> Iterator[tuple[int, str | None, str]]:
        for number, line in enumerate(lines, 1):
            if not line.strip() or line[0] == "#" or (fasta and line[0] != ">"):
                continue
            found: set[str | None] = {*map(plain, GENUS.findall(line))}
            if not found:
                cells = line.removeprefix(">").split("\t") + line.split(None, 1)[1:] * fasta
                found = {*map(genus_of, [line, *cells])} - {None}
            if len(found) > 1:
                raise InputError(
                    f"{text.where}:{number}", "has two lineages", "choose one with --column and its number"
                )
            for name in (found.pop() or "").split("/") if found else [None]:
                yield number, name, line

    lines = across if above else text
    shown = [genus for _, genus, _ in genera(across if above else text.head)]
    if 2 * shown.count(None) >= len(shown):
        if fasta:
            raise InputError(text.where, "is FASTA, but its headers have no lineages", "give a file with lineages")
        return None
    rows = (
        (line, None if (name := genus or "").lower() in sources.MISSING else (name, 0, scope_of(lineage)))
        for line, genus, lineage in genera(lines)
    )
    return gather(Source(label, "", "", lineage=True), rows, text.where)
