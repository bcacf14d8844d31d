"""Options of `bacterio sample` that no name can meet, told apart before a model or a list is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bacterio_cli.errors import UsageError
from bacterio_cli.inference import LONGEST_NAME
from bacterio_cli.inference.filters import caseless, compiled
from bacterio_cli.inference.sampler import SamplingParams
from bacterio_cli.nomenclature.gender import GENDER_OF, GENDERS, gender
from bacterio_cli.nomenclature.glossary import glossary


def refuse_impossible(given: Mapping[str, Any]) -> None:
    """UsageError for options of `bacterio sample` that no name can meet, whatever the model: asked before it is read.

    An ending has the genders of the endings and of the glossary's last components that it may be a part of.
    """
    longest = given["max_length"] or LONGEST_NAME
    same = {name: given[name] for name in ("top_k", "top_p", "min_length")}
    SamplingParams(given["seed"] or 0, given["temp"], prefixes=given["prefix"] or (), max_length=longest, **same)
    endings = [caseless(end) for end in given["ending"] or ()]
    if endings and min(map(len, endings)) >= longest:
        raise UsageError(f"--ending {endings[0][:60]} leaves no letter before it within --max-length {longest}")
    if given["match"] is not None:
        compiled(given["match"])
    if endings and (asked := given["gender"]):
        finals = glossary(given["glossary"] or ()).finals
        known = [(form, GENDER_OF[letter]) for form, words in finals.items() for _, letter in words]
        possible = {g for form, g in known for end in endings if form.endswith(end) or end.endswith(form)}
        possible |= {g for form, g in GENDERS.items() for end in endings if form.endswith(end)}
        if asked not in possible | set(map(gender, endings)):
            raise UsageError(f"--gender {asked}: no name that ends in {' or '.join(given['ending'])} has it")
