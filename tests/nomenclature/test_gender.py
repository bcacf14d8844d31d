"""The gender of a name by its ending."""

from __future__ import annotations

import pytest

from bacterio_cli.nomenclature.gender import gender


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Methanobacter", "m"), ("Vibrio", "m"), ("Streptomyces", "m"), ("Thermus", "m"),
        ("Pseudomonas", "f"), ("Salmonella", "f"), ("Methylocystis", "f"), ("Sarcina", "f"), ("Escherichia", "f"),
        ("Mycobacterium", "n"), ("Treponema", "n"), ("Mycoplasma", "n"), ("Rhabdoderma", "n"), ("Herpetosiphon", "m"),
        ("Roseicola", ""), ("Alcaligenes", ""), ("Haloferax", ""), ("Hydrogenivirens", ""), ("Leptothrix", "f"),
        ("Hafnir", ""), ("Dictyoglomus", "n"), ("Asticcacaulis", "m"), ("Xenorhabdus", "f"), ("Nitratireductor", "m"),
        ("Fibriforma", "f"), ("Actinocorpus", "n"), ("Salinigenus", "n"), ("Caryophanon", "n"), ("", ""),
    ],
)  # fmt: skip
def test_gender_by_the_longest_ending(name: str, expected: str) -> None:
    """-bacterium is neuter though -bacter is not, -nema although it ends in -a; -cola stays open in spite of its -a."""
    assert gender(name) == expected
