"""What a shell completes besides commands, options and choices, which Typer knows: values that other packages hold."""

from __future__ import annotations

import re

GENDERS = {"m": "masculine", "f": "feminine", "n": "neuter", "": "unclear"}


def checkpoints(incomplete: str) -> list[str]:
    """The checkpoints whose path begins so, none with odd characters, since zsh evaluates what it is given.

    Where there is none, the shell completes folders and files by itself.
    """
    from glob import escape, glob  # only a shell that completes needs it

    return [path for path in sorted(glob(escape(incomplete) + "*.npz")) if re.fullmatch(r"[\w./+=@%-]+", path)]


def endings() -> list[tuple[str, str]]:
    """The endings that tell a gender, each with the gender."""
    from bacterio_cli.nomenclature import gender  # start-up does without the rules

    return [(ending, GENDERS[told]) for ending, told in gender.GENDERS.items()]


def bugs() -> list[tuple[str, str]]:
    """The mistakes that can be planted, each with what it is."""
    from bacterio_cli.gradcheck.bugs import BUGS  # imports the engine

    return [(bug.name, bug.summary) for bug in BUGS]
