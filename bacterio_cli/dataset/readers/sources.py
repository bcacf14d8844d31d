"""What every reader gives, and the registry: by what sources are known, and how their columns and cells are read."""

import re
from collections.abc import Iterable, Set
from functools import lru_cache
from typing import NamedTuple

from bacterio_cli.dataset import MOST_BYTES, MOST_ENTRIES
from bacterio_cli.errors import InputError

CANDIDATUS = re.compile(r"(?<!\w)[\"'“‘\[*]?\s?(?:candidatus[\s_*\"'”’\]]+|ca(?:nd)?\.\s+|ca_(?=[a-z]))", re.IGNORECASE)


class Entry(NamedTuple):
    """A spelling as it stands in its source, and the number of its first line."""

    line: int
    text: str
    kind: str = "name"  # or synonym, candidatus, rejected (a misspelling), species (a genus without a row of its own)


class Reading(NamedTuple):
    """All that one source holds, and what it was taken for: `label` in words, `format` as one of FORMATS."""

    entries: list[Entry]
    label: str = "plain list"
    taxonomic: bool = False  # it holds genera and nothing else
    prokaryotes: bool | None = None  # False if they are other organisms, None if that is unknown
    notes: tuple[str, ...] = ()  # what the user has to be told
    source: str = ""  # as messages call it
    format: str = "lines"
    encoding: str = "UTF-8"
    date: str | None = None  # the newest that a comment states, as # date: 2020-12-31
    insisted: bool = False  # the format was asked for


def counted(entries: Iterable[Entry], where: str) -> list[Entry]:
    """The entries; InputError if they are more than a list may have, or longer together: they are held in memory."""
    found, size = list[Entry](), 0
    for entry in entries:
        found.append(entry)
        size += len(entry.text) if entry.text.isascii() else len(entry.text.encode(errors="surrogatepass"))
        if len(found) > MOST_ENTRIES or size > MOST_BYTES:
            what = f"has more than {MOST_ENTRIES:,} names, or names of more than {MOST_BYTES:,} bytes"
            raise InputError(where, what, "give a part of it")
    return found


class Source(NamedTuple):
    """A kind of table, or of records of JSON, told by its columns without case, blanks and marks: genusname. Of several
    between bars the first that there is counts; standings between blanks are taken together."""

    label: str
    required: str = ""  # columns that must all be there
    name: str = ""  # the one with the names or, if `lineage`, with lineages
    rank: str = ""  # tells which rows are genera
    status: str = ""  # how a name stands, in the `terms` of KINDS
    prokaryotes: bool | None = None  # False for other organisms, None if SCOPE_COLUMNS may tell
    epithet: str = ""  # is empty in the row of a genus itself
    terms: str = ""
    lineage: bool = False
    scope: str = ""  # that of SCOPE_COLUMNS which a table at hand has


SCOPE_COLUMNS = "superkingdom|domain|kingdom|code|nomenclaturalcode"
GENUS_COLUMNS = "gtdbgenus|genuslabel|genus|genera|genusname|gattung|geslacht|rank6"  # género is sex too
LINEAGE_COLUMNS = "taxonomy|taxon|tax|lineage|classification|consensuslineage|ncbitaxonomy|path|cladename"
NAME_COLUMNS = "currentscientificname|scientificname|canonicalname|taxname|fullname|taxonname|taxon|name|completename"
RANK_COLUMNS = "rank|rang|taxonrank|taxrank|taxonomicrank|taxonomylvl|category|rankname|taxonranklabel|rankcode|lvltype"
STATUS_COLUMNS = "nomenclaturalstatus lpsntaxonomicstatus|taxonomicstatus|status|taxonstatus"
# The first that fits counts: GTDB's own taxonomy before NCBI's, a rank column before one of genera.
SOURCES = (
    Source("LPSN genus and species rows", "genusname spepithet", "genusname", "", "status", True, "spepithet", "lpsn"),
    Source("LPSN records", "lpsntaxonomicstatus", "fullname|monomial", "category", STATUS_COLUMNS, True, "", "lpsn"),
    Source("NCBI taxonomy names", "uniquename", "name", "", "nameclass", terms="ncbi"),
    Source("GTDB taxonomy", "", "gtdbtaxonomy|gtdblineage|gtdbclassification", prokaryotes=True, lineage=True),
    Source("Kaiju table", "percent reads taxonid", "taxonname"),
    Source("table with lineages", "", LINEAGE_COLUMNS, lineage=True),
    Source("SeqCode names", "syllabication", "name", "rank", "status", prokaryotes=True),
    Source("CAMI profile", "taxpath", "taxpathsn", "rank"),
    Source("names with their ranks", "", NAME_COLUMNS, RANK_COLUMNS, STATUS_COLUMNS),
    Source("ICTV virus taxonomy", "realm", "genus", prokaryotes=False),
    Source("BacDive strains", "istypestrain", "genus", prokaryotes=True),
    Source("column of genera", "", GENUS_COLUMNS, "", STATUS_COLUMNS),
)
# The columns of tables without a header, by what their first line looks like.
LAYOUTS = {
    r"\d+\t\|(\t[^|]*\|){3}": "taxid name uniquename nameclass",  # names.dmp; the rest is in nodes.dmp
    r"\d+\t\|(\t[^|]*\|){9,10}": "taxid taxname species genus family order class phylum kingdom superkingdom domain",
    r" *[\d.,]+\t\d+\t\d+\t[A-Z-]\d?\t\d+\t.*": "percent clade own rank taxid name",  # Kraken
    r" *[\d.]+\t\d+\t\d+\t\d+\t\d+\t[A-Z-]\d?\t\d+\t.*": "percent clade own minimizers distinct rank taxid name",
    r"[^\t]+;\t\d+\t[a-z_ ]+\t.*": "name taxid rank",  # SILVA: lineages with the rank of their last name
    r"\d+(\t\S*){3}\t[A-Z_]+\t[A-Z_]+\t\{.*": "id - - - status rank" + 13 * " -" + " canonicalname",  # GBIF
}
# Words of headers, headings and footnotes: none of them is a name.
RANKS_ABOVE = "family|familie|families|order|ordnung|class|klasse|classes|phylum|phyla|stamm|kingdom|reich|domain"
HEADER_WORDS = {*re.findall(r"\w+", f"""
    {GENUS_COLUMNS} {LINEAGE_COLUMNS} {NAME_COLUMNS} {RANK_COLUMNS} {STATUS_COLUMNS} {SCOPE_COLUMNS} {RANKS_ABOVE} names
    taxa organism species strain list word label author authority country countries year sample source reference legend
    note notes date version host hosts gene primer sequence text neutrum femininum femina""")}  # fmt: skip

PROKARYOTES = {"bacteria", "archaea", "bacterial", "prokaryotic", "prokaryota", "icnp", "icnb", "seqcode"}
ELSEWHERE = {*re.findall(r"\w+", """plantae animalia fungi chromista protozoa virus viruses viral eukaryota metazoa
                         viridiplantae zoological iczn icvcn botanical icn icbn icnafp""")}  # fmt: skip
GENUS_RANKS = {"genus", "gen", "g", "gattung", "genre", "género", "genero", "genere"}
MISSING = {"", "na", "n/a", "nan", "null", "none", "\\n", "-", "no support", "#n/a", "#name?"}
# How a name stands, by the first pattern found in its status; "" if it is none. Of LPSN's the last clause counts.
WRONG = "misappl|misspell|incorrect|typo|bare|illeg|not valid|nud[ua]|excluded|rej|unavailable|orthographic|placeholder"
KINDS = {
    "": {WRONG: "rejected", "candidatus": "candidatus", "synonym|unaccepted|invalid|superseded": "synonym", "": "name"},
    "lpsn": {"rej": "rejected", "(^|; )correct name[^;]*$": "name", "(^|; )synonym[^;]*$": "synonym", "": "rejected"},
    "ncbi": {"scientific name": "name", "(synonym|equivalent name|in-part|includes|misspelling)$": "rejected", "": ""},
}
# In an archive, the member to read, the first that there is; else its only list: no folder, hidden file or document.
LIST = r"(?![._]|readme|licen[cs]e|citation|.*\.(xml|md|html?|ya?ml|pdf|prt|bib|png|npy)$).+"
MEMBERS = (r"names\.dmp", r"rankedlineage\.dmp", r"name(usage)?\.[ct]\w+", r"tax(on|a)\.[ct]\w+", LIST)

# A genus with its author, who has a year, brackets or a stop, or stands behind a comma, & or ex: no phrase has.
AUTHORED = re.compile(r"(?i)((?:candidatus[ _])?[^\s,([]+)(?:\s*[,([]|\s.*(?:[&.]|\b(?:ex|et|(?:1[7-9]|20)\d\d)\b)).*")
SPECIES = re.compile(r"(?:^|[;|] *|(?i:candidatus) )([A-Z][a-z]+) [a-z-]+[^;|]*$")  # at the end of a path, if it is one
EDGE = r"(?<![^>;|,=\s\"])"  # in lineages nothing stands before a rank but what separates names
RANK_PREFIX = re.compile(EDGE + r"(?:[dkpcofgsrt]__|D_\d\d?__|[dk]:[A-Z][^;,:]*,p:)")
GENUS_PREFIX = re.compile("(?=[gD])" + EDGE + r"(?:g__|D_5__|(?<=,)g:)\"*([^;|,\t\"]*)")  # quick by its letters
FILLED = re.compile(r"__([^;|,]{1,60})[;|,] *g__\1(?![^;|,\t])")  # with the name of the rank above
IN_TURN = re.compile(r"[;\t](?:rootrank|domain)[;\t](?:(?:.*[;\t])?\"?([^;\t\"]*)\"?[;\t]genus(?![^;\t]))?")
DOMAIN = re.compile(EDGE + r"(?:[dk]__|[dk]:|D_0__)?(Bacteria|Archaea|Eukaryota|Fungi|Plantae|Animalia|Viruses)\b")
PATH = re.compile(DOMAIN.pattern + r"[^;|\t]{0,60}[;|](?!\d).*?(?=\t|\",|$)")  # without ranks, from the domain on
CLADE = re.compile(r"\w+ati|.* group")  # what NCBI has between the ranks, such as kingdoms
FAMILY = re.compile(r"\w+eae|\w+_incertae_sedis")  # and what may stand between it and the genus
# Behind a name: a confidence, a number of CheckM, what GTDB's FASTA says of the sequence, a footnote; around it: tags.
# Not within blanks: else time grows with their square.
DRESS = re.compile(r"(?<!\s)\s*(?:\([UID\d.]+\)|: [\d.]+|\[\w+=.*|\[\w{1,2}\])$|<sup>[^<]*</sup>|</?\w{1,3}>|[*†‡×✕]")


def plain(cell: str) -> str:
    """A name without what stands around it: blanks, quotes, marks, tags, a footnote, a confidence."""
    return cell if cell.isalpha() else DRESS.sub("", cell.strip("\t\n \"'").replace("\n", " ")).strip("\t \"'")


@lru_cache(8)  # lineages may be long, and are looked at twice
def genus_of(text: str) -> str | None:
    """The genus of a lineage by its prefix, by the word behind it, or in `Bacteria;…` the name below a family (-aceae),
    else the sixth; "" if it has none, None if the text is no lineage."""
    organelle = "hloroplast" in text or "itochondri" in text or "D_0__Eukaryota" in text  # what follows is a host
    if found := GENUS_PREFIX.search(text):
        return "" if organelle or FILLED.search(text) else plain(found[1])
    if RANK_PREFIX.search(text):
        return ""
    if found := IN_TURN.search(text):
        return found[1] or ""
    if not (found := PATH.search(text)):
        return None
    names = [n for n in map(plain, re.split("[;|]", found[0].rstrip(" .;|"))) if not CLADE.fullmatch(n.lower())]
    families = [k for k, name in enumerate(names) if FAMILY.fullmatch(name)]
    place = families[-1] + 1 if families else 5
    return names[place] if found[1] in ("Bacteria", "Archaea") and not organelle and place < len(names) else ""


@lru_cache(64)  # cells may be long
def key_of(column: str) -> str:
    """A column's name without case, prefix, blanks and marks: col:scientificName, and t_genus of anvi'o is genus."""
    column = column.strip().lower()
    return column if column.isalpha() else re.sub(r"^(?:col:|dwc:|t_)|[\W_]", "", column)


@lru_cache(64)  # cells may be long
def kind_of(status: str, terms: str) -> str:
    """The kind that a status says, in the terms of one of KINDS; "" for none."""
    status = plain(status).lower().replace("_", " ").rstrip("; ")
    return next(kind for pattern, kind in KINDS[terms].items() if re.search(pattern, status))


def choices_of(columns: Set[str]) -> list[Source]:
    """The sources of which there are the columns, with these; one that is of prokaryotes, or has own terms, alone."""
    found: list[Source] = []
    for source in SOURCES:
        wanted = (source.name, source.rank, source.epithet, SCOPE_COLUMNS, *source.status.split())
        there = [next((name for name in names.split("|") if name in columns), "") for names in wanted]
        if there[0] and (there[1] or not source.rank) and columns >= {*source.required.split()}:
            name, rank, epithet, scope, *standings = there
            status = " ".join(filter(None, standings))
            found.append(source._replace(name=name, rank=rank, epithet=epithet, scope=scope, status=status))
    return found[:1] if found and (found[0].terms or found[0].prokaryotes) else found
