"""The genus of a lineage, in whichever way its ranks are written, and the genera of rows, each with its standing."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache

from bacterio_cli.dataset.readers import sources
from bacterio_cli.dataset.readers.sources import CANDIDATUS, LATIN_WORD, RANKING, STAND_INS, Entry, Reading, counted
from bacterio_cli.dataset.readers.text_files import Text
from bacterio_cli.errors import InputError

Row = tuple[int, Sequence[str]]  # its line and its cells, the last of which is "", for what there is not
# A genus with its author, who has a year, brackets or a stop, or stands behind a comma, & or ex: no phrase has.
AUTHORED = re.compile(r"(?i)((?:candidatus[ _])?[^\s,([]+)(?:\s*[,([]|\s.*(?:[&.]|\b(?:ex|et|(?:1[7-9]|20)\d\d)\b)).*")
SPECIES = re.compile(r"(?:^|[;|] *|(?i:candidatus) )([A-Z][a-z]+) [a-z-]+[^;|]*$")  # at the end of a path, if it is one
# Lineages: what separates their names, and what stands before and behind these.
EDGE = r"(?<![^>;|,=\s\"])"  # nothing before it but what separates names
RANK_PREFIX = re.compile(EDGE + r"(?:[dkpcofgsrt]__|D_\d\d?__|[dk]:[A-Z][^;,:]*,p:)")
GENUS_PREFIX = re.compile("(?=[gD])" + EDGE + r"(?:g__|D_5__|(?<=,)g:)\"*([^;|,\t\"]*)")  # quick by its letters
NAME = re.compile(r"(?:[a-z]__|D_\d__|[a-z]:)([^;|,\t]*)")  # behind the prefix of any rank
IN_TURN = re.compile(r"[;\t](?:rootrank|domain)[;\t](?:(?:.*[;\t])?\"?([^;\t\"]*)\"?[;\t]genus(?![^;\t]))?")
DOMAIN = re.compile(EDGE + r"(?:[dk]__|[dk]:|D_0__)?(Bacteria|Archaea|Eukaryota|Fungi|Plantae|Animalia|Viruses)\b")
ABOVE_DOMAIN = re.compile(r"root|ncbi|cellular organisms|\w+ati|.* group")  # and NCBI's kingdoms and clades
FAMILY = re.compile(r"\w+aceae|\w+_incertae_sedis")
BELOW_FAMILY = re.compile(r"unclassified .*|.*incertae sedis|.*(?:eae|inae| group| complex| clade| cluster)")
# Behind a name: a confidence, a number of CheckM, what GTDB's FASTA says of the sequence, a footnote; around it: tags.
# Not within blanks: else time grows with their square.
DRESS = re.compile(r"(?<!\s)\s*(?:\([UID\d.]+\)|: [\d.]+|\[\w+=.*|\[\w{1,2}\])$|<sup>[^<]*</sup>|</?\w{1,3}>|[*†‡×✕]")


def plain(cell: str) -> str:
    """A name without what stands around it: blanks, quotes, marks, tags, a footnote, a confidence."""
    return cell if cell.isalpha() else DRESS.sub("", cell.strip("\t\n \"'").replace("\n", " ")).strip("\t \"'")


def filled(names: Iterable[str]) -> list[str]:
    """The names that are none of sources.MISSING, without what stands around them."""
    return [name for name in map(plain, names) if name.lower() not in sources.MISSING]


@lru_cache(8)  # lineages may be long, and are looked at twice
def genus_of(text: str) -> str | None:
    """The genus of a lineage, "" if it has none; None if the text is no lineage.

    It stands behind its prefix, or before the word `genus`. Of bacteria and archaea without ranks it is the name behind
    the family, which its ending tells, and behind the tribes and groups of this; without a family it is the sixth. The
    name of the rank above only fills a gap.
    """
    if "__" in text or ":" in text:
        if "D_0__Eukaryota" in text:  # whose ranks SILVA numbers otherwise
            return ""
        if found := GENUS_PREFIX.search(text):
            genus, above = plain(found[1]), text[: found.start()]
            fills = genus in above and genus in filled(NAME.findall(above))[-1:]
            return "" if fills or "hloroplast" in above or "itochondri" in above else genus  # a host stands behind it
        if RANK_PREFIX.search(text):
            return ""
    if found := IN_TURN.search(text):
        return found[1] or ""
    if not (";" in text or "|" in text) or "\t" in text:
        return None
    names = [plain(name) for name in re.split("[;|]", text.rstrip(" .;|"))]
    names = [name for name in names if not ABOVE_DOMAIN.fullmatch(name.lower())]
    words = [name.lower() for name in names]
    if not words or any(map(str.isdecimal, words)) or not DOMAIN.fullmatch(names[0]):
        return None
    if words[0] not in ("bacteria", "archaea") or "hloroplast" in text or "itochondri" in text:
        return ""
    families = [k for k, word in enumerate(words) if FAMILY.fullmatch(word)]
    place = families[-1] + 1 if families else 5
    while families and place < len(words) and BELOW_FAMILY.fullmatch(words[place]):
        place += 1
    return names[place] if place < len(words) and names[place] not in filled(names[:place])[-1:] else ""


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


def choices_of(columns: Sequence[str]) -> list[sources.Source]:
    """The sources that have these columns, the first ahead; others are for rows in which that finds no genus.

    One that is of prokaryotes, or has terms of its own, stands alone, and of those with lineages the first counts.
    """
    higher_ranks = [columns.index(rank) for rank in sources.HIGHER_RANKS if rank in columns]
    named = {column: place for place, column in reversed([*enumerate(columns)]) if column}
    found: list[sources.Source] = []
    for source in sources.SOURCES:
        wanted = (source.name, source.rank, source.epithet, sources.SCOPE_COLUMNS, *source.status.split())
        places = [next((named[name] for name in names.split("|") if name in named), -1) for names in wanted]
        has_all = places[0] >= 0 and (places[1] >= 0 or not source.rank) and {*source.required.split()} <= named.keys()
        if has_all and not (found and source.lineage):
            there = places[:4] + [place for place in places[4:] if place >= 0]
            found.append(source._replace(places=there, higher_ranks=higher_ranks))
    return found[:1] if found and (found[0].status_terms or found[0].prokaryotes) else found


def attested(source: sources.Source, row: Sequence[str]) -> tuple[str, tuple[bool, int], str] | None:
    """(genus, standing, scope) that a row has by a source; None if it has none.

    The genus is that of a lineage, of a row of rank genus the last name of a path: its author is cut off, who looks
    like one, or whose or the genus's name stands in another cell too. A standing is whether the row is that of a
    species, and the place of its kind in RANKING: the least counts.
    """
    if source.rank and key_of(row[source.places[1]]) not in sources.GENUS_RANKS:
        return None
    cell, _, epithet, scope, *standings = [row[place] for place in source.places]
    kind = kind_of("; ".join(standings), source.status_terms * bool(standings))
    genus = genus_of(cell) if source.lineage or not cell.isalpha() else None
    if source.rank and not genus:
        last = re.split(r"[;|]", plain(cell).rstrip(";| "))[-1].strip()
        first, _, rest = last.partition(" ")
        genus = first if rest and (first in row or rest in row) and not CANDIDATUS.match(last) else last
        if authored := AUTHORED.fullmatch(last):
            genus = authored[1]
    elif genus is None:
        genus = "" if source.lineage else plain(cell)
    above = source.higher_ranks and filled(RANK_PREFIX.sub("", row[place]) for place in source.higher_ranks)
    if not kind or genus.lower() in sources.MISSING or not any(map(str.isalpha, genus)) or genus in above[:1]:
        return None  # what repeats the name above it only fills a gap
    of_species = plain(epithet) != ""
    standing = RANKING.index("name" if of_species and kind == "synonym" else kind)
    domain = DOMAIN.search(cell, 0, 10_000) if source.lineage else None
    return genus, (of_species, standing), key_of(domain[1] if domain else scope)


def of_species(source: sources.Source, row: Sequence[str]) -> tuple[str, tuple[bool, int], str] | None:
    """(genus, standing, scope) of a row of rank species, whose genus may have no row of its own."""
    cell, rank, _, scope, *_ = [row[place] for place in source.places]
    found = SPECIES.search(plain(cell)) if key_of(rank) in sources.SPECIES_RANKS else None
    return (found[1], (True, RANKING.index("species")), key_of(scope)) if found else None


def gather(choices: Sequence[sources.Source], rows: Iterable[Row], where: str) -> Reading:
    """The genera of rows, each once, at its first line, with the best of its standings: rather its own than a species'.

    The first of the choices that finds one in a row counts. Notes count lineages without a genus, and, beside
    prokaryotes, genera of other organisms. InputError as of `counted`.
    """
    source, best, scopes = choices[0], dict[str, tuple[bool, int]](), set[str]()
    without, others = list[int](), list[int]()  # lines

    def first_rows() -> Iterator[Entry]:
        for line, row in rows:
            found = next(filter(None, map(attested, choices, [row] * len(choices))), None)
            if not (found := found or of_species(source, row)):
                without.extend([line] * source.lineage)
                continue
            genus, standing, scope = found
            scopes.add(scope)
            for name in genus.split("/") if source.lineage else [genus]:
                if name not in best:
                    others.extend([line] * (scope in sources.OTHERS))
                    yield Entry(line, name)
                best[name] = min(standing, best.get(name, standing))

    entries = counted(first_rows(), where)
    kinds = ("candidatus" if CANDIDATUS.match(name) else RANKING[best[name][1]] for name in best)
    entries = [entry._replace(kind=kind) for entry, kind in zip(entries, kinds, strict=True)]
    prokaryotes = source.prokaryotes
    if prokaryotes is None and scopes and (scopes <= sources.PROKARYOTES or scopes <= sources.ELSEWHERE):
        prokaryotes = scopes <= sources.PROKARYOTES
    counts = {f"lineage{'s' * (len(without) > 1)} without a genus": without}
    counts["of other organisms"] = [] if scopes <= sources.ELSEWHERE else others
    notes = (f"{len(lines):,} {what}, the first in line {lines[0]}" for what, lines in counts.items() if lines)
    return Reading(entries, source.label, True, prokaryotes, tuple(notes))


def require_genera(found: Reading, where: str, columns: Collection[str] = ()) -> Reading:
    """What was found; InputError for a word of headers in it, or if a third of its words do not end like genera.

    Then another table or a list of keys follows, or the genera stand in another column than was thought.
    """
    headers = sources.HEADER_WORDS.union(columns)
    for line, text, _ in found.entries:
        if key_of(text) in headers:
            what = f"has {text[:30]!r} where a name should stand, as a header or a list of keys has"
            raise InputError(f"{where}:{line}", what, "give one table alone, without footnotes")
    words = [text for _, text, _ in found.entries if text.isascii() and text.isalpha() and text.istitle()]
    words = [word for word in words if word.lower() not in STAND_INS]
    odd = [word for word in words if not LATIN_WORD.fullmatch(word)]
    if 3 * len(odd) > len(words):
        what = f"{found.label}, but what would be genera does not end like any ({', '.join(odd[:3])})"
        raise InputError(where, what, "choose a column with --column NAME or N")
    return found


def read_lineages(text: Text) -> Reading | None:
    """The genera of lineages, in lines, in headers of FASTA or above columns; None if half of the first have none.

    InputError for FASTA without lineages, and for two in a line.
    """
    fasta = text.start[:1] == ">"
    cells = [cell for line in text.head[:1] for cell in re.split("[,\t]", line) if RANK_PREFIX.search(cell)]
    columns = len(cells) > 1 and not all(map(RANK_PREFIX.search, text.head[1:2]))  # as of QIIME 2's levels
    label = "FASTA headers with lineages" if fasta else "columns of lineages" if columns else "lineages"

    def rows(lines: Iterable[str]) -> Iterator[Row]:
        for number, line in enumerate(lines, 1):
            if not line.strip() or line[0] == "#" or (fasta and line[0] != ">"):
                continue
            found: dict[str, str] = {}
            pieces = line.removeprefix(">").split("\t"), [line, *line.split(None, 1)[1:] * fasta], line.split(",")
            for cells in pieces:  # a comma may stand in a name too
                found = found or {genus: cell for cell in cells if (genus := genus_of(cell)) is not None}
            empty = found.pop("", "")
            if len(found) > 1 or (line.count("g__") > 1 and len({*GENUS_PREFIX.findall(line)}) > 1):
                raise InputError(f"{text.where}:{number}", "has two lineages", "choose one with --column NUMBER")
            yield number, [*found.values(), empty, ""]

    shown = [genus_of(row[0]) for _, row in rows(cells if columns else text.head)]
    if 2 * shown.count(None) < len(shown):
        return gather([sources.Source(label, lineage=True)], rows(cells if columns else text), text.where)
    if fasta:
        raise InputError(text.where, "is FASTA, but its headers have no lineages", "give a file with lineages")
    return None
