"""The genus of a lineage, in whichever way its ranks are written."""

import re
from collections.abc import Iterable
from functools import lru_cache

from bacterio_cli.dataset.readers.sources import MISSING

EDGE = r"(?<![^>;|,=\s\"])"  # nothing before it but what separates names
RANK_PREFIX = re.compile(EDGE + r"(?:[dkpcofgsrt]__|D_\d\d?__|[dk]:[A-Z][^;,:]*,p:)")
GENUS_PREFIX = re.compile("(?=[gD])" + EDGE + r"(?:g__|D_5__|(?<=,)g:)\"*([^;|,\t\"]*)")  # quick by its letters
NAME = re.compile(r"(?:[a-z]__|D_\d__|[a-z]:)([^;|,\t]*)")  # behind the prefix of any rank
IN_TURN = re.compile(r"[;\t](?:rootrank|domain)[;\t](?:(?:.*[;\t])?\"?([^;\t\"]*)\"?[;\t]genus(?![^;\t]))?")
DOMAINS = "Bacteria|Archaea|Eukaryota|Fungi|Plantae|Animalia|Viruses"
DOMAIN = re.compile(EDGE + rf"(?:[dk]__|[dk]:|D_0__)?({DOMAINS})\b")
# What separates cells: tabs, commas, and a blank or > before a root.
CELLS = re.compile(rf"[\t,]|(?:^>|\s)(?=(?:(?i:root|cellular organisms)|{DOMAINS})\b[^\s;|]*[;|])")
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
    """The names that are none of MISSING, without what stands around them."""
    return [name for name in map(plain, names) if name.lower() not in MISSING]


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
    if not (";" in text or "|" in text):
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
