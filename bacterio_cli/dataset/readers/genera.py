"""From a row or a lineage, whose ranks are told in many ways, to its genus; each once, with its standing."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from bacterio_cli.dataset.readers import sources
from bacterio_cli.dataset.readers.records import CANDIDATUS, LATIN_WORD, RANKING, STAND_INS, Entry, Reading, counted
from bacterio_cli.dataset.readers.sources import Source
from bacterio_cli.dataset.readers.text_files import Text
from bacterio_cli.errors import InputError

BEFORE = r"(?<![^>;|,=\s\"])"
PREFIX = re.compile(BEFORE + r"(?:[dkpcofgsrt]__|D_\d\d?__|[dk]:[A-Z][^;,:]*,p:)")
GENUS = re.compile("(?=[gD])" + BEFORE + r"(?:g__|D_5__|(?<=,)g:)\"*([^;|,\t\"]*)")  # its letters first: that is quick
TOP = re.compile(BEFORE + r"(?:[dk]__|[dk]:|D_0__)?(Bacteria|Archaea|Eukaryota|Fungi|Plantae|Animalia)\b")
IN_TURN = re.compile(r"[;\t](?:rootrank|domain)[;\t](?:(?:.*[;\t])?\"?([^;\t\"]*)\"?[;\t]genus(?![^;\t]))?")
# Behind a name: a confidence, a number of CheckM, what GTDB's FASTA says of the sequence, a footnote; around it: tags.
# Not within blanks: else time grows with their square.
DRESS = re.compile(r"(?<!\s)\s*(?:\([UID\d.]+\)|: [\d.]+|\[\w+=.*|\[\w{1,2}\])$|<sup>[^<]*</sup>|</?\w{1,3}>|[*†‡×✕]")
FAMILY = re.compile(r"\w+aceae|\w+_incertae_sedis")
ORGANELLES = {"chloroplast", "chloroplasts", "mitochondria", "mitochondrion", "plastid"}
UNRANKED = re.compile(r"root|ncbi|cellular organisms|\w+ati|.* group")  # NCBI has them, other lineages do not
BELOW_FAMILY = re.compile(  # and above the genus
    r"unclassified .*|(?:.* )?incertae sedis|.*(?:(?<!ac)eae|inae|ineae|oideae| group| complex| clade| cluster)"
)
AUTHORED = re.compile(  # an author or what else is behind a genus, but no name beside it, and no word as an epithet is
    r"((?:Candidatus[ _])?+[A-Z][\w-]*[a-z])(?:\s*[,(\[]|\s+(?!/|x\s|(?!(?:del|den|der|des|dos|ten|ter|van|von|and|auct"
    r"|emend|hort|nec|nom|non|sensu)\b)[a-z]{3,}(?:[\s,;]|$))).*"
)


@lru_cache(8)  # lineages may be long, and are looked at twice
def genus_of(text: str) -> str | None:
    """The genus of a lineage, "" if it has none; None if the text is no lineage.

    It stands behind its prefix or before the word `genus`. Of bacteria and archaea without ranks it is the name behind
    the family, which is known by its ending, and behind its tribes and groups; without a family the sixth, or the last,
    right behind the order. What is UNRANKED does not count. The name of the rank above (Chloroplast; Chloroplast) fills
    a gap.
    """
    if "__" in text or ":" in text:
        if "D_0__Eukaryota" in text:  # whose ranks SILVA numbers otherwise
            return ""
        if found := GENUS.search(text):
            return plain(found[1])
        if PREFIX.search(text):
            return ""
    if found := IN_TURN.search(text):
        return found[1] or ""
    if ";" not in text or "\t" in text:
        return None
    names = [plain(name) for name in text.removeprefix("Lineage=").rstrip(" .;").split(";")]
    names = [name for name in names if not UNRANKED.fullmatch(name.lower())]
    words = [name.lower() for name in names]
    if any(map(str.isdecimal, words)):
        return None
    if not words or words[0] not in ("bacteria", "archaea"):
        return "" if words and words[0] in sources.ELSEWHERE else None
    if not ORGANELLES.isdisjoint(words):  # what stands below is their host
        return ""
    families = [k for k, word in enumerate(words) if FAMILY.fullmatch(word)]
    place = families[-1] + 1 if families else 5
    while families and place < len(words) and BELOW_FAMILY.fullmatch(words[place]):
        place += 1
    if not families and place >= len(words) and words[-2:-1] and words[-2].endswith("ales"):
        place = len(words) - bool(LATIN_WORD.fullmatch(names[-1]))
    if place < len(words) and words[place].startswith(words[place - 1] + " "):  # its species
        place -= 1
    return names[place] if place < len(words) and words[place] != words[place - 1] else ""


def plain(cell: str) -> str:
    """A name without what stands around it: blanks, quotes, marks, tags, a footnote, a confidence."""
    return cell if cell.isalpha() else DRESS.sub("", cell.strip("\t\n \"'").replace("\n", " ")).strip("\t \"'")


@lru_cache(64)  # cells may be long
def key_of(column: str) -> str:
    """A column's name without case, prefix, blanks and marks: col:scientificName, and t_genus of anvi'o is genus."""
    column = column.strip().lower()
    return column if column.isalpha() else re.sub(r"^(?:col:|dwc:|t_)|[\W_]", "", column)


@lru_cache(64)  # cells may be long
def kind_of(status: str, terms: str) -> str:
    """The kind that a status says, in the terms of one of KINDS; "" for none."""
    status = plain(status).lower().replace("_", " ").rstrip("; ")
    return next(kind for pattern, kind in sources.KINDS[terms].items() if re.search(pattern, status))


def taxon(cell: str, source: Source) -> str:
    """The name in a cell, "" if there is none: a lineage's genus; of a row of rank genus, without its authors."""
    if source.lineage or cell.isalpha():  # most are
        name = genus_of(cell) if source.lineage else cell
        return "" if name is None or name.lower() in sources.MISSING else name
    name = plain(cell)
    lineage = genus_of(name)
    if source.rank and not lineage:
        name = name.rstrip(";| ").replace("|", ";").rpartition(";")[2].strip()
        authored = AUTHORED.fullmatch(name)
        return authored[1] if authored else name
    if lineage is not None:
        return lineage
    return name if name.lower() not in sources.MISSING and any(map(str.isalpha, name)) else ""


class Choice(NamedTuple):
    """A source whose columns a table has: their places in a row, and those of ranks above the genus."""

    source: Source
    places: Sequence[int]
    higher_ranks: Sequence[int]


def choices_of(columns: Sequence[str]) -> list[Choice]:
    """The sources that have these columns, the first ahead.

    Behind one of several kinds stand those for a row in which it finds no genus: all but other lineages.
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


def attested(choices: Sequence[Choice], row: Sequence[str]) -> tuple[str, int, str]:
    """(genus, standing, scope) that the first of the choices finds in a row, or the next; genus "" if none finds one.

    A standing is the place of a kind in RANKING, behind all for species, as those are that only a column of genera has.
    """
    for choice in choices:
        source, places, higher_ranks = choice
        cell, rank, status, scope, *epithets = [row[place] for place in places]
        if source.rank and key_of(rank) not in sources.GENUS_RANKS:
            continue
        genus, kind = taxon(cell, source), kind_of(status, source.status_terms)
        above = next(filter(None, (plain(row[place]) for place in higher_ranks)), "")  # it fills gaps
        if not genus or not kind or genus == above:
            continue
        by_species = any(map(plain, epithets)) or (choice is not choices[0] and not source.rank)
        kind = "name" if by_species and kind != "rejected" else kind
        top = TOP.search(cell, 0, 10_000) if source.lineage else None
        return genus, RANKING.index(kind) + by_species * len(RANKING), key_of(top[1] if top else scope)
    return "", 0, ""


def gather(choices: Sequence[Choice], rows: Iterable[tuple[int, Sequence[str]]], where: str) -> Reading:
    """The genera of rows, each once, at its first line, with the best of its standings: rather its own than a species'.

    Of lineages a note counts those that have none. InputError as of `counted`.
    """
    source, best, scopes, without = choices[0].source, dict[str, int](), set[str](), list[int]()

    def first_rows() -> Iterator[Entry]:
        for line, row in rows:
            found, standing, scope = attested(choices, row)
            if not found:
                without.extend([line] * source.lineage)
                continue
            scopes.add(scope)
            for genus in found.split("/") if source.lineage else [found]:
                if genus not in best:
                    yield Entry(line, genus)
                best[genus] = min(standing, best.get(genus, standing))

    entries = counted(first_rows(), where)
    kinds = ("candidatus" if CANDIDATUS.match(name) else RANKING[best[name] % len(RANKING)] for name in best)
    entries = [entry._replace(kind=kind) for entry, kind in zip(entries, kinds, strict=True)]
    prokaryotes = source.prokaryotes
    if prokaryotes is None and scopes and (scopes <= sources.PROKARYOTES or scopes <= sources.ELSEWHERE):
        prokaryotes = scopes <= sources.PROKARYOTES
    note = f"{len(without):,} lineage{'s' * (len(without) > 1)} without a genus, the first in line {(*without, 0)[0]}"
    return Reading(entries, source.label, True, prokaryotes, (note,) * bool(without))


def require_genera(found: Reading, where: str, columns: Collection[str] = (), *, told: bool = False) -> Reading:
    """What was found; InputError for a word of headers, or unless they are `told` if a third do not end like genera.

    Then another table or a list of keys follows, or they stand in another column than was thought.
    """
    crossed = 2 * sum(text.lower() in columns for _, text, _ in found.entries) > len(columns)  # genera are columns too
    heading = sources.HEADER_WORDS.union(() if crossed else columns)
    for line, text, _ in found.entries:
        if key_of(text) in heading:
            what = f"has {text[:30]!r} where a name should stand, as a header or a list of keys has"
            raise InputError(f"{where}:{line}", what, "give one table alone, without footnotes")
    words = [text for _, text, _ in found.entries if text.isascii() and text.isalpha() and text.istitle()]
    words = [word for word in words if word.lower() not in STAND_INS]
    odd = [word for word in words if not LATIN_WORD.fullmatch(word)]
    if 3 * len(odd) > len(words) and not told:
        what = f"{found.label}, but what would be genera does not end like any ({', '.join(odd[:3])})"
        raise InputError(where, what, "choose a column with --column NAME or N")
    return found


def read_lineages(text: Text) -> Reading | None:
    """The genera of lineages, in lines, in headers of FASTA or above columns; None if half of the first have none.

    InputError for FASTA without lineages, and for two in a line.
    """
    fasta, across = text.start[:1] == ">", [cell for cell in ",".join(text.head[:1]).split(",") if PREFIX.search(cell)]
    above = len(across) > 1 and not any(map(PREFIX.search, text.head[1:2]))  # the columns of QIIME 2's levels
    label = "FASTA headers with lineages" if fasta else "columns of lineages" if above else "lineages"

    def rows(lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
        for number, line in enumerate(lines, 1):
            if not line.strip() or line[0] == "#" or (fasta and line[0] != ">"):
                continue
            found: dict[str, str] = {}
            for cells in (line.removeprefix(">").split("\t"), [line, *line.split(None, 1)[1:] * fasta]):
                found = found or {genus: cell for cell in cells if (genus := genus_of(cell)) is not None}
            empty = found.pop("", "")
            if len(found) > 1 or (line.count("g__") > 1 and len({*GENUS.findall(line)}) > 1):
                raise InputError(f"{text.where}:{number}", "has two lineages", "choose one with --column NUMBER")
            yield number, [*found.values(), empty, ""]

    shown = [genus_of(row[0]) for _, row in rows(across if above else text.head)]
    if 2 * shown.count(None) < len(shown):
        choices = [Choice(Source(label, "", "", lineage=True), (0, -1, -1, -1), ())]
        return gather(choices, rows(across if above else text), text.where)
    if fasta:
        raise InputError(text.where, "is FASTA, but its headers have no lineages", "give a file with lineages")
    return None
