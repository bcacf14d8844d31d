"""The registry: by which columns the sources are known, and which of them hold what. Data alone."""

import re
from typing import NamedTuple


class Source(NamedTuple):
    """A kind of table, or of records of JSON, told by its columns without case, blanks and marks: genusname.

    Those `required` must all be there. `name` is the column with the names or, if `lineage`, with lineages; `rank`
    tells which rows are genera, `status` their standing, in the `status_terms` of KINDS or in any. Of columns between
    bars the first that there is counts. The `species_columns` are empty in the row of a genus itself. `prokaryotes` is
    True, False for other organisms, None if a column of SCOPES may tell.
    """

    label: str
    required: str
    name: str
    rank: str = ""
    status: str = ""
    prokaryotes: bool | None = None
    species_columns: str = ""
    status_terms: str = ""
    lineage: bool = False


GENUS = "genuslabel|genus|genera|genusname|gattung|gattungsname|genre|genero|género|genere|geslacht"
LINEAGES = "taxonomy|taxon|lineage|classification|cladename|consensuslineage|taxonomiclineage|ncbitaxonomy"
NAMES = "currentscientificname|uninomial|canonicalname|scientificname|taxname|fullname|taxonname|taxon|name|genus"
RANK = "rank|rang|rango|taxonrank|taxrank|taxonomicrank|taxonomylvl|category|rankname"
STATUS = "taxonomicstatus|status|taxonstatus"
LPSN = ("status", True, "spepithet subspepithet", "lpsn")
LPSN_STATUS = "lpsntaxonomicstatus"

# The first that fits counts: GTDB's own taxonomy before NCBI's, a rank column before one of genera.
SOURCES = (
    Source("LPSN genus and species rows", "genusname spepithet", "genusname", "", *LPSN),
    Source("LPSN records", LPSN_STATUS, "fullname|monomial", "category", LPSN_STATUS, True, status_terms="lpsn"),
    Source("NCBI taxonomy names", "uniquename", "name", "", "nameclass", status_terms="ncbi"),
    Source("NCBI ranked lineages", "taxid taxname species", "genus"),
    Source("GTDB taxonomy", "", "gtdbtaxonomy", prokaryotes=True, lineage=True),
    Source("GTDB-Tk summary", "usergenome", "classification", prokaryotes=True, lineage=True),
    Source("QIIME 2 taxonomy", "featureid", "taxon", lineage=True),
    Source("BIOM table", "otuid", "taxonomy|consensuslineage", lineage=True),
    Source("MetaPhlAn profile", "", "cladename", lineage=True),
    Source("Kaiju table", "percent reads taxonid", "taxonname", lineage=True),
    Source("table with lineages", "", LINEAGES, lineage=True),
    Source("SeqCode names", "syllabication", "name", "rank", "status", prokaryotes=True),
    Source("Catalogue of Life name usages", "id parentid status", "scientificname", "rank", "status"),
    Source("Darwin Core taxa", "", "scientificname|canonicalname", "taxonrank", STATUS),
    Source("WoRMS matches", "aphiaid", "scientificname", "rank", "status"),
    Source("NCBI Datasets taxonomy", "", "taxname", "rank"),
    Source("CAMI profile", "taxpath", "taxpathsn", "rank"),
    Source("names with their ranks", "", NAMES, RANK, STATUS),
    Source("ICTV virus taxonomy", "realm", "genus", prokaryotes=False),
    Source("BacDive strains", "istypestrain", "genus", prokaryotes=True),
    Source("column of genera", "", GENUS, "", STATUS),
)
SCOPES = "superkingdom|domain|kingdom|code|nomenclaturalcode"  # tell of what a row is: cyanobacteria are under the ICN
HIGHER = "family|order|class|phylum|kingdom|superkingdom|domain"  # a genus is none of its own
FOOTNOTES = "strain|author|authors|authority|country|year|sample|source|reference|legend|note|notes"
COLUMNS = {
    *re.findall(r"\w+", " ".join(f"{s.required} {s.name} {s.rank} {s.status} {s.species_columns}" for s in SOURCES))
}
# Ranks above the genus as headings: what stands below them is no genus.
RANKS_ABOVE = {
    "phylum", "phyla", "class", "classes", "order", "orders", "domain", "domains", "kingdom", "stamm", "klasse",
    "ordnung", "familie", "reich", "embranchement", "classe", "ordre", "famille", "filo", "clase", "orden", "familia",
    "ordine", "famiglia",
}  # fmt: skip
COLUMNS |= {*SCOPES.split("|"), *HIGHER.split("|")}
HEADER_WORDS = COLUMNS | RANKS_ABOVE | {*FOOTNOTES.split("|")}  # they stand in no cell of a name

PROKARYOTES = {"bacteria", "archaea", "bacterial", "prokaryotic", "prokaryota", "icnp", "icnb", "seqcode"}
ELSEWHERE = {
    "plantae", "animalia", "fungi", "chromista", "protozoa", "viruses", "eukaryota", "viridiplantae", "metazoa",
    "botanical", "zoological", "viral", "virus", "icn", "icbn", "icnafp", "iczn", "icvcn",
}  # fmt: skip
GENUS_RANKS = {"genus", "gen", "g", "gattung", "genre", "género", "genero", "genere"}
RANK_WORD = re.compile(  # in a table without a header; with the letters of Kraken
    r"(?:sub|super|infra|parv|major)?(?:root|realm|domain|kingdom|phylum|class|order|family|tribe|genus|section|species"
    r"|speciesgroup|variety|form|strain|isolate|clade)|(?:sero|bio|patho|geno)(?:type|group|var)|(?:a?cellular)root"
    r"|norank|unranked|gen|[urdkpcofgs]\d?|-"
)
MISSING = {"", "na", "n/a", "nan", "null", "none", "\\n", "-", "no support"}

# How a name stands, by the first pattern found in its status; "" if it is none. Of LPSN's the last clause counts.
WRONG = "misappl|misspell|bare|illegit|not valid|nud[ua]|excluded|reject|unavailable|orthographic"
KINDS = {
    "": {WRONG: "rejected", "synonym|unaccepted|invalid|superseded": "synonym", "": "name"},
    "lpsn": {"(^|; )correct name[^;]*$": "name", "(^|; )synonym[^;]*$": "synonym", "": "rejected"},
    "ncbi": {"scientific name": "name", "(synonym|equivalent name|in-part|includes|misspelling)$": "rejected", "": ""},
}
# The columns of NCBI's dumps, which have no header, by their number; the genera are those of nodes.dmp by their taxid.
RANKED_LINEAGE = "taxid taxname species genus family order class phylum kingdom superkingdom domain"
DUMPS = {4: "taxid name uniquename nameclass", 10: RANKED_LINEAGE, 11: RANKED_LINEAGE}

# In an archive, the member to read, the first that there is; else its only list.
TABLES = [f"{name}.{ending}" for name in ("nameusage", "name", "taxon", "taxa") for ending in ("tsv", "csv", "txt")]
MEMBERS = ("names.dmp", "rankedlineage.dmp", *TABLES)
