"""Names of genera that `bacterio sample` prints by default: made of known words, well formed, in no list."""

import re
import shutil
from collections import Counter
from pathlib import Path
from statistics import mean

import pytest
from support.processes import ROOT, Result, bacterio, inside, only_error
from support.shipped import SCORER

from bacterio_cli.inference import filters
from bacterio_cli.nomenclature import rules
from bacterio_cli.nomenclature.name_index import also_known_lists


def draw(folder: Path, *words: object, seed: int = 1) -> Result:
    """`bacterio sample` with the model that ships."""
    return inside("sample", "-c", ROOT / "data/model.npz", "--seed", seed, *words, cwd=folder)


def is_sound(name: str) -> bool:
    """Whether a name is what the default promises: words of the glossary, two at least and each once, well formed."""
    analysis = SCORER.morphology.analyse(name)
    sound = rules.status(rules.judge(name)[0]) == "ok"
    return analysis.answer == "explained" and not analysis.doubled and len(analysis.parts) > 1 and sound


def test_default_names_are_the_usable_ones_of_all_draws(tmp_path: Path) -> None:
    """Explained, well formed, new, distinct and in no list: those that --any prints and that are so, and no others."""
    usable, every = (draw(tmp_path, "-n", n, *more) for n, more in ((60, []), (240, ["--any"])))
    names, free = usable.stdout.splitlines(), every.stdout.splitlines()
    assert (usable.code, every.code, len(names), len(free)) == (0, 0, 60, 240)
    well_made, apart, _ = filters.usable(SCORER)
    rows = SCORER.score([name for name, *why in zip(free, well_made(free), apart(free), strict=True) if not any(why)])
    expected = [row.name for row in rows if row.percentile is not None and row.percentile >= filters.PLAUSIBLE]
    assert names[: len(expected)] == expected[:60]
    assert (20 < len(expected) < 120, "end" in rows[0].not_checked) == (True, False)
    taken = {*SCORER.checkpoint.known}.union(*(reference.names for reference in also_known_lists()))
    assert not set(free) & taken
    assert all(map(is_sound, names))
    assert not all(map(is_sound, free))
    assert len(set(names)) == 60
    assert not set(names) & taken
    assert re.fullmatch(r"bacterio: 60 of [\d,]+ draws accepted \([\d.]+ %\)\n", usable.stderr)


@pytest.mark.parametrize(
    "words",
    [
        *("", "--gender n --ending um", "--check --min-edits 2", "--prefix Halo --prefix Thermo --prefix Al"),
        *("--about marine", "--about soil --about rod --gender m", "--any --prefix Methano --temp 1.1"),
    ],
)
def test_name_k_does_not_depend_on_the_count(words: str, tmp_path: Path) -> None:
    """Whatever is asked of the names, the first of many are those that a smaller -n prints."""
    many = draw(tmp_path, *words.split(), "-n", 40).stdout.splitlines()
    assert len(set(many)) == 40
    for few in (1, 33):
        assert draw(tmp_path, *words.split(), "-n", few).stdout.splitlines() == many[:few]


def test_what_else_is_known_is_avoided_and_flagged(tmp_path: Path) -> None:
    """Names of data/also_known.txt are not printed, and taken for `score`; --no-also-known leaves the list out."""
    shutil.copytree(ROOT / "bacterio_cli", tmp_path / "bacterio_cli", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "data", tmp_path / "data")

    def run(*words: object) -> Result:
        return bacterio(*words, cwd=tmp_path, PYTHONPATH=str(tmp_path))

    own = tmp_path / "data/also_known.txt"
    own.write_text("# date: 2026-01-31\n", encoding="ascii")
    free = run("sample", "--seed", 1, "-n", 12).stdout.splitlines()
    own.write_text("# date: 2026-01-31\n" + "".join(f"{name}\tSeqCode\n" for name in sorted(free[2:5])), "ascii")
    assert run("sample", "--seed", 1, "-n", 9).stdout.splitlines() == free[:2] + free[5:]
    assert run("sample", "--seed", 1, "-n", 12, "--no-also-known").stdout.splitlines() == free
    for words, listed in (([], True), (["--no-also-known"], False)):
        result = run("score", free[2], *words, "--header")
        row = dict(zip(*(line.split("\t") for line in result.stdout.splitlines()), strict=True))
        assert row["listed_in"] == "names known to the authors of the tool, not complete" * listed
        assert ("not complete (3 names, prokaryotes," in result.stderr) == listed
        assert (row["status"] == "conflict") == listed


def test_the_best_of_a_pool_are_various(tmp_path: Path) -> None:
    """Of the first 20 by --rank no element begins or ends more than a fifth; they are no longer than others."""
    ranked = draw(tmp_path, "-n", 20, "--rank", "--pool", 500).stdout.splitlines()
    parts = [SCORER.morphology.analyse(name).parts for name in ranked]
    assert len(set(ranked)) == 20
    for place in (0, -1):
        assert max(Counter(part[place].form for part in parts).values()) <= 4
    plain = draw(tmp_path, "-n", 80).stdout.splitlines()
    assert abs(mean(map(len, ranked)) - mean(map(len, plain))) < 3
    bits = [mean(row.bits_per_char or 99 for row in SCORER.score(names)) for names in (ranked, plain)]
    assert bits[0] < bits[1]


def test_what_was_refused_is_said_when_names_run_short(tmp_path: Path) -> None:
    """The message has what the default asks of names beside the other reasons, and so has the report."""
    error = only_error(draw(tmp_path, "-n", 100, "--max-tries", 120))
    assert re.match(r"found \d+ of 100 names in 120 draws; refused: .*\d+ not explained", error)
    report = draw(tmp_path, "-n", 20, "--report").stderr
    assert re.search(r"bacterio: \d+ draws, 20 accepted; refused: .*\d+ not explained", report)


@pytest.mark.parametrize(
    ("words", "found", "remedy"),
    [
        ("--prefix Abxq", "0 of 1 name in 1 draw; refused: 1 not explained", ", or pass --any"),
        ("--prefix Escherichi", "0 of 1 name in 1 draw; refused: 1 known", ", or pass --allow-known"),
        ("--max-length 3", "0 of 1 name in 1 draw; refused: 1 too long", ""),
        ("-n 2 --any", "1 of 2 names in 1 draw; refused: none", ""),
    ],
)
def test_temperature_0_says_why_it_gives_no_name(words: str, found: str, remedy: str, tmp_path: Path) -> None:
    """It has one name: why that is refused, and the option that prints it."""
    error = only_error(draw(tmp_path, "--temp", 0, *words.split()))
    assert error == f"found {found}; temperature 0 has one answer: raise --temp{remedy}"


def test_placeholders_are_read_from_a_pipe_and_look_as_they_like(tmp_path: Path) -> None:
    """Standard input is read once; MAG_001 is taken although no list of names has it."""
    names = draw(tmp_path, "-n", 2).stdout.split()
    (tmp_path / "bins.txt").write_text("MAG_001\nbin.2\n", encoding="utf-8")
    words = ("sample", "-c", ROOT / "data/model.npz", "--seed", 1, "--for")
    for source, places in (("-", ["UBA1", "UBA2"]), ("-", ["MAG_001", "bin.2"]), ("bins.txt", ["MAG_001", "bin.2"])):
        told = inside(*words, source, cwd=tmp_path, stdin="\n".join(places).encode()).stdout.splitlines()
        assert told == [f"{place}\t{name}" for place, name in zip(places, names, strict=True)]
