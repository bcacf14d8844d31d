"""The help of every command, and the manual page that is made of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from process import ENVIRONMENT
from typer.main import get_command

from bacterio_cli.cli.app import app
from bacterio_cli.cli.manual import page, roff

GROUP: Any = get_command(app)
ROOT = GROUP.make_context("bacterio", [], resilient_parsing=True)
COMMANDS = {name: GROUP.get_command(ROOT, name) for name in GROUP.list_commands(ROOT)}


def entries(name: str) -> list[tuple[Any, str, str]]:
    """Arguments and options of a command, each with its name and its text in --help."""
    with COMMANDS[name].make_context(name, [], parent=ROOT, resilient_parsing=True) as context:
        records = [(param, param.get_help_record(context)) for param in COMMANDS[name].get_params(context)]
        return [(param, *record) for param, record in records if record]


def states_its_default(param: Any, text: str) -> bool:
    """Whether a help text has what is used where the option is left out; a flag and what is required have nothing."""
    return bool(param.is_flag or param.required or re.search(r"\[default: [^\]]+\]", text))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_is_and_its_default(name: str) -> None:
    """Each option's help is a sentence, and with a value it has its default, be it "none"."""
    options = [entry for entry in entries(name) if entry[0].param_type_name == "option"]
    assert [label for param, label, text in options if not states_its_default(param, text)] == []
    assert [label for _, label, text in options if not re.match(r"[A-Z'-].*\w", text)] == []


def test_a_default_left_out_is_seen() -> None:
    """The control: the same texts without their defaults are found wanting, all but the flags."""
    texts = [(param, text) for name in COMMANDS for param, _, text in entries(name)]
    options = [(param, text) for param, text in texts if param.param_type_name == "option"]
    bare = [param for param, text in options if not states_its_default(param, text.replace("default", ""))]
    assert len(bare) == sum(not param.is_flag for param, _ in options) > 50


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_shows_how_it_is_called(name: str) -> None:
    """Its help ends with an example whose options are its own."""
    example = re.search(rf"Example: bacterio {name}\b(.*)", COMMANDS[name].help)
    assert example
    known = {word for param, _, _ in entries(name) for word in param.opts}
    assert set(re.findall(r"(?<= )--?[a-z-]+", example[1])) <= known


def plain(text: str) -> str:
    """What a reader sees of a line of roff, by the rules that the page uses."""
    signs = {r"\e": "\\", r"\-": "-", r"\(aq": "'", r"\(ga": "`", r"\(ha": "^", r"\(ti": "~", r"\(dq": '"', r"\&": ""}
    text = re.sub(r"\\f[BIR]", "", text)
    return re.sub(
        r"\\\[u([0-9A-F]+)\]|\\\(..|\\.", lambda found: chr(int(found[1], 16)) if found[1] else signs[found[0]], text
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_every_command_is_on_the_page(name: str) -> None:
    """With its whole help, in the subsection of its command."""
    section = next(part for part in page().split("\n.SS ") if part.startswith(f'"bacterio {name} '))
    tags = dict(re.findall(r"\n\.TP\n(.*)\n(.*)", section))
    shown = {plain(tag): plain(text) for tag, text in tags.items()}
    wanted = {label: " ".join(text.split()) for _, label, text in entries(name)}
    assert wanted
    assert {label: shown.get(label) for label in wanted} == wanted


def test_the_page_is_ascii_and_its_requests_are_known() -> None:
    """A line that begins with a dot is a request of man(7), none begins with an apostrophe, and no hyphen is bare."""
    lines = page().splitlines()
    assert page().isascii()
    assert {line.split()[0] for line in lines if line.startswith(".")} == {".TH", ".SH", ".SS", ".TP", ".PP"}
    assert not any(line.startswith("'") for line in lines)
    assert not any(re.search(r"(?<!\\)-", line) for line in lines)
    assert [line[4:] for line in lines if line.startswith(".SH")] == [
        "NAME", "SYNOPSIS", "OPTIONS", "COMMANDS", "EXIT STATUS",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (".5 is a dot first", r"\&.5 is a dot first"),
        ("'a' first", r"\(aqa\(aq first"),
        (r"a \ and \fB", r"a \e and \efB"),
        ("--no-refit", r"\-\-no\-refit"),
        ("two\n  lines\n.PP", "two lines .PP"),
        ('`~^"`', r"\(ga\(ti\(ha\(dq\(ga"),
        ("ŷ − t", r"\[u0177] \[u2212] t"),
    ],
)
def test_signs_of_roff_are_escaped(text: str, written: str) -> None:
    """What a reader sees is the text, on one line; nothing in it is a request."""
    assert roff(text) == written
    assert plain(written) == " ".join(text.split())


def test_man_makes_the_page(tmp_path: Path) -> None:
    """`make man` writes it; here its command, as make would run it."""
    recipe = (Path(__file__).parent.parent / "Makefile").read_text(encoding="utf-8")
    module = re.search(r"^\t\$\(BIN\)/python -m (\S+) > build/bacterio\.1$", recipe, flags=re.MULTILINE)
    assert module
    done = subprocess.run(
        [sys.executable, "-m", module[1]],
        cwd=tmp_path, env=os.environ | ENVIRONMENT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == page()
