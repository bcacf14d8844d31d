"""What every reader gives: spellings with their line and their standing."""

import re
from collections.abc import Iterable
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
    "totale", "totaal", "yes", "no",
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
