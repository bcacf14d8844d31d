"""Scores: that likelihoods are the model's own, step by step, and what else is said of a name."""

import functools
import json
import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from operator import itemgetter

import numpy as np
import pytest
from support.processes import NAMES, advanced, begin, small_model
from support.shipped import SCORER

from bacterio_cli.checkpoint.checkpoint import Checkpoint
from bacterio_cli.dataset.corpus import Corpus, split
from bacterio_cli.errors import InputError
from bacterio_cli.inference.scorer import FIELDS, Row, Scorer, refuse_overlong, summary_of
from bacterio_cli.nomenclature.glossary import Glossary
from bacterio_cli.nomenclature.name_index import Reference
from bacterio_cli.training import trainer as training
from bacterio_cli.training.config import resolve
from bacterio_cli.training.plan import SPLIT

SOUNDS = ("beginning", "end", "consonants", "bare-ending", "rare-triple")  # which 40 names are too few to teach
WORDS = ("Boria", "Koramonas", "a", "Alba", "xxxx", "Duraboricalegeliheliokora", "dURACOCCUS")


@functools.cache
def with_table() -> Checkpoint:
    """A mixture of two nets and a table, before any refit."""
    return training.snapshot(advanced(begin(ngram=3, mix="0.4", nets=2)))


def surprises(trained: Checkpoint, name: str) -> list[float]:
    """−ln P of each letter of a name and of its end, by stepping the model letter by letter."""
    model = trained.language_model
    state, found = model.start(1), []
    ids = [0, *(trained.vocabulary.letters.index(letter) + 1 for letter in name.lower()), 0]
    for letter, following in pairwise(ids):
        p, state = model.step(np.array([letter]), state)
        found.append(-math.log(float(p[0, following])))
    return found


def scorer(trained: Checkpoint | None = None, *lists: Reference, genus: bool = True) -> Scorer:
    """A scorer with the corpus, which is of genera, and further lists."""
    trained = trained or small_model()
    return Scorer(replace(trained, corpus=trained.corpus | {"profile": "genus"}), *lists, genus=genus)


def score(name: str, *lists: Reference, genus: bool = True) -> Row:
    """The row of one name under the small model."""
    return scorer(None, *lists, genus=genus).score([name])[0]


def codes(row: Row) -> set[str]:
    """What was found, in short."""
    return {finding.code for finding in row.findings}


@pytest.mark.parametrize("make", [small_model, with_table])
def test_nats_are_the_product_of_the_steps(make: Callable[[], Checkpoint]) -> None:
    """−ln of the product of the probabilities of each letter and the end, the model's or others made of them."""
    trained = make()
    names = [name for name in WORDS if not trained.vocabulary.missing(name)]
    assert len(names) > 4
    for name, row in zip(names, scorer(trained).score(names), strict=True):
        steps = surprises(trained, name)
        assert row.nats == pytest.approx(sum(steps), rel=1e-5)
        assert row.bits_per_char == pytest.approx(sum(steps) / math.log(2) / (len(name) + 1), rel=1e-5)
        assert row.bits * math.log(2) == pytest.approx(np.array(steps), rel=1e-4, abs=1e-5)
        fields = replace(row, percentile=200 / 3).asdict()
        rounded = [round(row.nats or 0, 4), round(row.bits_per_char or 0, 4), 66.7]
        assert [fields[figure] for figure in ("nats", "bits_per_char", "percentile")] == rounded
    (halves,) = scorer(trained).surprises(["Boria"], lambda p: np.full_like(p, 0.5))
    assert halves.tolist() == [1.0] * 6


def test_a_row_does_not_depend_on_its_company() -> None:
    """Alone, among others, in another order or twice, a name has the same figures, to more digits than are shown."""
    names = [*WORDS, *NAMES, "Жук", *WORDS[::-1]]
    judge = scorer(with_table())
    for name, row in zip(names, judge.score(names), strict=True):
        (alone,) = judge.score([name])
        assert row.asdict() == alone.asdict()
        assert (row.nats is None) == (name == "Жук")
        assert (row.nats or 0) == pytest.approx(alone.nats or 0, rel=1e-12)


@pytest.mark.parametrize("name", [*WORDS, "Albacoccu"])
def test_the_least_likely_letter_stands_with_its_place(name: str) -> None:
    """The letter of the largest surprise as the name spells it, counted from 1; $ is the end, where none was due."""
    steps = surprises(small_model(), name)
    place = 9 if name == "Albacoccu" else steps.index(max(steps))
    assert score(name).least_likely == f"{(name + '$')[place]}{place + 1}"


def test_letters_are_those_that_the_model_reads() -> None:
    """Of İ, which is two letters in lower case, each may be the least likely; J̌ is not composed a second time."""
    corpus = Corpus(("Abi\u0307x", "J\u030cab", "Borimonas", "Tss"))
    trained = training.snapshot(training.begin(corpus, resolve("seed", {"epochs": 1})))
    assert trained.vocabulary.capitalised
    judge = Scorer(trained, genus=True)
    rows = judge.score(["İ", "J\u030c", "ß", "Straße"])
    for row, letters in zip(rows, ("i\u0307", "J\u030c", None, None), strict=True):
        assert (row.bits is None) == (letters is None)
        for place, letter in enumerate((letters or "") + "$" * (letters is not None), 1):
            unlikely = judge.row(row.name, np.eye(3)[place - 1], (None, None))
            assert unlikely.least_likely == f"{letter}{place}"


def test_a_name_outside_the_alphabet_has_a_row_that_says_so() -> None:
    """No likelihood, no percentile, the missing letters named; one too long, which would take minutes, is refused."""
    rows = scorer(genus=False).score(["Boria", "Жукzж", "Kora"])
    fields = rows[1].asdict()
    assert [fields[key] for key in ("nats", "bits_per_char", "percentile", "least_likely")] == [None, None, None, ""]
    assert rows[1].findings == (("alphabet", "warning", "", "is not scored: 'жукz' is not in the model's alphabet"),)
    refuse_overlong(["x" * 1000])
    says = "x… has 1,001 letters; a name that is scored or traced has 1,000 at most: one name a line"
    with pytest.raises(InputError, match=f"^names: {'x' * 19}{says}$"):
        score("x" * 1001)


@pytest.mark.parametrize(
    ("beside", "expected"),
    [([1] * 4, 100), ([-1, -1, -1, 1], 25), ([-1] * 4, 0), ([-1e-5, 0, 0, 1e-5, 1], 20), ([], None)],
)
def test_percentile_is_the_share_of_held_out_names_that_are_less_likely(
    beside: list[float], expected: float | None
) -> None:
    """In per cent; a held-out name that is as likely does not count, and without any there is no percentile."""
    small = scorer()
    for bits in np.linspace(1, 3, 21)[:, None]:
        small.checkpoint = replace(small.checkpoint, held_out=(bits.mean() + np.array(beside)).astype(np.float32))
        assert small.percentile(bits) == (expected if expected is None else pytest.approx(expected))
    (row,) = small.score(["Boria"])
    assert row.percentile == small.percentile(row.bits)
    assert beside or row.asdict()["percentile"] is None


@pytest.mark.parametrize("options", [{}, {"ngram": 3, "mix": "0.4"}, {"nets": 2, "ngram": 2, "mix": "0.7"}])
def test_the_held_out_names_are_kept_as_a_model_before_the_refit_sees_them(options: dict[str, object]) -> None:
    """Their bits per character, ascending, which a refit does not change; before a fit or without a share, none."""
    for state in (begin(**options), advanced(begin(valid_fraction=0.0))):
        assert training.snapshot(state).held_out.tolist() == []
    fitted = training.snapshot(advanced(begin(**options)))
    _, names = split(NAMES, 0.1, np.random.default_rng([0, SPLIT]))
    expected = sorted(sum(surprises(fitted, name)) / math.log(2) / (len(name) + 1) for name in names)
    assert len(expected) == 4
    assert fitted.held_out.dtype == np.float32
    assert fitted.held_out == pytest.approx(np.array(expected), rel=1e-5)
    refitted = training.snapshot(advanced(begin(**options, refit=True)))
    assert surprises(refitted, names[0]) != surprises(fitted, names[0])
    assert refitted.held_out.tolist() == fitted.held_out.tolist()


@pytest.mark.parametrize(
    ("name", "edits", "nearest", "listed_in", "status"),
    [
        ("Borea", 0, "Borea", ("moths.txt",), "conflict"),
        ("Koraa", 0, "Koraa", ("the model's corpus", "moths.txt"), "conflict"),
        ("kORAXIS", 0, "Koraxis", ("the model's corpus",), "conflict"),
        *(("Borixia", 1, "Borixis", (), "warn"), ("Boribactus", 2, "Boribacter", (), "ok")),
        *(("Lilium", None, None, (), "ok"), ("Rubaceae", None, None, (), "conflict")),
    ],
)
def test_a_row_says_where_a_name_stands(
    name: str, edits: int | None, nearest: str | None, listed_in: tuple[str, ...], status: str
) -> None:
    """The nearest name of all lists within two edits, the lists that have it, and what the rules make of both."""
    row = score(name, Reference("moths.txt", ("Borea", "KORAA"), prokaryotes=False))
    assert (row.edits, row.nearest, row.listed_in, row.status) == (edits, nearest, listed_in, status)


def test_homonyms_are_told_apart_by_the_list() -> None:
    """A list of prokaryotes makes a homonym, another list one elsewhere; what no list was given for is not checked."""
    lists = Reference("lpsn.csv", ("Lilium",), prokaryotes=True), Reference("plants.txt", ("Rosa",), prokaryotes=False)
    homonyms = {"homonym", "homonym-elsewhere"}
    assert homonyms & codes(score("Lilium", *lists)) == {"homonym"}
    assert homonyms & codes(score("Rosa", *lists)) == {"homonym-elsewhere"}
    assert homonyms & codes(score("Rosa", lists[0])) == set()
    old = Reference("old names", ("Rosa",), prokaryotes=True, historical=True)
    assert {"historical", "homonym"} & codes(score("Rosa", old)) == {"historical"}
    unknown, moths = replace(lists[1], label="list", prokaryotes=None), replace(lists[1], label="moths.txt")
    says = {finding.code: finding.says for finding in score("Rosa", old, *lists, unknown, moths, lists[0]).findings}
    assert says["historical"] == "stands in old names: look up what became of it"
    assert says["homonym"] == "stands in list: the name is taken"
    assert says["homonym-elsewhere"] == "stands in plants.txt, moths.txt: the name is taken there"
    assert score("Rosa", *lists).not_checked == SOUNDS
    assert score("Rosa", lists[0]).not_checked == ("homonym-elsewhere", *SOUNDS)
    alone = Scorer(small_model(), genus=True)
    assert alone.score(["Rosa"])[0].not_checked == ("homonym", "homonym-elsewhere", *SOUNDS)
    partial = replace(lists[1], complete=False)  # what such a list lacks stays unchecked
    assert score("Rosa", partial).not_checked == SOUNDS
    assert score("Lilium", partial).not_checked == ("homonym-elsewhere", *SOUNDS)
    assert "homonym-elsewhere" in codes(score("Rosa", partial))


def test_only_genera_are_judged_as_genera() -> None:
    """Names of anything else have likelihoods and neighbours, but no gender, parts or findings."""
    assert "letters" in codes(score("bori xis"))
    assert codes(score("bori xis", genus=False)) == {"alphabet"}
    genus, other = score("Borimonas"), score("Borimonas", genus=False)
    of = itemgetter("gender", "stem", "ending", "not_checked", "status")
    assert of(genus.asdict()) == ("f", "Bori", "monas", ["homonym-elsewhere", *SOUNDS], "conflict")
    assert of(other.asdict()) == ("", "", "", [], "ok")
    assert other.analysis is None
    assert "beginning" in codes(SCORER.score(["Qxorium"])[0])  # which 3,928 names are enough to teach
    assert Scorer(small_model(), genus=True, words=(own := Glossary(()))).morphology.glossary is own
    assert (other.nats, other.nearest, other.edits) == (genus.nats, "Borimonas", 0)


def test_rows_go_into_json_in_the_promised_order() -> None:
    """The order of the fields is a promise, and JSON takes every value of it."""
    assert FIELDS == (
        "name", "nats", "bits_per_char", "percentile", "nearest", "edits", "listed_in", "least_likely", "length",
        "gender", "stem", "ending", "flags", "not_checked", "status", "explained", "parts",
    )  # fmt: skip
    for row in scorer().score(["Borixis", "Жук", "Kora"]):
        fields = row.asdict()
        assert tuple(fields) == FIELDS
        assert json.loads(json.dumps(fields)) == fields
        assert fields["length"] == len(fields["name"])
        assert fields["flags"] == [finding._asdict() for finding in row.findings] != []


def test_rows_without_likelihoods_are_otherwise_the_same() -> None:
    """Findings, neighbours and parts are the same, and nothing is said of likelihood."""
    names = ["Borixis", "Boria", "rosa"]
    for judged, scored in zip(scorer().score(names, surprises=False), scorer().score(names), strict=True):
        assert replace(scored, bits=None, nats=None, bits_per_char=None, percentile=None, least_likely="") == judged


def test_the_summary_is_the_mean_over_characters() -> None:
    """Not over names: long ones weigh more; what cannot be spelled is counted apart and weighs nothing."""
    assert summary_of([np.array([1.0, 2.0]), None, np.array([4.0, 4.0, 4.0, 3.0])]) == {
        "names": 2, "characters": 6, "nats_per_char": round(3 * math.log(2), 6), "bits_per_char": 3.0, "unscorable": 1,
    }  # fmt: skip
    nothing = {"names": 0, "characters": 0, "nats_per_char": None, "bits_per_char": None, "unscorable": 2}
    assert summary_of([None, None]) == nothing
    assert list(summary_of([])) == list(nothing), "the order is a promise"
