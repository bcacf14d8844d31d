"""The commands together, in pipelines of bash such as people write, on files made up here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.processes import ENVIRONMENT, ROOT, TINY, Result
from support.samples import LPSN_HEADER

from bacterio_cli.checkpoint.checkpoint import load
from bacterio_cli.inference.scorer import FIELDS

GENERA = ("Abanella", "Borivibrio", "Caldomonas", "Durella", "Ferrimonas", "Gelibacter", "Kaloplasma", "Lunaspira")
VALID = "VL; validly published under the ICNP; correct name"
LPSN = "".join(
    f'{genus},alba,,"Doe J, Roe R. ""New"" names. 2020",sp. nov.; {VALID},Doe,https://x/{k},1,ATCC {k},{k},\n'
    f"{genus},,,Ref,gen. nov.; {VALID},Doe,https://x/{k},,,{k + 100},\n"
    for k, genus in enumerate(GENERA)
)
PRELUDE = """
set -o pipefail
bacterio() { "$PYTHON" -m bacterio_cli "$@"; }
"""


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with lpsn_gss.csv, plants.txt, and model.npz, the model that ships."""
    folder = tmp_path_factory.mktemp("room")
    (folder / "lpsn_gss.csv").write_text(f"{LPSN_HEADER}\n{LPSN}Erratum,,,Ref,VL; illegitimate name,Doe,x,,,1,\n")
    (folder / "plants.txt").write_text("Rosa\nQuercus\n")
    shutil.copy(ROOT / "data/model.npz", folder / "model.npz")
    return folder


def bash(line: str, room: Path) -> Result:
    """What a line of bash leaves behind in the room; its code is that of the first part of a pipe that fails."""
    done = subprocess.run(
        ["bash", "-c", PRELUDE + line],
        cwd=room, stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False,
        env=os.environ | ENVIRONMENT | {"PYTHON": sys.executable, "LC_ALL": "C"},
    )  # fmt: skip
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


def table(text: str) -> list[dict[str, str]]:
    """TSV without its header."""
    return [dict(zip(FIELDS, line.split("\t"), strict=True)) for line in text.splitlines()]


def test_a_download_becomes_a_list_and_a_model(room: Path) -> None:
    """corpus prints the genera of a download, once each, and train learns the same ones from it, as genera."""
    listed = bash("bacterio corpus lpsn_gss.csv > genera.txt", room)
    assert (listed.code, listed.stdout) == (0, "")
    assert (room / "genera.txt").read_text().splitlines() == list(GENERA)
    assert "LPSN" in listed.stderr
    trained = bash(
        f"bacterio train lpsn_gss.csv {' '.join(TINY)} -o genera.npz && bacterio score -c genera.npz Durella", room
    )
    assert trained.code == 0
    assert load(room / "genera.npz").known == GENERA
    assert load(room / "genera.npz").corpus["profile"] == "genus"
    (row,) = table(trained.stdout)
    assert (row["name"], row["listed_in"], row["status"]) == ("Durella", "the model's corpus", "conflict")
    assert "(8 names" in trained.stderr.splitlines()[-1]


def test_constrained_names_are_sorted_by_their_bits(room: Path) -> None:
    """The best ten of fifty with an ending, two edits from all that is known: TSV that sort and head understand."""
    result = bash(
        "bacterio sample -c model.npz --seed 1 -n 50 --ending monas --min-edits 2 --avoid plants.txt --format tsv"
        " | tee all.tsv | sort -t$'\\t' -k3,3g | head",
        room,
    )
    assert result.code == 0
    found, every = table(result.stdout), table((room / "all.tsv").read_text())
    bits = [float(row["bits_per_char"]) for row in found]
    assert (len(found), len(every), len({row["name"] for row in every})) == (10, 50, 50)
    assert bits == sorted(float(row["bits_per_char"]) for row in every)[:10]
    assert all(row["name"].lower().endswith("monas") and row["edits"] in ("2", ">2") for row in every)
    taken, compared, accepted = result.stderr.splitlines()
    assert taken == "bacterio: plants.txt: plain list, UTF-8, 2 names"
    assert "the model's corpus (" in compared
    assert "plants.txt (2 names" in compared
    assert accepted.startswith("bacterio: 50 of ")


@pytest.mark.parametrize(("fault", "code"), [("", 0), ("Escherichia\tmine\t3\n", 1), ("Novaceae\tmine\t3\n", 1)])
def test_a_column_of_proposals_is_checked(fault: str, code: int, room: Path) -> None:
    """score --strict fails if a name of the first column has a conflict, and still prints every row."""
    (room / "proposals.tsv").write_text(f"Alimonasella\tyours\t1\n{fault}Rubrivasta\tyours\t2\n")
    result = bash("cut -f1 proposals.tsv | bacterio score -c model.npz --strict", room)
    assert result.code == code
    names = [line.split("\t")[0] for line in (room / "proposals.tsv").read_text().splitlines()]
    assert [row["name"] for row in table(result.stdout)] == names
    assert "error" not in result.stderr


@pytest.mark.parametrize(
    "line", ["sample -c model.npz --seed 1 -n 1000000 --format jsonl", "score -c model.npz --avoid many.txt < many.txt"]
)
def test_a_reader_that_has_gone_ends_the_rows_quietly(line: str, room: Path) -> None:
    """`| head -1` of rows ends with exit 0, and without a word about it."""
    (room / "many.txt").write_text("".join(f"{genus}{k * 'a'}\n" for genus in GENERA for k in range(80)))
    result = bash(f"bacterio {line} | head -1", room)
    assert result.code == 0
    assert result.stdout.count("\n") == 1
    assert not any(word in result.stderr for word in ("error", "Traceback", "Exception"))
