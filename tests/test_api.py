"""The names promised to Python users: their examples run, and they say what the commands say."""

from __future__ import annotations

import doctest
import subprocess
import sys
from pathlib import Path

import pytest
from support.processes import NAMES, bacterio, small_model

import bacterio_cli
from bacterio_cli import api


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


@pytest.mark.parametrize("words", [(), ("--any",), ("--prefix", "Halo", "--prefix", "Thermo")])
def test_sample_gives_what_the_command_prints(words: tuple[str, ...], tmp_path: Path) -> None:
    """The same names of the model that ships, all draws or the usable ones, with prefixes too."""
    printed = bacterio("sample", "-n", 12, "--seed", 5, *words, cwd=tmp_path).stdout.splitlines()
    options = {"prefixes": words[1::2]} if "--prefix" in words else {}
    assert list(api.sample(api.load(), 12, seed=5, any_name="--any" in words, **options)) == printed
    assert len(printed) == 12
