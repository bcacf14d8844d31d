"""The names promised to Python users: their examples run, and they say what the commands say."""

import doctest
import json
import math
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from support.processes import NAMES, inside, small_model

import bacterio_cli
from bacterio_cli import api
from bacterio_cli.checkpoint.checkpoint import Checkpoint
from bacterio_cli.errors import BacterioError, FileError, InputError, UsageError


@pytest.mark.parametrize("name", ["load", "sample", "score", "train"])
def test_each_promised_name_has_an_example_that_runs(name: str) -> None:
    """The docstring's example gives what it shows, and the package hands out the same object."""
    (test,) = doctest.DocTestFinder(recurse=False).find(getattr(api, name), name, globs=vars(api))
    assert test.examples
    assert doctest.DocTestRunner().run(test).failed == 0
    assert getattr(bacterio_cli, name) is getattr(api, name)


def test_the_package_imports_nothing_until_it_is_asked() -> None:
    """`import bacterio_cli` brings no NumPy; an unknown name is an AttributeError."""
    script = "import sys, bacterio_cli; assert 'numpy' not in sys.modules; from bacterio_cli import load"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        bacterio_cli.trian  # noqa: B018


def test_avoid_counts_as_a_list() -> None:
    """A name of `avoid` is listed, a name of neither list is not."""
    listed, known, new = api.score(small_model(), ["Zora", NAMES[0], "Zzzzzzzz"], avoid=["zora"])
    assert (listed.listed_in, known.listed_in, new.listed_in) == (("avoid",), ("the model's corpus",), ())


@pytest.mark.parametrize(
    ("n", "options"),
    [
        (-1, {}), (0.5, {}), (1, {"seed": -1}), (1, {"seed": 2**63}), (1, {"temperature": -1}), (1, {"top_k": 0}),
        *((1, {"temperature": value}) for value in (math.nan, math.inf, "1")),
        *((1, {"top_p": value}) for value in (0, 2, math.nan)), (1, {"top_k": 1.5}),
        (1, {"min_length": 10**6}), (1, {"min_length": 9, "max_length": 8}),
        (1, {"prefixes": ["Bori"], "max_length": 3}),
    ],
)  # fmt: skip
def test_values_out_of_range_are_refused_at_once(n: Any, options: dict[str, Any]) -> None:
    """Before the first name is asked for, as a usage error that names the option; so is a prefix of other letters."""
    with pytest.raises(BacterioError, match=r"^--prefix Ж"):
        api.sample(small_model(), 1, seed=1, prefixes=("Ж",))
    with pytest.raises(UsageError, match=r"^(n|--[a-z-]+)( \w+)? (must be|is) "):
        api.sample(small_model(), n, **{"seed": 1, "temperature": 1} | options)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: api.sample(m, 1, seed=1, prefixes="Meth"), "prefixes must be a list of texts (str), not 'Meth'"),
        (lambda m: api.score(m, "Alba"), "names must be a list of texts (str), not 'Alba'"),
        (lambda m: api.score(m, ["Alba"], avoid="Alba"), "avoid must be a list of texts (str), not 'Alba'"),
        (lambda _: api.train("Alba"), "names must be a list of texts (str), not 'Alba'"),
        (lambda _: api.train(["Alba", "Bora"], preset=[]), "--preset is one of default"),
    ],
)
def test_what_has_the_wrong_type_is_a_usage_error(call: Callable[[Checkpoint], object], message: str) -> None:
    """At once, in one sentence that names the argument: a single text is not taken for a list of its letters."""
    with pytest.raises(UsageError, match=f"^{re.escape(message)}"):
        call(small_model())


@pytest.mark.parametrize("letter", [*"\n\t\0", "\ud800", "A" * 1000], ids=lambda letter: f"{ord(letter[0]):04X}")
def test_a_name_that_is_no_line_is_refused_at_once(letter: str) -> None:
    """A control character, or a length beyond any name's: no epoch is spent; only what is too long is not scored."""
    with pytest.raises(InputError, match=r"^names:2: "):
        api.train(["Alba", f"Al{letter}ba"])
    with pytest.raises(InputError, match=r"^names:2: the line has 800 characters"):
        api.train(["Alba", "\u0344" * 400])  # each is two when composed
    with pytest.raises(InputError, match=r"^names: AA") if len(letter) > 1 else nullcontext():
        api.score(small_model(), [letter * 2])


def test_what_is_trained_from_python_is_read_again(tmp_path: Path) -> None:
    """Blanks, empty names and decomposed letters are taken as in a file, and an impossible net is refused at once."""
    *_, model = api.train([" Abe\u0301lla ", "", "Bora"], epochs=1, hidden=4, layers=1, ngram=0)
    model.save(tmp_path / "m.npz")
    assert api.load(tmp_path / "m.npz").known == ("Ab\xe9lla", "Bora")
    (tmp_path / "thesis.py").write_text("of another kind")
    said = "it is not a checkpoint that this version can read; choose another path, or replace it with force=True$"
    with pytest.raises(FileError, match=said):
        model.save(tmp_path / "thesis.py")
    model.save(tmp_path / "thesis.py", force=True)
    with pytest.raises(UsageError, match="--preset is one of default"):
        api.train(["Abella", "Bora"], preset="moth")
    with pytest.raises(BacterioError, match="parameters are more than"):
        api.train(["Abella", "Bora"], hidden=8192)


@pytest.mark.parametrize("words", [(), ("--any",), ("--prefix", "Halo", "--prefix", "Thermo")])
def test_sample_gives_what_the_command_prints(words: tuple[str, ...], tmp_path: Path) -> None:
    """The same names of the model that ships, all draws or the usable ones, with prefixes too."""
    printed = inside("sample", "-n", 12, "--seed", 5, *words, cwd=tmp_path).stdout.splitlines()
    options = {"prefixes": words[1::2]} if "--prefix" in words else {}
    assert list(api.sample(api.load(), 12, seed=5, any_name="--any" in words, **options)) == printed
    assert len(printed) == 12


def test_score_says_what_the_command_says(tmp_path: Path) -> None:
    """All of it, also that a name which is younger than the corpus is taken."""
    names = ["Acidisarcina", "Thermofustis"]
    rows = [row.asdict() for row in api.score(api.load(), names)]
    assert [row["status"] for row in rows] == ["conflict", "ok"]
    assert rows == [*map(json.loads, inside("score", *names, "--format", "jsonl", cwd=tmp_path).stdout.splitlines())]
