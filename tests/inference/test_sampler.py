"""Sampling: which names come out, that they are drawn as the model says, and what is reported when none do."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.processes import ENVIRONMENT, NAMES, ROOT, bacterio, command, examples, only_error, small_model

from bacterio_cli.dataset.vocabulary import Vocabulary
from bacterio_cli.errors import BacterioError
from bacterio_cli.inference.decoding import choose, keep_top_k, keep_top_p, temper
from bacterio_cli.inference.sampler import SamplingParams, SamplingStats, block_sizes, draw_block, draws, sample
from bacterio_cli.lm import prefix_tree as prefixes
from bacterio_cli.lm.base import Net
from bacterio_cli.nn.cells import State

AB = Vocabulary("ab", capitalised=False)


@dataclass(frozen=True)
class Table:
    """A language model that can be worked out by hand: P(next | this letter) is a row of a table."""

    p: np.ndarray

    def start(self, n: int) -> tuple[np.ndarray, ...]:
        """A state that nothing depends on, one row a name."""
        return (np.zeros((n, 1)),)

    def step(self, ids: np.ndarray, state: State) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
        """The row of the last letter; the state must still have a row a name."""
        held = state[0]
        assert len(ids) == len(held)
        return self.p[ids], (held,)


@dataclass(frozen=True)
class Echo:
    """A language model with a memory: every second letter is the first again, and any letter may come between."""

    def start(self, n: int) -> tuple[np.ndarray, ...]:
        """First letter and count of letters, none yet."""
        return np.zeros(n, int), np.zeros(n, int)

    def step(self, ids: np.ndarray, state: State) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
        """End with 0.2, else a, b, c alike, or the first letter where it is due."""
        begun, read = state
        first, count = np.where(read == 1, ids, begun), read + 1
        p = np.full((len(ids), 4), 0.8 / 3)
        p[:, 0] = 0.2
        due = np.flatnonzero(count % 2 & (count > 1))
        p[due, 1:] = 0
        p[due, first[due]] = 0.8
        return p, (first, count)


# Rows and columns: boundary, a, b.
TABLE = Table(np.array([[0.1, 0.6, 0.3], [0.5, 0.2, 0.3], [0.25, 0.75, 0.0]]))


def names(count: int, *, tries: int = 100_000, known: frozenset[str] = frozenset(), **wanted: object) -> list[str]:
    """Names of the small model."""
    request = SamplingParams(**{"seed": 1, "temperature": 1.0} | wanted)  # type: ignore[arg-type]
    model = small_model()
    return list(
        sample(
            model.language_model, model.vocabulary, known, request, count=count, max_tries=tries, tally=SamplingStats()
        )
    )


def drawn(count: int, **wanted: object) -> list[str | None]:
    """The first draws from TABLE, accepted or not."""
    request = SamplingParams(**{"seed": 1, "temperature": 1.0} | wanted)  # type: ignore[arg-type]
    return list(islice(draws(TABLE, AB, request), count))


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the small model as m.npz."""
    folder = tmp_path_factory.mktemp("room")
    small_model().save(folder / "m.npz")
    return folder


def test_the_first_10_of_100_are_10_alone(room: Path) -> None:
    """Name k does not depend on -n; the same words give the same bytes, and stderr stays empty."""
    ten = bacterio("sample", "-c", "m.npz", "-n", 10, "--seed", 3, cwd=room)
    hundred = bacterio("sample", "-c", "m.npz", "-n", 100, "--seed", 3, cwd=room)
    assert (ten.code, ten.stderr, hundred.code, hundred.stderr) == (0, "", 0, "")
    assert len(hundred.stdout.split()) == 100
    assert hundred.stdout.splitlines()[:10] == ten.stdout.splitlines()
    assert bacterio("sample", "-c", "m.npz", "-n", 10, "--seed", 3, cwd=room) == ten


@pytest.mark.parametrize(
    ("n_y", "steps", "sizes"),
    [
        (30, 50, [64, 512, 4096, 32_768, 65_536, 65_536]),
        (5501, 50, [64, 512, 762, 762, 762]),
        (2**20, 50, [64, 64, 64, 64, 64]),
        (30, 10_001, [64, 512, 3355, 3355]),
        (30, 2**25, [64, 64, 64]),
    ],
)
def test_blocks_grow_eightfold(n_y: int, steps: int, sizes: list[int]) -> None:
    """From 64 draws to 65,536, and to no more than 2²² probabilities or 2²⁵ letters where these are many."""
    assert list(islice(block_sizes(n_y, steps), len(sizes))) == sizes


@pytest.mark.parametrize("few", [1, 63, 64, 65, 200, 575, 576, 577, 1400])
def test_names_do_not_depend_on_the_count_across_blocks(few: int) -> None:
    """The same holds where the drawing goes from one block to the next."""
    assert names(few, allow_duplicates=True) == names(2000, allow_duplicates=True)[:few]


@pytest.mark.parametrize("few", [63, 64, 65, 575, 576, 577])
def test_names_do_not_depend_on_the_tries_across_blocks(few: int) -> None:
    """Nor do they where the draws end just before, at or behind the edge of a block: all that were accepted come."""
    request, model, tally = (
        SamplingParams(seed=1, temperature=1.0, max_length=9, allow_known=True),
        small_model(),
        SamplingStats(),
    )
    found = list(sample(model.language_model, model.vocabulary, (), request, count=few, max_tries=few, tally=tally))
    every = list(islice(draws(model.language_model, model.vocabulary, request), 640))
    assert found == list(dict.fromkeys(name for name in every[:few] if name))
    assert tally.drawn == few > len(found) > few / 4


@pytest.mark.parametrize("stepped", [2, 3, 40])
def test_names_do_not_depend_on_how_many_beginnings_go_at_once(stepped: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A block whose beginnings are stepped in many chunks, by two threads, has the names of one stepped in one."""
    model = small_model()
    exact = Net(model.model, {name: p.astype(np.float64) for name, p in model.params.items()})
    request, found = SamplingParams(seed=7, temperature=1.0), []
    for size in (prefixes.STEPPED, stepped):
        monkeypatch.setattr(prefixes, "STEPPED", size)
        found.append(list(islice(draws(exact, model.vocabulary, request), 576)))
    together, chunked = found
    assert chunked == together
    assert len(set(together)) > 100


def test_blocks_do_not_repeat_each_other() -> None:
    """Each block has its own numbers: no two of them draw the same first letters row by row."""
    heads = [(name or " ")[0] for name in drawn(4736)]
    assert len({"".join(heads[edge : edge + 64]) for edge in (0, 64, 576, 4672)}) == 4


def test_each_name_goes_on_from_its_own_letters() -> None:
    """When others of its block end or branch off, a name keeps its own state: Echo's first letter returns in all."""
    request = SamplingParams(seed=1, temperature=1.0, max_length=60)
    found = [name or "" for name in islice(draws(Echo(), Vocabulary("abc", False), request), 1000)]
    assert all(set(name[::2]) == {name[0]} for name in found if name)
    assert {name[:3] for name in found if len(name) > 2} == {a + b + a for a in "abc" for b in "abc"}


def test_the_seed_decides() -> None:
    """The same seed gives the same names, another one others."""
    assert names(50, seed=5) == names(50, seed=5)
    assert names(50, seed=5) != names(50, seed=6)


def test_a_fresh_seed_is_printed_and_reproduces(room: Path) -> None:
    """Without --seed two runs differ, and the seed on stderr gives the same names again."""
    first, second = (bacterio("sample", "-c", "m.npz", "-n", 5, "--allow-known", cwd=room) for _ in range(2))
    assert first.stdout != second.stdout
    seed = re.fullmatch(r"bacterio: seed (\d+)\n", first.stderr)
    assert seed is not None
    again = bacterio("sample", "-c", "m.npz", "-n", 5, "--allow-known", "--seed", seed[1], cwd=room)
    assert again == (0, first.stdout, "")


def test_names_are_new_and_distinct_unless_allowed_otherwise() -> None:
    """The small model knows many names by heart; --allow-known and --allow-duplicates let them through."""
    known = frozenset(NAMES)
    plain = names(200, known=known)
    assert len(plain) == len(set(plain)) == 200
    assert not known & set(plain)
    with_known = names(200, known=known, allow_known=True)
    assert known & set(with_known)
    assert len(set(with_known)) == 200
    repeated = names(200, known=known, allow_duplicates=True)
    assert len(set(repeated)) < 200
    assert not known & set(repeated)


@pytest.mark.parametrize("prefix", ["Bori", "boRI", "B", "Albab"])
def test_every_name_begins_with_the_prefix(prefix: str) -> None:
    """In whatever case it was typed, since this model knows capitalised names."""
    found = names(30, prefix=prefix)
    assert len(found) == 30
    assert all(name.startswith(prefix.capitalize()) for name in found)
    assert len(set(found)) == 30


def test_a_prefix_is_composed_like_a_name() -> None:
    """A prefix typed with a combining accent meets the vocabulary's composed letter."""
    model, vocabulary = Table(np.array([[0.0, 1.0], [0.5, 0.5]])), Vocabulary("é", capitalised=False)
    request = SamplingParams(seed=1, prefix="e\u0301", temperature=1.0)
    found = list(sample(model, vocabulary, (), request, count=2, max_tries=99, tally=SamplingStats()))
    assert set("".join(found)) == {"é"}
    assert len(found) == 2


def greedy(prefix: str = "") -> str:
    """The likeliest name, by stepping the small model one letter at a time."""
    model = small_model()
    net, ids = model.language_model, list(model.vocabulary.encode([prefix])[:-1])
    state = net.start(1)
    for letter in ids:
        p, state = net.step(np.array([letter]), state)
    while letter := int(p[0].argmax()):
        ids.append(letter)
        p, state = net.step(np.array([letter]), state)
    return model.vocabulary.decode(ids[1:])


@pytest.mark.parametrize("prefix", ["", "Bo", "kora"])
@pytest.mark.parametrize("how", [{"temperature": 0}, {"top_k": 1}, {"temperature": 1e-6}])
def test_the_likeliest_name(how: dict[str, float], prefix: str) -> None:
    """Temperature 0, a temperature near 0 and top-k 1 all walk from the prefix along the likeliest letters."""
    assert names(1, prefix=prefix, **how) == [greedy(prefix)]


@pytest.mark.parametrize("prefix", ["a", "ab", "aba"])
def test_a_prefix_may_be_as_long_as_the_longest_name(prefix: str) -> None:
    """With no room for another letter a draw is the prefix, or none where the model does not end there."""
    assert set(drawn(200, prefix=prefix, max_length=len(prefix))) == {prefix, None}


def test_lengths_are_those_asked_for() -> None:
    """Names have from --min-length to --max-length letters, the prefix counted."""
    assert {len(name) for name in names(100, prefix="Bo", min_length=7, max_length=9)} == {7, 8, 9}


def test_no_name_is_cut() -> None:
    """A shorter longest length refuses draws and changes none: what fits in 4 of 40 letters is what was drawn."""
    free, tight = drawn(2000), drawn(2000, max_length=4)
    assert tight == [None if len(name or "") > 4 else name for name in free]
    assert 0 < tight.count(None) < 1000


def test_draws_are_distributed_as_the_model_says() -> None:
    """The counts of whole names agree with the product of the table's probabilities (χ², 8 degrees, seed fixed)."""
    p, n = TABLE.p, 20_000
    expected = {}
    for name in ("", "a", "b", "aa", "ab", "ba", "aab", "aba"):
        ids = AB.encode([name])
        expected[name] = n * float(np.prod(p[ids[:-1], ids[1:]]))
    found = Counter(name for name in drawn(n) if name in expected)
    rest, expected_rest = n - found.total(), n - sum(expected.values())
    chi2 = sum((found[name] - e) ** 2 / e for name, e in expected.items()) + (rest - expected_rest) ** 2 / expected_rest
    assert chi2 < 26.1, "P(χ² > 26.1) = 0.001"
    assert not any("bb" in (name or "") for name in drawn(n))


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_first_letters_are_distributed_as_the_step_says(temperature: float) -> None:
    """The network's own first step, tempered by p^(1/τ), is what the first letters of its names follow."""
    model, n = small_model(), 5000
    p, _ = model.language_model.step(np.array([0]), model.language_model.start(1))
    expected = p[0].astype(float) ** (1 / temperature)
    expected *= n / expected.sum()
    request = SamplingParams(seed=4, temperature=temperature, max_length=60)
    found = Counter((name or "?")[:1] for name in islice(draws(model.language_model, model.vocabulary, request), n))
    likely = [k for k in range(1, len(expected)) if expected[k] > 10]
    counts = np.array([found[model.vocabulary.letters[k - 1].upper()] for k in likely])
    assert len(likely) >= 8
    assert (np.abs(counts - expected[likely]) < 4 * np.sqrt(expected[likely])).all()


probabilities = st.lists(
    st.lists(st.one_of(st.just(0.0), st.floats(1e-30, 1.0)), min_size=4, max_size=4).filter(any),
    min_size=1, max_size=5,
)  # fmt: skip


@examples
@given(
    probabilities, st.sampled_from([np.float32, np.float64]), st.sampled_from([0.0, 1e-9, 0.3, 0.999999999, 1 - 2**-53])
)
def test_a_letter_without_probability_is_never_chosen(p: list[list[float]], dtype: type, u: float) -> None:
    """Not for the smallest number that a generator gives, nor for the largest, which float32 rounds to 1."""
    table = np.array(p)
    table = (table / table.sum(axis=1, keepdims=True)).astype(dtype)
    table = table[table.any(axis=1)]
    letters = choose(table.cumsum(axis=1), np.arange(len(table)), np.full(len(table), u))
    assert (np.take_along_axis(table, letters[:, None], axis=1) > 0).all()


def test_choose_inverts_the_distribution() -> None:
    """Evenly spaced numbers fall on the letters exactly in proportion to their probabilities."""
    p = np.array([[0.125, 0.0, 0.5, 0.375]])
    letters = choose(p.cumsum(axis=1), np.repeat(np.arange(len(p)), 1000), (np.arange(1000) + 0.5) / 1000)
    assert np.bincount(letters).tolist() == [125, 0, 500, 375]
    assert (np.diff(letters) >= 0).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("temperature", "limit"),
    [
        (1e-6, [0.0, 1.0, 0.0, 0.0]),
        (1e-50, [0.0, 1.0, 0.0, 0.0]),
        (1e6, [1 / 3, 1 / 3, 1 / 3, 0.0]),
        (1e300, [1 / 3, 1 / 3, 1 / 3, 0.0]),
        (1.0, [0.2, 0.7, 0.1, 0.0]),
        (0.5, [0.04 / 0.54, 0.49 / 0.54, 0.01 / 0.54, 0.0]),
    ],
)
def test_temperature_has_the_right_limits(temperature: float, limit: list[float], dtype: type) -> None:
    """Cold is the likeliest letter alone, hot all possible letters alike, and what is impossible stays impossible."""
    p = np.array([[0.2, 0.7, 0.1, 0.0]], dtype)
    assert temper(p, temperature)[0] == pytest.approx(limit, abs=1e-5)


@pytest.mark.parametrize("temperature", [0.3, 0.8, 2.0])
def test_each_row_is_tempered_by_itself(temperature: float) -> None:
    """p^{1/τ} over its own row's sum, whatever stands in the other rows; a letter of probability 0 keeps it."""
    p = np.random.default_rng(60).dirichlet(np.ones(5), 4)
    p[2] = [0, 0.5, 0, 0.25, 0.25]
    powers = p ** (1 / temperature)
    np.testing.assert_allclose(temper(p, temperature), powers / powers.sum(axis=1, keepdims=True), rtol=1e-12)
    assert temper(p, 1e-6).tolist() == (p == p.max(axis=1, keepdims=True)).tolist()


def test_top_k_keeps_the_likeliest() -> None:
    """The k likeliest letters in their proportions; of equal ones the first; all if k is large."""
    p = np.array([[0.1, 0.4, 0.1, 0.4], [0.7, 0.1, 0.1, 0.1]])
    assert keep_top_k(p, 1) == pytest.approx(np.array([[0, 1, 0, 0], [1, 0, 0, 0]]))
    assert keep_top_k(p, 3) == pytest.approx(np.array([[1 / 9, 4 / 9, 0, 4 / 9], [7 / 9, 1 / 9, 1 / 9, 0]]))
    assert (keep_top_k(p, 9) == p).all()


@pytest.mark.parametrize(
    ("mass", "kept"),
    [(0.0, [0, 1, 0, 0]), (0.49, [0, 1, 0, 0]), (0.51, [0, 5 / 8, 3 / 8, 0]), (1.0, [0.15, 0.5, 0.3, 0.05])],
)
def test_top_p_keeps_the_fewest_that_hold_the_mass(mass: float, kept: list[float]) -> None:
    """The likeliest letters up to and with the one that reaches the mass, at least one, in their proportions."""
    assert keep_top_p(np.array([[0.15, 0.5, 0.3, 0.05]]), mass)[0] == pytest.approx(kept)


def test_top_k_and_top_p_reach_the_draws() -> None:
    """With top-k 2 or top-p 0.5 the table's rarer letters do not come."""
    assert "" in drawn(500)
    assert "" not in drawn(500, top_k=2)
    assert {(name or "?")[0] for name in drawn(500, top_p=0.5)} == {"a"}


def test_what_is_refused_is_counted_by_reason() -> None:
    """Every draw is either accepted or refused for one reason, and each reason is the true one."""
    tally = SamplingStats()
    request = SamplingParams(seed=1, temperature=1.0, min_length=2, max_length=4)
    found = list(sample(TABLE, AB, {"ab", "aa"}, request, count=999, max_tries=500, tally=tally))
    every = drawn(500, max_length=4)
    short = sum(name is not None and len(name) == 1 for name in every)
    assert (tally.drawn, tally.accepted) == (500, len(found))
    assert tally.refused.total() + len(found) == 500
    assert tally.refused == {
        "too long": every.count(None),
        "empty": every.count(""),
        "too short": short,
        "known": every.count("ab") + every.count("aa"),
        "duplicate": tally.refused["duplicate"],
    }
    assert all(tally.refused.values())


def test_a_name_that_is_no_clean_line_is_refused() -> None:
    """What the corpus would not give back unchanged, outer or double blanks, is malformed."""
    spaced = Table(np.array([[0.0, 0.5, 0.5], [0.5, 0.25, 0.25], [0.5, 0.25, 0.25]]))
    request, tally = SamplingParams(seed=1, temperature=1.0, max_length=5), SamplingStats()
    found = list(sample(spaced, Vocabulary(" a", False), (), request, count=99, max_tries=500, tally=tally))
    assert all(name == " ".join(name.split()) for name in found)
    assert "a a" in found
    assert tally.refused["malformed"] > 0


def test_a_capital_that_is_two_letters_is_no_longer_name() -> None:
    """'ß' capitalises to 'Ss': such a name is still within --max-length."""
    sharp = Table(np.array([[0.0, 0.5, 0.5], [0.5, 0.25, 0.25], [0.5, 0.25, 0.25]]))
    request = SamplingParams(seed=1, temperature=1.0, max_length=3)
    found = list(sample(sharp, Vocabulary("aß", True), (), request, count=12, max_tries=999, tally=SamplingStats()))
    assert found
    assert max(map(len, found)) <= 3


def test_what_cannot_be_satisfied_is_reported(room: Path) -> None:
    """Exit 1 with what was found on stdout, and on stderr how many draws were refused for which reasons."""
    result = bacterio(
        "sample", "-c", "m.npz", "--seed", 1, "-n", 100, "--min-length", 9, "--max-length", 10, "--max-tries", 70,
        cwd=room,
    )  # fmt: skip
    found = result.stdout.splitlines()
    assert 0 < len(found) < 70
    report = re.match(r"found (\d+) of 100 names in 70 draws; refused: (.*?); loosen", only_error(result))
    assert report is not None
    assert int(report[1]) == len(found)
    reasons = dict(re.fullmatch(r"(\d+) (.+)", part).groups()[::-1] for part in report[2].split(", "))  # type: ignore[union-attr]
    assert {"too long", "too short"} <= set(reasons) <= {"too long", "too short", "known", "duplicate", "empty"}
    assert sum(map(int, reasons.values())) == 70 - len(found)


def test_temperature_0_has_one_answer(room: Path) -> None:
    """-n 1 prints it; -n 2 prints it too, and exits 1 at once saying why there is no second."""
    words = ("sample", "-c", "m.npz", "--seed", 1, "--temp", 0, "--allow-known")
    assert bacterio(*words, "-n", 1, cwd=room) == (0, greedy() + "\n", "")
    result = bacterio(*words, "-n", 2, cwd=room)
    assert "temperature 0 has one answer" in only_error(result)
    assert result.stdout == greedy() + "\n"


@pytest.mark.parametrize(
    ("prefix", "longest", "message"),
    [("Bo!?!", 9, "--prefix Bo!?!: '!?' is not in the model's alphabet"), ("Boris", 4, "longer than --max-length 4")],
)
def test_a_prefix_that_cannot_begin_a_name_is_refused(prefix: str, longest: int, message: str) -> None:
    """Letters that the model does not have are named; a prefix must leave room."""
    with pytest.raises(BacterioError, match=re.escape(message)) as caught:
        names(1, prefix=prefix, max_length=longest)
    assert caught.value.exit_code == 1


def test_a_foreign_prefix_is_exit_1(room: Path) -> None:
    """The refusal is one line on stderr, and stdout stays empty."""
    result = bacterio("sample", "-c", "m.npz", "--seed", 1, "--prefix", "Ж", cwd=room)
    assert "'ж' is not in the model's alphabet, abcd" in only_error(result)
    assert result.stdout == ""


@pytest.mark.parametrize(
    "words", ["-n 0", "--temp -1", "--top-p 1.5", "--top-k 0", "--min-length 9 --max-length 8", "--temp inf"]
)
def test_values_out_of_range_are_exit_2(words: str, room: Path) -> None:
    """Nothing is printed on stdout, and stderr names the option."""
    result = bacterio("sample", "-c", "m.npz", *words.split(), cwd=room)
    assert (result.code, result.stdout) == (2, "")
    assert words.partition(" ")[0] in result.stderr
    assert "Traceback" not in result.stderr


def test_a_reader_that_has_gone_ends_it_quietly(room: Path) -> None:
    """`| head -1` of ten million names ends at once, with exit 0 and nothing on stderr."""
    words = command("sample", "-c", "m.npz", "--seed", 1, "-n", 10_000_000, "--allow-duplicates")
    begun = time.monotonic()
    with subprocess.Popen(
        words, cwd=room, env=os.environ | ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(timeout=60) == 0
    assert first.strip().isalpha()
    assert time.monotonic() - begun < 20


@pytest.mark.parametrize("words", ["sample -c m.npz --seed 1 -n 3", "info m.npz", "info m.npz --json"])
def test_a_full_disk_under_stdout_is_exit_1(words: str, room: Path) -> None:
    """What cannot be printed is an error in one line."""
    result = bacterio(*words.split(), cwd=room, shell='exec "$@" >/dev/full')
    assert only_error(result) == "cannot write to standard output: No space left on device"


@pytest.mark.parametrize("words", ["sample -c m.npz --seed 1 -n 3", "info m.npz", "gradcheck --list-bugs"])
def test_a_closed_stdout_is_no_crash(words: str, room: Path) -> None:
    """Started with no standard output at all, a command ends like one whose reader has gone or cannot be written to."""
    result = bacterio(*words.split(), cwd=room, shell='exec "$@" >&-')
    assert "Traceback" not in result.stderr
    assert result.stderr.count("\n") == result.code
    assert result.code in (0, 1)


def test_the_model_in_the_working_directory_is_taken_first(tmp_path: Path, room: Path) -> None:
    """bacterio.npz here is used and named; without it the model that ships is."""
    shipped = bacterio("sample", "-n", 2, "--seed", 1, cwd=tmp_path)
    explicit = bacterio("sample", "-n", 2, "--seed", 1, "-c", ROOT / "data/model.npz", cwd=tmp_path)
    assert (shipped.code, explicit.code, explicit.stderr) == (0, 0, "")
    assert shipped.stderr == "bacterio: using the model that ships; 'bacterio train' makes your own\n"
    assert shipped.stdout == explicit.stdout
    shutil.copy(room / "m.npz", tmp_path / "bacterio.npz")
    own = bacterio("sample", "-n", 2, "--seed", 1, cwd=tmp_path)
    assert (own.code, own.stderr) == (0, "bacterio: using bacterio.npz\n")
    assert own.stdout == bacterio("sample", "-n", 2, "--seed", 1, "-c", "m.npz", cwd=room).stdout
    assert own.stdout != shipped.stdout


@pytest.mark.parametrize("prefix", ["", "bo"])
def test_stepping_each_prefix_once_draws_the_same_names(prefix: str) -> None:
    """Sharing states between rows with the same letters gives the names that stepping every row by itself gives."""
    model = small_model()
    lm, letters = model.language_model, model.vocabulary.encode([prefix])[1:-1]
    ids, lengths = draw_block(lm, letters, 300, 20, lambda p: p.cumsum(axis=1), np.random.default_rng(4))
    rng, state = np.random.default_rng(4), lm.start(300)
    for letter in [0, *letters[:-1]] if prefix else []:
        _, state = lm.step(np.full(300, letter), state)
    last, ended = np.full(300, letters[-1] if prefix else 0), np.zeros(300, bool)
    for t in range(20):
        p, state = lm.step(last, state)
        last = choose(p.cumsum(axis=1), np.arange(300), rng.random(300))
        alive = ~ended & (last > 0)
        np.testing.assert_array_equal(lengths[~ended & (last == 0)], t)
        np.testing.assert_array_equal(ids[alive, t], last[alive])
        ended |= last == 0
        if ended.all():
            break
    assert ended.sum() > 250


def test_a_block_has_only_the_letters_that_were_drawn() -> None:
    """However long names may be, a block is as wide as the longest of its draws: memory goes by that."""
    model = small_model()
    ids, lengths = draw_block(
        model.language_model, np.empty(0, int), 64, 9000, lambda p: p.cumsum(axis=1), np.random.default_rng(4)
    )
    assert ids.shape == (64, lengths.max() + 1)
    assert lengths.max() < 1000
