"""The README of the dataset room: its table is that of the registry."""

from pathlib import Path

import bacterio_cli.dataset
from bacterio_cli.dataset.readers import FORMATS
from bacterio_cli.dataset.readers.sources import SOURCES

README = Path(bacterio_cli.dataset.__file__).with_name("README.md")
KINDS = {True: "prokaryotes", False: "others", None: "as its columns tell"}


def table() -> str:
    """The formats, and the sources with the columns by which they are known, in the order in which they are tried."""
    lines = [f"`--input-format {'|'.join(FORMATS)}`", ""]
    lines += ["| table or JSON | known by | names in | rank | standing | of |", "|---|---|---|---|---|---|"]
    for s in SOURCES:
        names = s.name + " (lineages)" * s.lineage
        cells = (s.required.replace(" ", ", "), names, s.rank, s.status.replace(" ", " and "), KINDS[s.prokaryotes])
        lines.append(f"| {s.label} | {' | '.join(cell.replace('|', ' or ') for cell in cells)} |")
    return "\n".join(lines)


def test_the_table_is_that_of_the_registry() -> None:
    """Whoever adds a source puts the new table into the README: the assertion shows it."""
    _, _, rest = README.read_text(encoding="utf-8").partition("-->\n")
    assert rest.partition("\n<!-- end -->")[0] == table()
