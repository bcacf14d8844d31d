"""Which shape a text has, by its content, and the reading of plain lists and of JSON, which have no rows."""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from bacterio_cli.dataset import MOST_ENTRIES
from bacterio_cli.dataset.readers import FORMATS, sources, tables
from bacterio_cli.dataset.readers.sources import CANDIDATUS, Entry, Reading, choices_of, counted, key_of
from bacterio_cli.dataset.readers.tables import Record, gather, read_lineages, require_name
from bacterio_cli.dataset.readers.text_files import Text, Watch, opened
from bacterio_cli.errors import InputError, refuse

# What stands in tables, sentences, code, paths and identifiers, and what is no name whatever the other lines are.
SIGNS = re.compile(r"[\d_={}()\[\];:,<>|\t\\@$%&*+~^?!/、，；†‡]|\w\.\w|^\W*$")
FOREIGN = re.compile(r"^[>@]|[,:]$|^\d+ +\d+$|^[A-Z][a-z]+: |__.*__|://|[,;|=<>{}\t][^,;|=<>{}\t]*[,;|=<>{}\t]")
PLACEHOLDER = re.compile(r"[A-Z][A-Za-z\d-]*(?:_[A-Z]{1,2})?")  # UBA1234, Bacillus_A
BULLET = re.compile(r"^(?:[-*+•·–▪▫◦‣○●■\uf0b7]|\(?\d+[.):])\s+(?=\S)|(?<!\s)\s+#.*")  # or a number; a comment
AROUND = re.compile(r"^([\"'`]|[*_]{1,3}|'{2,5})(\w.*)\1\Z")  # quotes, italics of Markdown or of a wiki
DELIMITERS = {"\t": "tabs", ",": "commas", ";": "semicolons", "|": "bars"}
INSIST = "--input-format lines takes every line for a name"
LARGEST_JSON = 2**24  # bytes: all of it is held in memory
STRING = re.compile(r'"((?:[^"\\]++|\\.)*+)"')
ASIDE = re.compile("host|synonym|typo|misspell", re.IGNORECASE)  # keys of what is another organism, or another name


def read(
    source: str,
    *,
    input_format: str | None = None,
    column: str | None = None,
    encoding: str | None = None,
    profile: str | None = None,
    any_lines: bool = False,
    watch: Watch | None = None,
) -> Reading:
    """All that a file holds, or standard input for `-`, in the shape that it shows, or the `input_format` asked for.

    `column` is a table's, by name or number. With the `profile` any, lines may be of several words, with `any_lines`
    whatever they like. FileError, InputError for what is no such text, UsageError for words that mean nothing.
    """
    wanted, asked = "1" if column is None else column.strip(), input_format if column is None else "table"
    refuse(
        (not source, "the name of a list is empty; name a file"),
        (input_format not in (None, *FORMATS), f"--input-format {input_format}: it is one of {', '.join(FORMATS)}"),
        (input_format not in (None, asked), f"--column is for tables, and not for --input-format {input_format}"),
        (re.fullmatch("-[0-9]+|0*", wanted), f"--column {column!r} is neither a name nor a number from 1"),
    )
    shapes: dict[str, Callable[[Text], Reading | None]] = {
        "json": read_json,
        "table": tables.read if column is None else partial(tables.column, wanted=wanted),
        "lineages": read_lineages,
        "lines": read_lines if any_lines or asked == "lines" else partial(read_list, blanks=profile == "any"),
    }
    with opened(source, encoding, watch=watch) as text:
        for name in [asked] if asked else FORMATS:
            if found := shapes[name](text):
                found = found._replace(format=name, insisted=input_format is not None, notes=text.notes + found.notes)
                return found._replace(source=text.where, encoding=text.encoding, date=max(text.dates, default=None))
        raise InputError(text.where, f"is not in the format {asked}", "leave out --input-format")


def read_lines(text: Text) -> Reading:
    """Each line that is neither blank nor a comment, outer blanks removed, whatever it is."""
    stripped = enumerate(map(str.strip, text), 1)
    return Reading(counted((Entry(n, line) for n, line in stripped if line and line[0] != "#"), text.where))


def read_list(text: Text, *, blanks: bool) -> Reading:
    """The entries of a list in which most lines are one word, or with `blanks` a few; InputError for any other text."""
    indents = [len(line) - len(line.lstrip()) for line in text.head if line.lstrip()[:1] not in ("", "#")]
    if sum(indent > min(indents) for indent in indents[1:]) > 1:
        raise InputError(text.where, "is indented like a tree", INSIST)
    given = read_lines(text).entries
    entries = [
        e if e.text.isalpha() else e._replace(text=AROUND.sub(r"\2", BULLET.sub("", e.text)).rstrip("*†‡"))
        for e in given
    ]
    notes = ["bullets, numbers, quotes or comments removed"] * (entries != given)
    heading = key_of(entries[0].text) if entries else ""
    if heading in sources.RANKS_ABOVE.split("|") and not blanks:
        raise InputError(text.where, f"has the heading {entries[0].text!r}: what follows is no genus", INSIST)
    if heading in sources.HEADER_WORDS:
        notes.append(f"heading {entries.pop(0).text!r} passed over")
    others = [e for e in entries if not (e.text.isalpha() or PLACEHOLDER.fullmatch(e.text))]  # a few of a million
    counts = [len(CANDIDATUS.sub("", entry.text).split()) for entry in others]
    several, most = sum(count > 1 for count in counts), 4 if blanks else 1  # as in Santa Cruz de Tenerife
    odd = [e for e, count in zip(others, counts, strict=True) if count > most or SIGNS.search(e.text)]
    if 2 * len(odd) > len(entries):
        raise InputError(text.where, *refusal([entry.text for entry in entries], several))
    if foreign := next((entry for entry in odd if FOREIGN.search(entry.text)), None):
        what = f"is no name, though others are ({foreign.text[:60]!r})"
        raise InputError(f"{text.where}:{foreign.line}", what, INSIST)
    notes += [f"{several:,} of several words"] * bool(several)
    taxonomic = heading in sources.GENUS_COLUMNS.split("|")
    for entry in entries * taxonomic:
        require_name(entry.text, f"{text.where}:{entry.line}")
    return Reading(entries, taxonomic=taxonomic, notes=tuple(notes))


def refusal(texts: Sequence[str], several: int) -> tuple[str, str]:
    """What a text that is no list looks like, and what would read it."""
    seen, mark = texts[0], max(DELIMITERS, key=texts[0].count)
    if 2 * sum(mark in text for text in texts) > len(texts):
        cells = ", ".join(cell.strip(' "')[:20] for cell in seen.split(mark)[:12])
        what = f"looks like a table between {DELIMITERS[mark]}, of no known kind ({cells})"
        return what, "choose with --column NAME or N, or put each name on a line of its own"
    prose = "most lines are several words, as in a text or table"
    what = prose if 2 * several > len(texts) else "does not look like a list of names"
    return f"{what} ({seen[:60]!r})", f"for towns and the like pass --profile any; {INSIST}"


def read_json(text: Text) -> Reading | None:
    """The genera of JSON, whose objects are records, or a list of them; None if the text is none.  InputError."""
    if not re.match(r"(?:\{\s*[\"}]|\[\s*[\[{\"])", text.start):
        return None
    text.longest = LARGEST_JSON
    lines = list(text) if text.file.size <= LARGEST_JSON else []
    whole = re.sub(r"(?<=\})(?=[ \t]*+\n\s*+\{)", ",", "\n".join(lines))  # objects of JSON Lines are those of a list
    if not lines or sum(map(whole.count, ",[{")) > MOST_ENTRIES:
        what = f"is JSON of more than {LARGEST_JSON // 2**20} MiB, or of more than {MOST_ENTRIES:,} values"
        raise InputError(text.where, what, "make it a table or a plain list")
    try:
        values = json.loads(f"[{whole}]", parse_int=float)  # Python refuses integers of 5,000 digits
    except (ValueError, RecursionError) as error:
        what = "is JSON that is cut off, damaged or nested too deeply"
        raise InputError(f"{text.where}:{getattr(error, 'lineno', 1)}", what, "fetch it again") from error
    first = {string: number for number, line in reversed([*enumerate(lines, 1)]) for string in STRING.findall(line)}
    listed = isinstance(values[0], list) and all(isinstance(name, str) for name in values[0])
    records = [{"genus": name, "": ""} for name in values[0]] if listed else [*records_in(values)]
    columns = dict.fromkeys(key for record in records for key in record)
    if not (choices := choices_of(columns.keys())):
        what = f"is JSON, but without genera (its keys: {', '.join(columns)[:80]})"
        raise InputError(text.where, what, "make it a list or a table")
    found = gather(choices, ((first.get(record[choices[0].name], 1), record) for record in records), text.where)
    return found._replace(label=f"JSON, {found.label}")


def records_in(values: list[Any]) -> Iterator[Record]:
    """Objects at any depth but hosts and synonyms, by `key_of` their keys, "" for all others; the name or value of an
    object inside is a cell too, and so are the ranks of a lineage in a list."""
    waiting = list(values)
    for value in waiting:  # which grows by what each holds
        inner = value if isinstance(value, list) else []
        if isinstance(value, dict):
            record = defaultdict[str, str](str)
            for key, item in value.items():
                cell = item.get("name", item.get("value")) if isinstance(item, dict) else item
                if isinstance(item, list) and all(isinstance(rank, str) and "__" in rank for rank in item):
                    cell = ";".join(item)
                record |= {key_of(key): str(cell)} if isinstance(cell, str | int | float) else {}
            yield record
            inner = [item for key, item in value.items() if not ASIDE.search(key)]
        waiting += inner
