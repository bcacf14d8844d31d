"""The genus in a cell: of a lineage, whose ranks are told in many ways, or of a name with its authors; each once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from bacterio_cli.dataset import MOST_ENTRIES
from bacterio_cli.dataset.readers import sources
from bacterio_cli.dataset.readers.records import RANKING, Entry, Reading, kind_of
from bacterio_cli.dataset.readers.sources import GENUS_RANKS, Source
from bacterio_cli.errors import InputError

BEFORE = r"(?:^|(?<=[;|,=\s\"]))"
PREFIX = re.compile(BEFORE + r"(?:[dkpcofgsrt]__|D_\d\d?__|[dk]:[A-Z][^;,:]*,p:)")
GENUS = re.compile(BEFORE + r"(?:g__|D_5__|(?<=,)g:)([^;|,\t\"]*)")
# A confidence, or what GTDB's FASTA says of the sequence. Not within blanks: else the time grows with their square.
SUFFIX = re.compile(r"(?<!\s)\s*(?:\([\d.]+\)|\[\w+=.*)$")
DOMAINS = {"bacteria", "archaea"}
ROOTS = {"root", "cellular organisms"}
TOPS = DOMAINS | ROOTS | {"eukaryota", "eukarya", "unassigned", "unclassified", "unknown", "viruses"}
AUTHOR = re.compile(r"(?:\s*[,(]|\s+(?=[(A-Z\d&'\"]|(?:ex|de|da|del|van|von|et|and)\b)).*")
GENUS_NAME = re.compile(r"(?:Candidatus[ _])?[A-Z][\w-]*[a-z]")
REJECTED = re.compile(
    r"misapplied|misspell|bare|illegitimate|not valid|nud[ua]|excluded|reject|unavailable|orthographic"
)
SYNONYM = re.compile("synonym|unaccepted|invalid|superseded")
STANDINGS = {"correct name": "name", "synonym": "synonym"}

Rows = Iterable[tuple[int, list[str]]]  # (line, the cells of name, rank, status, scope and what is below)


@lru_cache(64)  # cells may be long
def genus_of(text: str) -> str | None:
    """The genus of a lineage, "" if it has none; None if the text is no lineage.

    Without prefixes, where words for the ranks alternate with the names, it is the one before `genus`. Else, of
    bacteria and archaea, the one behind the family, which is known by its ending, or the fifth below the domain. A name
    that stands above already (Chloroplast; Chloroplast) fills a gap.
    """
    if "__" in text or ":" in text:
        if found := GENUS.search(text):
            return SUFFIX.sub("", found[1].strip()).strip(" '\"")
        if PREFIX.search(text):
            return ""
    if ";" not in text:
        return None
    parts = [SUFFIX.sub("", part.strip(" \"'")).strip(" \"'") for part in text.removeprefix("Lineage=").split(";")]
    parts = parts if parts[-1] else parts[:-1]
    words = [part.lower() for part in parts]
    if not words or words[0] not in TOPS:
        return None
    if len(parts) > 1 and words[1] in ("rootrank", "domain", "norank"):
        return parts[2 * words[1::2].index("genus")] if "genus" in words[1::2] else ""
    top = next((k for k, word in enumerate(words) if word not in ROOTS), 0)
    families = [k for k, word in enumerate(words) if word.endswith("aceae") and " " not in word]
    place = families[-1] + 1 if families else top + 5
    return parts[place] if words[top] in DOMAINS and place < len(parts) and words[place] not in words[:place] else ""


def rank_of(cell: str) -> str:
    """A rank without case and dot: "gen." is gen."""
    return cell.strip().lower().rstrip(".")


@lru_cache(64)  # cells may be long
def taxon(cell: str, *, lineage: bool, ranked: bool) -> str:
    """The name in a cell, "" if there is none: a lineage's genus; of a row of rank genus, without its authors."""
    text = re.sub("</?[a-zA-Z]{1,3}>", "", cell).strip() if "<" in cell else cell
    genus = None if text.isalpha() else genus_of(text)
    if text.lower() in sources.MISSING or (lineage and not genus) or not any(map(str.isalpha, text)):
        return ""
    if ranked and ";" in text and not genus:
        return text.rstrip("; ").rpartition(";")[2].strip()
    name = GENUS_NAME.match(text) if ranked and genus is None else None
    return name[0] if name and AUTHOR.fullmatch(text, name.end()) else text if genus is None else genus


@lru_cache(64)  # cells may be long
def standing(status: str, *, correct: bool) -> str:
    """The kind that a status says; if `correct`, its last clause up to a comma, rejected if that is no known one."""
    if correct:
        return STANDINGS.get(status.rstrip("; ").rpartition(";")[2].partition(",")[0].strip().lower(), "rejected")
    status = status.lower().replace("_", " ")
    return "rejected" if REJECTED.search(status) else "synonym" if SYNONYM.search(status) else "name"


def gather(source: Source, rows: Rows, where: str, *, most: int = MOST_ENTRIES) -> Reading:
    """Every genus once, at its first line. Its own row, with nothing below it, decides on its standing, or the best.

    A genus that only its species attest is a name if one of them is not rejected.
    """
    best: dict[str, tuple[int, bool, int]] = {}
    ranked, scopes = bool(source.rank), set()
    for line, (cell, rank, status, scope, *below) in rows:
        if (ranked and rank_of(rank) not in GENUS_RANKS) or not (
            text := taxon(cell, lineage=source.lineage, ranked=ranked)
        ):
            continue
        kind = standing(status, correct=source.correct)
        kind = "candidatus" if kind_of(text) == "candidatus" else "name" if any(below) and kind != "rejected" else kind
        first, under, rank_before = best.get(text, (line, True, len(RANKING)))
        best[text] = (first, *min((under, rank_before), (any(below), RANKING.index(kind))))
        scopes.add(scope.lower())
        if len(best) > most:
            raise InputError(where, f"has more than {most:,} names", "give a part of it")
    prokaryotes = source.prokaryotes
    if prokaryotes is None and scopes and (scopes <= sources.PROKARYOTES or scopes <= sources.ELSEWHERE):
        prokaryotes = scopes <= sources.PROKARYOTES
    entries = [Entry(line, text, RANKING[rank]) for text, (line, _, rank) in best.items()]
    return Reading(entries, source.label, True, prokaryotes)
