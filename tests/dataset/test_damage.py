"""Damaged and mixed files: never a traceback, and never a name that was none in the file."""

import gzip
from contextlib import suppress
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st
from support.processes import examples
from support.samples import NCBI, NODES, SAMPLES, TABLE, place

from bacterio_cli.dataset.corpus import read_corpus
from bacterio_cli.dataset.readers import FORMATS
from bacterio_cli.errors import BacterioError
from bacterio_cli.nomenclature.reference_lists import read_reference


@st.composite
def muddled(draw: st.DrawFn, texts: list[str], most: int = 1) -> list[str]:
    """The lines of one or several of the texts, some lost, doubled or moved."""
    some = draw(st.lists(st.sampled_from(texts), min_size=1, max_size=most))
    lines = [line for text in some for line in text.splitlines()]
    for _ in range(draw(st.integers(0, 4))):
        k, n = draw(st.integers(0, len(lines))), draw(st.integers(0, len(lines)))
        moved = lines[k : k + 1]
        lines[k : k + 1] = draw(st.sampled_from([[], moved * 2]))
        lines[n:n] = draw(st.sampled_from([[], moved]))
    return lines


@st.composite
def damaged(draw: st.DrawFn, texts: list[str]) -> bytes:
    """One of the texts muddled, in some encoding, then with bytes changed and perhaps cut off."""
    text, coding = "\n".join(draw(muddled(texts))) + "\n", draw(st.sampled_from(["utf-8", "utf-16", "gzip"]))
    data = bytearray(gzip.compress(text.encode(), mtime=0) if coding == "gzip" else text.encode(coding))
    for _ in range(draw(st.integers(0, 4))):
        if data:
            data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data[: draw(st.integers(0, len(data)))] if draw(st.booleans()) else data)


TEXTS = [*(sample.text for sample in SAMPLES.values()), TABLE, NCBI, NCBI]  # those of NCBI have their nodes to damage


@examples
@given(damaged(TEXTS), damaged([NODES]), st.sampled_from([None, None, *FORMATS]), st.sampled_from([None, "genus", "2"]))
def test_no_damage_is_a_traceback(
    tmp_path: Path, data: bytes, nodes: bytes, input_format: str | None, column: str | None
) -> None:
    """Whatever happens to a file, it is read, or refused by an expected error, in both profiles and as a reference."""
    path = place(tmp_path, data, nodes=nodes)
    for use in (
        lambda: read_corpus([path], profile="genus", input_format=input_format, column=column, least=1),
        lambda: read_corpus([path], profile="any", input_format=input_format, column=column, least=1),
        lambda: read_reference(path, input_format=input_format, column=column),
    ):
        with suppress(BacterioError):
            use()


GENERA = {entry.removeprefix("Candidatus ") for sample in SAMPLES.values() for entry in sample.entries}
TABLES = [sample.text for name, sample in SAMPLES.items() if name != "lines"]


@examples
@given(muddled(TABLES, most=2), st.sampled_from([None, "genus"]))
@example(["genus,family", "Abanella,Alphaceae", "Alphaceae,Abanella,x"], None)
def test_no_mixture_gives_what_was_no_genus(tmp_path: Path, lines: list[str], profile: str | None) -> None:
    """A name that comes out stood in the file as a genus: families, authors, headers and epithets never do."""
    text = "\n".join(line for line in lines if set(line) - set("ACGTU")) + "\n"  # a sequence is a word
    with suppress(BacterioError):
        names = read_corpus([place(tmp_path, text)], profile=profile, least=1).names
        assert {name.removeprefix("Candidatus ") for name in names} <= GENERA
