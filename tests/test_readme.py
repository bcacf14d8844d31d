"""The README's blocks, run in order as a reader would type them."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```console\n(.*?)```", README, flags=re.DOTALL)
NOT_RUN_HERE = ("make ",)  # each is checked to be a target instead; running `make test` in a test would not end


def commands(block: str) -> list[tuple[str, str]]:
    """(command, the output that the README shows under it)."""
    parts = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    return [(part.partition("\n")[0].partition("   #")[0].strip(), part.partition("\n")[2]) for part in parts]


def lpsn(names: list[str]) -> str:
    """These genera as rows of LPSN's download."""
    rows = [f'{name},,,A list,"VL; gen. nov.; validly published under the ICNP; correct name",Doe' for name in names]
    return "\n".join(["genus_name,sp_epithet,subsp_epithet,reference,status,authors", *rows]) + "\n"


JQ = """#!/bin/sh
exec "{python}" -c 'import json, sys
print(*(row["name"] for row in map(json.loads, sys.stdin) if row["status"] == "ok"), sep="\\n")'
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory with what a reader has: a `bacterio` on the path, data/, and lists of names."""
    desk = tmp_path_factory.mktemp("desk")
    names = [line for line in (ROOT / "data/genera.txt").read_text().splitlines() if not line.startswith("#")][:120]
    (desk / "names.txt").write_text("\n".join(names))
    (desk / "table.tsv").write_text("\n".join(f"{name}\t{len(name)}" for name in names))
    (desk / "data").mkdir()
    (desk / "data" / "model.npz").write_bytes((ROOT / "data/model.npz").read_bytes())
    (desk / "lpsn_gss.csv").write_text(lpsn(names))
    (desk / "plants.txt").write_text("Aster\nCrinimonas\n")
    (desk / "proposals.tsv").write_text("Novibacter\tfirst\nOcculella\tsecond\n")
    (desk / "placeholders.txt").write_text("UBA1234\nJAAXZZ01\n")
    (desk / "bin").mkdir()
    command = desk / "bin" / "bacterio"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m bacterio_cli "$@"\n')
    command.chmod(0o755)
    if not shutil.which("jq"):  # the one filter that is used here
        (desk / "bin" / "jq").write_text(JQ.format(python=sys.executable))
        (desk / "bin" / "jq").chmod(0o755)
    (desk / "bin" / "python").symlink_to(sys.executable)
    return desk


def run(desk: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """What a reader sees who types this at the desk."""
    environment = os.environ | {"PATH": f"{desk / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    return subprocess.run(words, cwd=desk, env=environment, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("block", BLOCKS, ids=[block.split("\n")[0][2:42] for block in BLOCKS])
def test_block_runs_and_prints_what_it_shows(block: str, desk: Path) -> None:
    """Each command of a block succeeds, and where output is shown, prints exactly that."""
    for command, shown in commands(block):
        if command.startswith(NOT_RUN_HERE):
            assert re.search(rf"^{command.split()[1]}:", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
            continue
        if not shown:
            command = re.sub(r"-n \d{3,}", "-n 20", command)  # as good a proof in a tenth of the time
        done = run(desk, "bash", "-c", command)
        assert done.returncode == (1 if "--inject" in command and "|" not in command else 0), done.stderr
        assert "Traceback" not in done.stderr
        if shown:
            assert done.stdout == shown


def test_every_command_is_in_the_table(desk: Path) -> None:
    """The README's table of commands and `--help` name the same commands."""
    helped = run(desk, "bacterio", "--help").stdout.partition("Commands:")[2]
    listed = set(re.findall(r"^  ([a-z]+)  +[A-Z]", helped, flags=re.MULTILINE))
    assert listed == set(re.findall(r"^\| `bacterio (\w+)", README, flags=re.MULTILINE))


@pytest.mark.parametrize("block", re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL))
def test_python_block_runs(block: str, desk: Path) -> None:
    """The block for Python users runs as it stands and prints a line a name."""
    done = run(desk, sys.executable, "-c", block)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 3
    assert (desk / "small.npz").exists()


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\]\(([^)#:]+)", README))))
def test_link_leads_to_a_file(path: str) -> None:
    """What the README links to is there."""
    assert (ROOT / path).exists()
