"""Held-out loss of each recipe beside Kneser–Ney, in one run: `make bench-quality FILES="train.txt test.txt"`.

    python tests/bench/quality.py TRAIN [TEST …] [--background FILE] [--recipes default,best,…] [--reinvent SEEDS]

Without a test list, a random tenth of TRAIN is held out for it. Names of the tests that stand in the training list
are not counted. The reference is interpolated Kneser–Ney of
order 7 with one discount, chosen on a tenth of the training names from 0.5, 0.55, …, 0.95, then counted on all.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from itertools import islice

from bacterio_cli.cli.runtime import keep_freed_memory, one_blas_thread

one_blas_thread()  # as the command runs
keep_freed_memory()

import numpy as np

from bacterio_cli.api import sample
from bacterio_cli.checkpoint.checkpoint import Checkpoint
from bacterio_cli.dataset.batching import EncodedCorpus
from bacterio_cli.dataset.corpus import Corpus, read_corpus, split
from bacterio_cli.dataset.vocabulary import Vocabulary
from bacterio_cli.inference.sampler import SamplingParams, draws
from bacterio_cli.lm.base import LanguageModel
from bacterio_cli.lm.kneser_ney import Counts, NGram
from bacterio_cli.lm.prefix_tree import likelihood
from bacterio_cli.nomenclature.recognition import look_like_genera
from bacterio_cli.training import trainer as training
from bacterio_cli.training.config import resolve
from bacterio_cli.training.plan import SPLIT

RECIPES: dict[str, tuple[str, dict[str, object]]] = {
    "tanh RNN": ("default", {"arch": "rnn"}),
    "plain LSTM": ("default", {"ngram": 0, "smoothing": 0.0, "mix": "1", "refit": False}),
    "fast": ("fast", {}),
    "default": ("default", {}),
    "best": ("best", {}),
    "seed": ("seed", {}),
}
DRAWS = 100_000
PRINTED = 5_000
PRINTED_LINE: list[str] = []


def loss(model: LanguageModel, text: EncodedCorpus) -> float:
    """Nats per character, end marks counted."""
    return -float(np.log(likelihood(model, text)).mean())


def kneser_ney(names: Sequence[str], held: Sequence[str], vocabulary: Vocabulary, order: int) -> tuple[Counts, float]:
    """The counts of all names, and the one discount that is best on the held-out tenth when counted on the rest."""
    rest = [name for name in names if name not in set(held)]
    text, counts = (
        EncodedCorpus(held, vocabulary),
        Counts.of(EncodedCorpus(rest, vocabulary).ids, vocabulary.n_y, order),
    )
    _, D = min((loss(NGram(counts, (d, d, d)), text), d) for d in np.arange(0.5, 0.96, 0.05).round(2).tolist())
    return Counts.of(EncodedCorpus(names, vocabulary).ids, vocabulary.n_y, order), D


def reinvented(model: LanguageModel, vocabulary: Vocabulary, wanted: set[str], seeds: int) -> float:
    """How many of the test's names are among 100,000 draws at temperature 0.8, as a mean over seeds."""
    counts = []
    for seed in range(seeds):
        request = SamplingParams(seed=seed, temperature=0.8, max_length=60)
        drawn = set(islice(draws(model, vocabulary, request), DRAWS))
        counts.append(len(drawn & wanted))
    return float(np.mean(counts))


def printed(model: Checkpoint, wanted: set[str], seeds: int) -> tuple[float, float]:
    """How many of the test's names are among the first 5,000 that `sample` prints, by default and with --any: means."""
    counts = [
        [
            len(wanted.intersection(sample(model, PRINTED, seed=seed, any_name=any_name, also_known=False)))
            for seed in range(seeds)
        ]
        for any_name in (False, True)
    ]
    default, every = np.mean(counts, axis=1)
    return float(default), float(every)


def rows(arguments: argparse.Namespace) -> Iterator[tuple[str, list[float], float, float | None]]:
    """(model, loss on each test, seconds to train, re-invented) one after the other."""
    corpus, lists = (
        read_corpus([arguments.train], look_like_genera=look_like_genera),
        [read_corpus([path]).names for path in arguments.tests],
    )
    if not lists:
        shuffled = [corpus.names[k] for k in np.random.default_rng(7).permutation(len(corpus.names))]
        tenth = len(shuffled) // 10
        corpus, lists = Corpus(tuple(shuffled[tenth:])), [tuple(shuffled[:tenth])]
    vocabulary = Vocabulary.of(corpus.names)
    known = set(corpus.names)
    tests = [[name for name in names if name not in known and not vocabulary.missing(name)] for names in lists]
    texts = [EncodedCorpus(names, vocabulary) for names in tests]
    wanted = {name for names in tests for name in names}

    def row(name: str, model: LanguageModel, seconds: float) -> tuple[str, list[float], float, float | None]:
        found = reinvented(model, vocabulary, wanted, arguments.reinvent) if arguments.reinvent else None
        return name, [loss(model, text) for text in texts], seconds, found

    _, held = split(corpus.names, 0.1, np.random.default_rng([0, SPLIT]))
    begun = time.perf_counter()
    counts, D = kneser_ney(corpus.names, held, vocabulary, 7)
    yield row(
        f"Kneser–Ney, order 7, one discount {D} (reference)", NGram(counts, (D, D, D)), time.perf_counter() - begun
    )
    for order in arguments.orders:
        begun, rest = time.perf_counter(), [name for name in corpus.names if name not in set(held)]
        _, D = kneser_ney(corpus.names, held, vocabulary, order)
        table = NGram(Counts.of(EncodedCorpus(rest, vocabulary).ids, vocabulary.n_y, order), (D, D, D))
        yield row(f"Kneser–Ney, order {order}, {D}, nine tenths", table, time.perf_counter() - begun)
    background: Corpus | None = None
    if arguments.background:
        tested = {name.lower() for name in wanted}
        names = read_corpus([arguments.background]).names
        background = Corpus(tuple(name for name in names if name.lower() not in tested))
    for name in arguments.recipes.split(","):
        preset, given = RECIPES[name]
        for related in [None] if background is None or name != "default" else [None, background]:
            recipe = resolve(preset, {**given, "seed": arguments.seed})
            run = training.begin(corpus, recipe, related)
            begun = time.perf_counter()
            for _ in training.train(run):
                pass
            seconds = time.perf_counter() - begun
            trained = training.snapshot(run)
            if name == "default" and related is None and arguments.reinvent:
                default, every = printed(trained, wanted, arguments.reinvent)
                PRINTED_LINE.append(
                    f"among the first {PRINTED:,} names: {default:.1f} by default, {every:.1f} with --any, "
                    f"{default / every:.2f} ×"
                )
            label = name if related is None else f"{name}, background"
            if trained.table is not None and related is None and name == "default":
                yield row("the default's table alone, three discounts", trained.table, 0.0)
            yield row(f"{label}: net alone", trained.net, seconds)
            if trained.weights[0] < 1:
                weights = " / ".join(f"{w:.2f}" for w in trained.weights if w)
                yield row(f"{label}: mixture {weights}", trained.language_model, seconds)


def main() -> None:
    """Print the table as markdown, each row as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train")
    parser.add_argument("tests", nargs="*")
    parser.add_argument("--background")
    parser.add_argument("--recipes", default="seed,plain LSTM,tanh RNN,fast,default,best")
    parser.add_argument("--reinvent", type=int, default=0, metavar="SEEDS")
    parser.add_argument("--orders", type=int, nargs="*", default=[3, 4, 5, 6, 7, 8])
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    tests = arguments.tests or ["a tenth"]
    print(f"| model | {' | '.join(tests)} | bits/char | ratio | seconds | re-invented |")
    print("|---" * (len(tests) + 5) + "|")
    reference = None
    for name, losses, seconds, found in rows(arguments):
        reference = reference or losses[0]
        cells = [
            name,
            *(f"{value:.4f}" for value in losses),
            f"{losses[0] / np.log(2):.3f}",
            f"{losses[0] / reference:.4f}",
        ]
        print(f"| {' | '.join([*cells, f'{seconds:.0f}', '–' if found is None else f'{found:.1f}'])} |", flush=True)
    print(*PRINTED_LINE, sep="\n")


if __name__ == "__main__":
    main()
