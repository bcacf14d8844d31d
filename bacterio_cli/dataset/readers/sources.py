"""What every reader gives, and the registry: by which columns the sources are known, and which of them hold what."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from bacterio_cli.dataset import MOST_BYTES, MOST_ENTRIES
from bacterio_cli.errors import InputError

LEARNED = ("name", "synonym")  # the kinds that a corpus keeps
RANKING = ("name", "synonym", "candidatus", "rejected", "species")  # of several rows with one spelling the first counts
# So end nearly all genera, and every second surname does not.
LATIN_WORD = re.compile("[A-Z][a-z]*(?:[aeimosx]|er|en|or|on|oc|oid|ar|an)")
# Words that stand where a name is missing.
STAND_INS = {
    "candidatus", "environmental", "metagenome", "mixed", "unassigned", "unclassified", "uncultivated", "uncultured",
    "undefined", "undetermined", "unidentified", "unknown", "unnamed", "chloroplast", "mitochondria", "genus",
    "archaea", "bacteria", "none", "null", "organism", "other", "others", "total", "sonstige", "gesamt",
    "gesamtergebnis", "unbekannt", "negativ", "autres", "inconnu", "desconocido", "otros", "altri", "overig",
    "negative", "failed", "rare", "average", "mean", "ambiguous", "multiple", "unresolved", "contaminated",
    "contaminant", "abbreviations", "yeast", "andere", "sum", "summe", "unspecified", "root", "eukaryota", "richness",
    "shannon", "simpson", "stdev", "idem", "incertae", "bacterium", "symbiont", "endosymbiont", "unmapped",
    "remaining", "rest", "blank", "control", "controls", "mittelwert", "maximum", "minimum", "median", "gesamtsumme",
    "totale", "totaal", "yes", "no", "contamination", "contact", "references", "mock", "human", "miscellaneous",
    "autre", "aerobes", "anaerobes",
}  # fmt: skip
CANDIDATUS = re.compile(r"(?<!\w)[\"'“‘\[*]?\s?(?:candidatus[\s_*\"'”’\]]+|ca(?:nd)?\.\s+|ca_(?=[a-z]))", re.IGNORECASE)


class Entry(NamedTuple):
    """A spelling as it stands in its source, the number of its first line, and its kind, one of RANKING.

    A rejected one is not to be learned, such as a misspelling, or a name that its source does not hold to be correct;
    and of species, a genus that has no row of its own.
    """

    line: int
    text: str
    kind: str = "name"


class Reading(NamedTuple):
    """All that one source holds, and what it was taken for: `label` in words, `format` as one of FORMATS.

    `taxonomic`: it holds genera and nothing else. `prokaryotes`: True, False if they are other organisms, None if that
    is unknown. `notes`: what the user has to be told. `date`: the newest that a comment states as `# date:
    2020-12-31`. `insisted`: the format was asked for. `source` is what messages call it.
    """

    entries: list[Entry]
    label: str = "plain list"
    taxonomic: bool = False
    prokaryotes: bool | None = None
    notes: tuple[str, ...] = ()
    source: str = ""
    format: str = "lines"
    encoding: str = "UTF-8"
    date: str | None = None
    insisted: bool = False


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
    """A kind of table, or of records of JSON, told by its columns without case, blanks and marks: genusname.

    Those `required` must all be there. `name` is the column with the names or, if `lineage`, with lineages; `rank`
    tells which rows are genera, `status` their standing, in the `status_terms` of KINDS or in any. Of columns between
    bars the first that there is counts; those of standings between blanks are taken together. The `epithet` is empty
    in the row of a genus itself. `prokaryotes` is True, False for other organisms, None if one of SCOPE_COLUMNS may
    tell. In a table at hand they are at `places` in a row, by default the first alone, and `higher_ranks` at theirs.
    """

    label: str
    required: str = ""
    name: str = ""
    rank: str = ""
    status: str = ""
    prokaryotes: bool | None = None
    epithet: str = ""
    status_terms: str = ""
    lineage: bool = False
    places: Sequence[int] = (0, -1, -1, -1)
    higher_ranks: Sequence[int] = ()


GENUS_COLUMNS = "gtdbgenus|genuslabel|genus|genera|genusname|gattung|gattungsname|geslacht"  # género is sex too
LINEAGE_COLUMNS = "taxonomy|taxon|tax|lineage|classification|consensuslineage|taxonomiclineage|ncbitaxonomy|path"
NAME_COLUMNS = (  # of which the first counts
    "currentscientificname|canonicalname|scientificname|uninomial|taxname|fullname|taxonname|taxon|name|nametxt|completename|genus"
)
RANK_COLUMNS = (
    "rank|rang|rango|taxonrank|taxrank|taxonomicrank|taxonomylvl|category|rankname|taxonranklabel|ranklabel|rankcode|"
    "lvltype"
)
STATUS_COLUMNS = "nomenclaturalstatus taxonomicstatus|status|taxonstatus"
LPSN_STATUS = "nomenclaturalstatus lpsntaxonomicstatus"

# The first that fits counts: GTDB's own taxonomy before NCBI's, a rank column before one of genera.
SOURCES = (
    Source("LPSN genus and species rows", "genusname spepithet", "genusname", "", "status", True, "spepithet", "lpsn"),
    Source("LPSN records", "lpsntaxonomicstatus", "fullname|monomial", "category", LPSN_STATUS, True, "", "lpsn"),
    Source("NCBI taxonomy names", "uniquename", "name", "", "nameclass", status_terms="ncbi"),
    Source("NCBI ranked lineages", "taxid taxname species", "genus"),
    Source("GTDB taxonomy", "", "gtdbtaxonomy|gtdblineage|gtdbclassification", prokaryotes=True, lineage=True),
    Source("GTDB-Tk summary", "usergenome", "classification", prokaryotes=True, lineage=True),
    Source("QIIME 2 taxonomy", "featureid", "taxon", lineage=True),
    Source("MetaPhlAn profile", "", "cladename", lineage=True),
    Source("Kaiju table", "percent reads taxonid", "taxonname", lineage=True),
    Source("table with lineages", "", LINEAGE_COLUMNS, lineage=True),
    Source("SeqCode names", "syllabication", "name", "rank", "status", prokaryotes=True),
    Source("Catalogue of Life name usages", "id parentid status", "scientificname", "rank", "status"),
    Source("Darwin Core taxa", "", "scientificname|canonicalname", "taxonrank", STATUS_COLUMNS),
    Source("CAMI profile", "taxpath", "taxpathsn", "rank"),
    Source("names with their ranks", "", NAME_COLUMNS, RANK_COLUMNS, STATUS_COLUMNS),
    Source("ICTV virus taxonomy", "realm", "genus", prokaryotes=False),
    Source("BacDive strains", "istypestrain", "genus", prokaryotes=True),
    Source("phyloseq ranks", "rank1 rank5", "rank6"),
    Source("column of genera", "", GENUS_COLUMNS, "", STATUS_COLUMNS),
)
SCOPE_COLUMNS = "superkingdom|domain|kingdom|code|nomenclaturalcode"
HIGHER_RANKS = (  # from the family up, in several languages: what repeats the name above it is no genus
    "family", "familie", "famille", "familia", "famiglia", "order", "ordnung", "ordre", "orden", "ordine", "class",
    "klasse", "classe", "clase", "phylum", "stamm", "embranchement", "filo", "kingdom", "superkingdom", "domain",
)  # fmt: skip
NAMED = " ".join(f"{s.required} {s.name} {s.rank} {s.status} {s.epithet}" for s in SOURCES)
COLUMNS = {*re.findall(r"\w+", f"{NAMED} {SCOPE_COLUMNS}"), *HIGHER_RANKS}
# The columns of tables without a header, by what their first line looks like.
LAYOUTS = {
    r"\d+\t\|(\t[^|]*\|){3}": "taxid name uniquename nameclass kingdom",  # names.dmp; the rest is in nodes.dmp
    r"\d+\t\|(\t[^|]*\|){9,10}": "taxid taxname species genus family order class phylum kingdom superkingdom domain",
    r" *[\d.,]+\t\d+\t\d+\t[A-Z-]\d?\t\d+\t.*": "percent clade own rank taxid name domain",  # Kraken
    r" *[\d.]+\t\d+\t\d+\t\d+\t\d+\t[A-Z-]\d?\t\d+\t.*": "percent clade own minimizers distinct rank taxid name domain",
    r"[^\t]+;\t\d+\t[a-z_ ]+\t.*": "name taxid rank",  # SILVA: lineages with the rank of their last name
    r"\d+(\t\S*){3}\t[A-Z_]+\t[A-Z_]+\t\{.*": "id - - - status rank" + 13 * " -" + " canonicalname",  # GBIF
}

# Headings of plain lists, and words of headers and footnotes: none of them is a name.
HEADINGS = {*GENUS_COLUMNS.split("|")} | {
    "name", "names", "scientificname", "taxonname", "taxon", "taxa", "genusnames", "organism", "organisms",
    "bacteria", "bacterium", "microbes", "species", "strain", "strains", "taxonomy", "list", "label",
    "labels", "value", "values", "item", "items", "word", "words", "nom", "nombre", "nome", "naam", "namen",
    "gattungen", "gattungsnamen", "keime", "erreger", "bakterien", "pathogens", "rodzaj", "slekt",
}  # fmt: skip
ABOVE_GENUS = {*HIGHER_RANKS, "phyla", "classes", "orders", "families", "domains", "kingdoms", "reich"}
HEADER_WORDS = COLUMNS | ABOVE_GENUS | {
    "strain", "author", "authors", "authority", "country", "countries", "year", "sample", "source", "reference",
    "legend", "note", "notes", "date", "version", "quelle", "anmerkung", "anmerkungen", "host", "hosts", "gene",
    "genes", "primer", "primers", "sequence", "text", "neutrum", "maskulinum", "femininum", "femina",
}  # fmt: skip

PROKARYOTES = {"bacteria", "archaea", "bacterial", "prokaryotic", "prokaryota", "icnp", "icnb", "seqcode"}
OTHERS = {
    "plantae", "animalia", "fungi", "chromista", "protozoa", "viruses", "eukaryota", "viridiplantae", "metazoa",
    "zoological", "viral", "virus", "iczn", "icvcn",
}  # fmt: skip
ELSEWHERE = OTHERS | {"botanical", "icn", "icbn", "icnafp"}  # of whose code cyanobacteria are too
DIVISIONS = dict.fromkeys(["1", "2", "3", "4", "5", "6", "9", "10"], "eukaryota") | {"0": "bacteria"}  # of NCBI
GENUS_RANKS = {"genus", "gen", "g", "gattung", "genre", "género", "genero", "genere"}
SPECIES_RANKS = {"species", "subspecies", "s", "art"}
MISSING = {"", "na", "n/a", "nan", "null", "none", "\\n", "-", "no support", "#n/a", "#name?"}

# How a name stands, by the first pattern found in its status; "" if it is none. Of LPSN's the last clause counts.
WRONG = "misappl|misspell|incorrect|typo|bare|illeg|not valid|nud[ua]|excluded|rej|unavailable|orthographic|placeholder"
KINDS = {
    "": {WRONG: "rejected", "candidatus": "candidatus", "synonym|unaccepted|invalid|superseded": "synonym", "": "name"},
    "lpsn": {"rej": "rejected", "(^|; )correct name[^;]*$": "name", "(^|; )synonym[^;]*$": "synonym", "": "rejected"},
    "ncbi": {"scientific name": "name", "(synonym|equivalent name|in-part|includes|misspelling)$": "rejected", "": ""},
}

# In an archive, the member to read, the first that there is; else its only list: no folder, hidden file or document.
TABLES = [f"{name}.{ending}" for name in ("nameusage", "name", "taxon", "taxa") for ending in ("tsv", "csv", "txt")]
LIST = r"(?![._]|readme|licen[cs]e|citation|.*\.(xml|md|html?|ya?ml|pdf|prt|bib|png|npy)$).+"
MEMBERS = ("names.dmp", "rankedlineage.dmp", *TABLES, LIST)
