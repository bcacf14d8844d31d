"""Held-out loss of presets beside Kneser–Ney, in one run: `make bench-quality FILES="train.txt test.txt"`.

    python tests/bench/quality.py TRAIN [TEST …] [--presets default,best,…] [--reinvent SEEDS]

Without a test list, a random tenth of TRAIN is held out for it. Names of the tests that stand in the training list
are not counted. The reference is interpolated Kneser–Ney of order 7 with one discount, chosen on a tenth of the
training names from 0.5, 0.55, …, 0.95, then counted on all. --reinvent counts how many names of the tests are among
the first 5,000 that `sample` prints with the default, as a mean over seeds.
"""

import argparse
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from bacterio_cli.cli.runtime import keep_freed_memory

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command runs
keep_freed_memory()

import numpy as np

from bacterio_cli.api import sample
from bacterio_cli.checkpoint.checkpoint import Checkpoint
from bacterio_cli.dataset.batching import EncodedCorpus
from bacterio_cli.dataset.corpus import Corpus, read_corpus, split
from bacterio_cli.dataset.vocabulary import Vocabulary
from bacterio_cli.lm.base import LanguageModel
from bacterio_cli.lm.kneser_ney import NGram
from bacterio_cli.lm.prefix_tree import probabilities
from bacterio_cli.nomenclature.morphology import look_like_genera
from bacterio_cli.training import trainer
from bacterio_cli.training.config import resolve
from bacterio_cli.training.plan import SPLIT

DISCOUNTS = np.arange(0.5, 0.96, 0.05).round(2).tolist()
PRINTED = 5_000
Row = tuple[str, LanguageModel, float]  # what it is, the model, seconds to train


def lists(train: str, tests: Sequence[str]) -> tuple[Corpus, list[list[str]]]:
    """The names to train on, and of each test those that are not among them and have no letter that they lack."""
    corpus = read_corpus([train], look_like_genera=look_like_genera)
    held = [read_corpus([path]).names for path in tests]
    if not held:
        names, tenth = split(corpus.names, 0.1, np.random.default_rng(7))
        corpus, held = Corpus(tuple(names)), [tuple(tenth)]
    known, vocabulary = set(corpus.names), Vocabulary.of(corpus.names)
    return corpus, [[name for name in names if name not in known and not vocabulary.missing(name)] for names in held]


def loss(model: LanguageModel, text: EncodedCorpus) -> float:
    """Nats per character, end marks counted."""
    return -float(np.log(probabilities(model, text)).mean())


def kneser_ney(names: Sequence[str]) -> Iterator[Row]:
    """The reference."""
    vocabulary = Vocabulary.of(names)
    rest, held = split(names, 0.1, np.random.default_rng([0, SPLIT]))
    text, begun = EncodedCorpus(held, vocabulary), time.perf_counter()
    part, whole = (NGram.of(EncodedCorpus(of, vocabulary).ids, vocabulary.n_y, 7) for of in (rest, names))
    _, D = min((loss(replace(part, discounts=(d, d, d)), text), d) for d in DISCOUNTS)
    label = f"Kneser–Ney, order 7, one discount {D} (reference)"
    yield label, replace(whole, discounts=(D, D, D)), time.perf_counter() - begun


def trained(corpus: Corpus, preset: str, seed: int) -> tuple[Checkpoint, float]:
    """The model of a preset, and the seconds that its training takes."""
    state = trainer.begin(corpus, resolve(preset, {"seed": seed}))
    begun = time.perf_counter()
    for _ in trainer.train(state):
        pass
    return trainer.snapshot(state), time.perf_counter() - begun


def parts(label: str, model: Checkpoint, seconds: float) -> Iterator[Row]:
    """A trained model's table, if it is the default's, its net, and both together."""
    if model.table is not None and label == "default":
        yield "the default's table alone, three discounts", model.table, 0.0
    yield f"{label}: net alone", model.net, seconds
    if model.weights[0] < 1:
        weights = " / ".join(f"{w:.2f}" for w in model.weights if w)
        yield f"{label}: mixture {weights}", model.language_model, seconds


def reinvented(model: Checkpoint, wanted: set[str], seeds: int) -> str:
    """How many of these names are among the first 5,000 that `sample` prints, by default and with --any: means."""
    default, every = (
        np.mean([
            len(wanted.intersection(sample(model, PRINTED, seed=seed, any_name=any_name, also_known=False)))
            for seed in range(seeds)
        ])
        for any_name in (False, True)
    )  # fmt: skip
    times = default / every if every else float("nan")
    return f"among the first {PRINTED:,} names: {default:.1f} by default, {every:.1f} with --any, {times:.2f} ×"


def main() -> None:
    """Print the table as markdown, each row as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train")
    parser.add_argument("tests", nargs="*")
    parser.add_argument("--presets", default="default")
    parser.add_argument("--reinvent", type=int, default=0, metavar="SEEDS")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()

    corpus, tests = lists(arguments.train, arguments.tests)
    texts = [EncodedCorpus(names, Vocabulary.of(corpus.names)) for names in tests]
    wanted = {name for names in tests for name in names}
    reference: list[float] = []
    print(f"| model | {' | '.join(arguments.tests or ['a tenth'])} | bits/char | ratio | seconds |")
    print("|---" * (len(tests) + 4) + "|")

    def show(rows: Iterator[Row]) -> None:
        for label, model, seconds in rows:
            losses = [loss(model, text) for text in texts]
            reference.append(losses[0])
            nats = " | ".join(f"{value:.4f}" for value in losses)
            bits, ratio = losses[0] / np.log(2), losses[0] / reference[0]
            print(f"| {label} | {nats} | {bits:.3f} | {ratio:.4f} | {seconds:.0f} |", flush=True)

    show(kneser_ney(corpus.names))
    for preset in arguments.presets.split(","):
        model, seconds = trained(corpus, preset, arguments.seed)
        show(parts(preset, model, seconds))
        if preset == "default" and arguments.reinvent:
            print(reinvented(model, wanted, arguments.reinvent), flush=True)


if __name__ == "__main__":
    main()
