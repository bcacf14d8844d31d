"""Training: exact resume, what stops a run, what is recorded, and the options that decide it."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import asdict, replace
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.processes import NAMES, SMALL, TINY, bacterio, begin, finish, only_error, write_names

from bacterio_cli.checkpoint.checkpoint import load
from bacterio_cli.dataset.batching import EncodedCorpus
from bacterio_cli.dataset.corpus import Corpus, read_corpus, split
from bacterio_cli.errors import BacterioError, CheckpointError, DivergedError, UsageError
from bacterio_cli.lm.base import Net
from bacterio_cli.lm.prefix_tree import likelihood
from bacterio_cli.nn.layers import Params, dropout_mask
from bacterio_cli.nn.models import Model, loss_and_grads
from bacterio_cli.training import batch_gradients as gradients
from bacterio_cli.training import data_parallel as halves
from bacterio_cli.training import trainer as training
from bacterio_cli.training.config import CHOICES, LEARNING_RATES, TrainingConfig, resolve, resolve_resumed
from bacterio_cli.training.plan import SPLIT
from bacterio_cli.training.resume import config_of

ROW = {
    "step", "epoch", "stage", "net", "nats_per_char", "valid_nats_per_char", "valid_bits_per_char", "gradient_norm",
    "learning_rate",
}  # fmt: skip


def saved(run: training.TrainingState, path: Path) -> bytes:
    """The bytes of the run's checkpoint."""
    training.snapshot(run).save(path)
    return path.read_bytes()


def reopened(path: Path, **changes: Any) -> training.TrainingState:
    """The run that stands in a checkpoint, with other options if given."""
    stored = load(path)
    recipe = TrainingConfig(**{**asdict(config_of(stored, path)), **changes})
    return training.resume(stored, Corpus(NAMES), recipe, str(path))


def stopped(run: training.TrainingState, steps: int, path: Path) -> Path:
    """A checkpoint of the run after so many steps."""
    for _ in islice(training.train(run), steps):
        pass
    training.snapshot(run).save(path)
    return path


@pytest.mark.parametrize("optimizer", CHOICES["optimizer"])
@pytest.mark.parametrize("arch", CHOICES["arch"])
def test_resume_ends_with_the_same_bytes(arch: str, optimizer: str, tmp_path: Path) -> None:
    """Stopped in the middle of its second epoch and resumed, a run ends with the bytes of one never stopped."""
    options = {"arch": arch, "optimizer": optimizer}
    resumed = finish(reopened(stopped(begin(**options), 7, tmp_path / "a")))
    assert resumed.step == 15
    assert saved(resumed, tmp_path / "a") == saved(finish(begin(**options)), tmp_path / "b")


@pytest.mark.parametrize("steps", range(1, 15))
def test_resume_is_exact_at_every_step(steps: int, tmp_path: Path) -> None:
    """Wherever in an epoch the run stops, at its ends too, the dropout masks and the order go on as if it had not."""
    options = {"dropout": 0.3, "warmup": 4, "layers": 2}
    resumed = finish(reopened(stopped(begin(**options), steps, tmp_path / "a")))
    assert saved(resumed, tmp_path / "a") == saved(finish(begin(**options)), tmp_path / "b")


@pytest.mark.parametrize("arch", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("steps", [4, 11, 22])
def test_resume_carries_the_state_of_a_stream(arch: str, steps: int, tmp_path: Path) -> None:
    """With --stream the state at the cut is part of the checkpoint."""
    options = {"arch": arch, "stream": True, "bptt": 5, "batch_size": 7, "dropout": 0.2, "layers": 2}
    resumed = finish(reopened(stopped(begin(**options), steps, tmp_path / "a")))
    assert saved(resumed, tmp_path / "a") == saved(finish(begin(**options)), tmp_path / "b")


def test_resume_is_exact_for_the_seed_preset(tmp_path: Path) -> None:
    """One-hot letters, a name a step, the summed loss and clipping by element come back from the file."""
    options = {"preset": "seed", "embedding": 0, "batch_size": 1, "epochs": 2}
    resumed = finish(reopened(stopped(begin(**options), 50, tmp_path / "a")))
    assert saved(resumed, tmp_path / "a") == saved(finish(begin(**options)), tmp_path / "b")


HALVED: list[dict[str, Any]] = [
    {},
    {"ngram": 3},
    {"arch": "mlp", "reduction": "sum"},
    {"arch": "lstm", "stream": True, "bptt": 5, "batch_size": 7, "layers": 2},
]


@pytest.mark.parametrize("options", HALVED, ids=str)
def test_a_run_in_halves_is_the_run(options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without dropout, batches in two halves give the losses, gradients and weights of whole ones."""
    whole = finish(begin(dropout=0.0, optimizer="sgd", **options))
    monkeypatch.setattr(halves, "SPLIT_FROM", 1)
    parted = finish(begin(dropout=0.0, optimizer="sgd", **options))
    for ours, expected in zip(parted.history, whole.history, strict=True):
        for key in ("nats_per_char", "valid_nats_per_char", "gradient_norm"):
            assert ours[key] == pytest.approx(expected[key], rel=1e-4)
    for name, p in whole.params.items():
        np.testing.assert_allclose(parted.params[name], p, rtol=0, atol=1e-4)
    fresh = begin(dropout=0.0, optimizer="sgd", **options)
    assert max(np.abs(p - fresh.params[name]).max() for name, p in whole.params.items()) > 1e-2


@pytest.mark.parametrize("options", HALVED, ids=str)
def test_resume_is_exact_in_halves(options: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With parted batches too, masks, state and bits are those of a run that was never stopped."""
    monkeypatch.setattr(halves, "SPLIT_FROM", 1)
    resumed = finish(reopened(stopped(begin(dropout=0.3, **options), 4, tmp_path / "a")))
    assert saved(resumed, tmp_path / "a") == saved(finish(begin(dropout=0.3, **options)), tmp_path / "b")


@pytest.mark.parametrize("options", HALVED, ids=str)
def test_a_run_is_the_same_whoever_does_its_second_halves(
    options: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second process, none, or one that is killed on the way: the same bytes in the checkpoint."""
    monkeypatch.setattr(halves, "SPLIT_FROM", 1)
    monkeypatch.setattr(halves, "can_fork", lambda: True)
    forked: list[int] = []

    def fork() -> int:
        forked.append(os_fork())
        return forked[-1]

    os_fork = os.fork
    monkeypatch.setattr(os, "fork", fork)
    beside = finish(begin(dropout=0.3, **options))
    assert len(forked) == len(beside.course.stages)

    killed = begin(dropout=0.3, **options)
    for progress in training.train(killed):
        if progress.step == 3:
            os.kill(forked[-1], signal.SIGKILL)
    assert len(forked) == 2 * len(beside.course.stages)

    monkeypatch.setattr(halves, "can_fork", lambda: False)
    alone = finish(begin(dropout=0.3, **options))
    assert saved(beside, tmp_path / "a") == saved(alone, tmp_path / "b") == saved(killed, tmp_path / "c")


def test_each_half_has_masks_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a parted batch the second half's dropout is not the first's over again."""
    masks: list[np.ndarray] = []

    def watched(*arguments: Any) -> np.ndarray:
        masks.append(dropout_mask(*arguments))
        return masks[-1]

    monkeypatch.setattr(halves, "SPLIT_FROM", 1)
    monkeypatch.setattr(halves, "can_fork", lambda: False)  # so that both are made ready in this process
    monkeypatch.setattr(gradients, "dropout_mask", watched)
    next(training.train(begin(dropout=0.5)))
    first, _, second = masks  # between them those of the next batch, which is made ready ahead
    rows = min(len(first), len(second))
    assert rows > 10
    assert 0.3 < (first[:rows] == second[:rows]).mean() < 0.7


def test_more_epochs_are_as_if_asked_for_at_once(tmp_path: Path) -> None:
    """With a constant rate, a finished run that is given more epochs ends as a run with all of them."""
    short = finish(begin(schedule="constant", epochs=2))
    training.snapshot(short).save(tmp_path / "a")
    extended = finish(reopened(tmp_path / "a", epochs=4))
    assert saved(extended, tmp_path / "a") == saved(finish(begin(schedule="constant", epochs=4)), tmp_path / "b")


def test_patience_ends_a_run_that_no_longer_improves(tmp_path: Path) -> None:
    """At a rate of 0 the first epoch is the best, so patience 2 stops after the third, also over a resume."""
    options = {"lr": 0.0, "patience": 2, "epochs": 9}
    run = finish(begin(**options))
    assert [row["epoch"] for row in run.history] == [1, 2, 3]
    resumed = finish(reopened(stopped(begin(**options), 12, tmp_path / "a")))
    assert saved(resumed, tmp_path / "a") == saved(run, tmp_path / "b")


def test_without_patience_a_run_goes_to_its_last_epoch() -> None:
    """Patience 0 is never."""
    assert len(finish(begin(lr=0.0, patience=0, epochs=9)).history) == 9


WILD: dict[str, dict[str, Any]] = {
    "the loss": {"arch": "rnn", "activation": "relu", "optimizer": "sgd", "lr": 1e3, "clip": 0},
    "the gradient": {"arch": "rnn", "activation": "relu", "optimizer": "adam", "lr": 1e3, "warmup": 100},
    "a weight": {"optimizer": "adamw", "lr": 1e10, "warmup": 100, "stream": True, "bptt": 5},
    "the validation loss": {"arch": "rnn", "activation": "relu", "optimizer": "adam", "lr": 1.0, "clip": 0},
}


@pytest.mark.parametrize("what", WILD)
def test_a_step_that_diverges_is_not_taken(what: str, tmp_path: Path) -> None:
    """Wherever the first number that is not finite comes up, the run saves the bytes of one stopped a step before."""
    run = begin(schedule="constant", **WILD[what])
    with pytest.raises(DivergedError, match=rf"^{what} is not finite at step (\d+) \(learning rate ") as caught:
        finish(run)
    assert f"at step {run.step + 1} (" in str(caught.value)
    assert run.step >= 1
    before = stopped(begin(schedule="constant", **WILD[what]), run.step, tmp_path / "before")
    assert saved(run, tmp_path / "after") == before.read_bytes()


def test_a_resumed_run_diverges_where_it_did(tmp_path: Path) -> None:
    """What is saved after divergence goes on as the run itself would have: to the same step and the same message."""
    said = []
    run = begin(schedule="constant", **WILD["the validation loss"])
    for _ in range(2):
        with pytest.raises(DivergedError) as caught:
            finish(run)
        said.append(str(caught.value))
        saved(run, tmp_path / "m")
        run = reopened(tmp_path / "m")
    assert said[0] == said[1]


def test_a_diverging_command_stops_in_one_line(tmp_path: Path) -> None:
    """A rate of 1e30 ends with exit 1, the step and the remedy, and a file with the weights before the step."""
    result = bacterio(
        "train", write_names(tmp_path), *TINY, "-q", "--optimizer", "sgd", "--lr", "1e30", "-o", "m.npz", cwd=tmp_path
    )
    assert only_error(result) == (
        "a weight is not finite at step 1 (learning rate 1e+30, rows of up to 12 characters); stopped with what stood "
        "before it: lower --lr, clip harder with --clip, or leave out what is overlong"
    )
    fresh = begin(epochs=2).params
    kept = load(tmp_path / "m.npz").params
    assert all(np.array_equal(kept[name], fresh[name]) for name in fresh)


def test_a_validation_loss_that_is_not_finite_is_divergence(tmp_path: Path) -> None:
    """Weights that overflow only on the names held out stop the run in one line, and no NaN enters the history."""
    result = bacterio(
        "train", write_names(tmp_path), *TINY, "-q", "--arch", "rnn", "--activation", "relu", "--optimizer", "sgd",
        "--lr", "1e15", "--batch-size", "64", "-o", "m.npz", cwd=tmp_path, PYTHONWARNINGS="default::RuntimeWarning",
    )  # fmt: skip
    assert "is not finite" in only_error(result)
    assert "NaN" not in json.dumps(load(tmp_path / "m.npz").history)


def test_the_seed_decides_every_byte(tmp_path: Path) -> None:
    """The same seed gives the same file whatever PYTHONHASHSEED is, another seed other weights."""
    names = write_names(tmp_path)
    for out, seed, hashed in (("a", 5, "1"), ("b", 5, "2"), ("c", 6, "1")):
        done = bacterio(
            "train", names, *TINY, "-q", "--seed", seed, "-o", out, cwd=tmp_path, PYTHONHASHSEED=hashed
        )  # fmt: skip
        assert done.code == 0, done
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert not np.array_equal(load(tmp_path / "a").params["E"], load(tmp_path / "c").params["E"])


def mean_loss(model: Model, params: Params, text: EncodedCorpus) -> float:
    """Nats per character of the net alone."""
    return -float(np.log(likelihood(Net(model, params), text)).mean())


@pytest.mark.parametrize("arch", CHOICES["arch"])
def test_validation_loss_is_that_of_the_names_one_by_one(arch: str) -> None:
    """The row's loss is −log P of the held-out names, letter by letter with end marks, over their letters."""
    run = finish(begin(arch=arch, epochs=1, valid_fraction=0.25, dropout=0.5))
    _, held_out = split(NAMES, 0.25, np.random.default_rng([0, SPLIT]))
    model = training.snapshot(run).language_model
    nats, letters = 0.0, 0
    for name in held_out:
        ids = run.vocabulary.encode([name])
        state = model.start(1)
        for x, y in pairwise(ids):
            p, state = model.step(np.array([x]), state)
            nats -= float(np.log(p[0, y]))
            letters += 1
    row = run.history[0]
    assert letters == sum(map(len, held_out)) + 10
    assert row["valid_nats_per_char"] == pytest.approx(nats / letters, rel=1e-5)
    assert row["valid_bits_per_char"] == pytest.approx(nats / letters / np.log(2), rel=1e-5)


def test_training_loss_of_an_epoch_weighs_its_letters() -> None:
    """At a rate of 0 and without dropout, the row's training loss is that of all training names together."""
    run = finish(begin(lr=0.0, dropout=0.0, epochs=1))
    names, _ = split(NAMES, 0.1, np.random.default_rng([0, SPLIT]))
    expected = mean_loss(run.model, run.params, EncodedCorpus(names, run.vocabulary))
    assert run.history[0]["nats_per_char"] == pytest.approx(expected, rel=1e-5)


def test_history_has_a_row_an_epoch() -> None:
    """Rows count steps and epochs; without names to validate on, validation is None."""
    history = finish(begin(valid_fraction=0.0, schedule="linear", lr=0.01)).history
    assert [(row["step"], row["epoch"]) for row in history] == [(5, 1), (10, 2), (15, 3)]
    assert all(set(row) == ROW for row in history)
    assert {row["valid_nats_per_char"] for row in history} == {None}
    assert [row["learning_rate"] for row in history] == pytest.approx([0.01 * (15 - k) / 15 for k in (4, 9, 14)])


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_a_step_descends_the_mean_or_the_sum(reduction: str) -> None:
    """The first step of SGD is −η times the gradient of the batch's mean loss, times its letters for the sum."""
    recipe = resolve("seed", {**SMALL, "embedding": 0, "batch_size": 64, "lr": 0.1, "clip": 0.0, "clip_mode": "norm"})
    run = training.begin(Corpus(NAMES), replace(recipe, reduction=reduction))
    before = {name: value.copy() for name, value in run.params.items()}
    progress = next(training.train(run))
    names, _ = split(NAMES, 0.1, np.random.default_rng([0, SPLIT]))
    batch = next(EncodedCorpus(names, run.vocabulary).name_batches(64))
    grads = loss_and_grads(run.model, before, batch.x, batch.batch_sizes, batch.y).grads
    scale = 0.1 * (len(batch.x) if reduction == "sum" else 1)
    assert progress.step == 1
    for name, value in run.params.items():
        assert value == pytest.approx(before[name] - scale * grads[name], rel=1e-4, abs=1e-6)


def test_progress_counts_steps_and_marks_improvement() -> None:
    """A record a step, with the row where an epoch ends; the first epoch always improves."""
    records = list(training.train(begin(epochs=2)))
    assert [(r.step, r.total, r.epoch) for r in records] == [(k, 10, 1 + (k > 5)) for k in range(1, 11)]
    assert [r.step for r in records if r.row] == [5, 10]
    assert records[4].improved
    assert not records[3].improved


def test_the_file_holds_the_weights_that_validated_best() -> None:
    """When later epochs are worse, the weights to use are those of the best one, not of the last."""
    run = finish(begin(optimizer="adam", lr=0.5, schedule="constant", epochs=8, dropout=0.0, seed=2))
    losses = [row["valid_nats_per_char"] for row in run.history]
    best = int(np.argmin(losses))
    assert best < 7, "the case must have worse epochs after the best"
    held_out = EncodedCorpus(split(NAMES, 0.1, np.random.default_rng([2, SPLIT]))[1], run.vocabulary)
    assert run.best_epoch == run.history[best]["step"]
    assert mean_loss(run.model, training.snapshot(run).params, held_out) == losses[best]
    assert mean_loss(run.model, run.params, held_out) == losses[-1] > losses[best]


def test_duplicates_are_gone_before_the_split(tmp_path: Path) -> None:
    """A list with every name three times trains exactly as one with every name once."""
    corpus = read_corpus([str(write_names(tmp_path, NAMES * 3))])
    assert corpus.duplicates == 2 * len(NAMES)
    assert saved(finish(begin(corpus)), tmp_path / "a") == saved(finish(begin()), tmp_path / "b")


def test_a_piped_list_trains_like_a_file(tmp_path: Path) -> None:
    """`train -` reads standard input, and the checkpoint is the same to the byte."""
    names = write_names(tmp_path)
    assert bacterio("train", names, *TINY, "-q", "-o", "a", cwd=tmp_path).code == 0
    assert bacterio("train", "-", *TINY, "-q", "-o", "b", cwd=tmp_path, stdin=names.read_bytes()).code == 0
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def steps_logged(path: Path) -> list[int]:
    """The step of each row of a log."""
    return [json.loads(line)["step"] for line in path.read_text().splitlines()]


def test_the_log_has_a_row_an_epoch_and_grows_on_resume(tmp_path: Path) -> None:
    """JSON Lines; --resume appends the new rows, and repeats none even where the log is ahead of the checkpoint."""
    words = ("train", write_names(tmp_path), *TINY[:-2], "-q", "-o", "m.npz", "--log", "log", "--resume")
    assert bacterio(*words, "--epochs", 2, cwd=tmp_path).code == 0
    rows = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [row["epoch"] for row in rows] == [1, 2]
    assert all(set(row) == ROW | {"chars_per_second"} and row["chars_per_second"] > 0 for row in rows)
    assert [{name: row[name] for name in ROW} for row in rows] == load(tmp_path / "m.npz").history
    early = (tmp_path / "m.npz").read_bytes()
    assert bacterio(*words, "--epochs", 4, cwd=tmp_path).code == 0
    (tmp_path / "m.npz").write_bytes(early)
    assert bacterio(*words, "--epochs", 5, cwd=tmp_path).code == 0
    assert steps_logged(tmp_path / "log") == [2, 4, 6, 8, 10]


def test_a_table_can_be_made_of_the_log(tmp_path: Path) -> None:
    """In all stages a row has the same keys in one order, and each column scalars of one type, or null; no NaN."""
    related = write_names(tmp_path, [name + "us" for name in NAMES], file="related.txt")
    words = (*TINY[:-2], "--epochs", 1, "--refit", "--background", related, "-q", "-o", "m.npz", "--log", "log")
    assert bacterio("train", write_names(tmp_path), *words, cwd=tmp_path).code == 0
    rows = [json.loads(line, parse_constant=pytest.fail) for line in (tmp_path / "log").read_text().splitlines()]
    assert [row["stage"] for row in rows] == ["background", "fit", "refit"]
    assert len({tuple(row) for row in rows}) == 1
    for name in rows[0]:
        kinds = {type(row[name]) for row in rows}
        assert kinds in ({int}, {str}, {float}, {float, type(None)}), name
        assert (type(None) in kinds) == name.startswith("valid_")


def test_a_log_is_not_appended_to_a_foreign_file(tmp_path: Path) -> None:
    """--resume --log refuses a file that is no log, which stays as it is."""
    names, diary = write_names(tmp_path), write_names(tmp_path, file="diary.txt")
    assert bacterio("train", names, *TINY, "-q", "-o", "m.npz", cwd=tmp_path).code == 0
    result = bacterio("train", names, "--resume", "-q", "-o", "m.npz", "--log", diary, cwd=tmp_path)
    assert "it is not a log of this program" in only_error(result)
    assert diary.read_text().split() == list(NAMES)


def test_the_default_recipe_is_the_documented_one() -> None:
    """What --help states as defaults is what a run without options gets; sizes follow from the corpus."""
    recipe = resolve("default", {})
    assert recipe == TrainingConfig(
        arch="lstm", activation="tanh", hidden=128, layers=2, embedding=32, window=5, dropout=0.4, optimizer="adamw",
        lr=0.005, schedule="cosine", warmup=0, weight_decay=0.15, batch_size=None, epochs=None, clip=5.0,
        clip_mode="norm", stream=False, bptt=25, valid_fraction=0.1, patience=0, seed=0, ngram=7, smoothing=0.45,
        mix="auto", refit=True, nets=1, init_scale=None, reduction="mean",
    )  # fmt: skip
    sizes = {size: (recipe.sized(size).epochs, recipe.sized(size).batch_size) for size in (400, 43_000, 1_200_000)}
    assert sizes == {400: (90, 32), 43_000: (45, 32), 1_200_000: (6, 128)}


def test_the_seed_preset_is_the_first_source_text() -> None:
    """One tanh layer of 50 on one-hot letters, weights N(0, 0.01²), SGD 0.01, a name a step, no table."""
    recipe = asdict(resolve("seed", {}))
    assert recipe == asdict(TrainingConfig()) | {
        "arch": "rnn", "activation": "tanh", "hidden": 50, "layers": 1, "embedding": 0, "dropout": 0.0,
        "optimizer": "sgd", "lr": 0.01, "schedule": "constant", "weight_decay": 0.0, "batch_size": 1, "epochs": 12,
        "clip": 5.0, "clip_mode": "element", "init_scale": 0.01, "reduction": "sum", "ngram": 0, "smoothing": 0.0,
        "mix": "1", "refit": False,
    }  # fmt: skip


@pytest.mark.parametrize("given", [{"hidden": 20}, {"optimizer": "adam"}, {"lr": 0.1, "clip_mode": "norm"}])
def test_a_flag_beside_a_preset_wins(given: dict[str, Any]) -> None:
    """Only what was given differs from the preset."""
    assert asdict(resolve("seed", given)) == asdict(resolve("seed", {})) | given


@pytest.mark.parametrize(("optimizer", "rate"), LEARNING_RATES.items())
def test_each_optimizer_has_its_own_rate(optimizer: str, rate: float) -> None:
    """Without --lr the optimizer's rate is taken, and only adamw decays weights."""
    recipe = resolve("default", {"optimizer": optimizer})
    assert (recipe.lr, recipe.weight_decay) == (rate, 0.15 if optimizer == "adamw" else 0.0)


CONTRADICTIONS = [
    ("--activation relu", "--activation belongs to --arch rnn or mlp"),
    ("--window 3", "--window belongs to --arch mlp"),
    ("--arch mlp --stream", "--stream carries a state"),
    ("--bptt 10", "--bptt is the chunk of --stream"),
    ("--optimizer sgd --weight-decay 0.1", "--weight-decay needs --optimizer adamw"),
    ("--valid-fraction 0 --patience 3", "--patience needs names to validate on"),
]


@pytest.mark.parametrize(("words", "message"), CONTRADICTIONS)
def test_options_without_effect_are_refused(words: str, message: str, tmp_path: Path) -> None:
    """An option that contradicts another is exit 2 with its name, and nothing is written."""
    result = bacterio("train", write_names(tmp_path), *words.split(), cwd=tmp_path)
    assert message in only_error(result, 2)
    assert not (tmp_path / "bacterio.npz").exists()


@pytest.mark.parametrize("name", ["lr", "clip", "weight_decay"])
def test_numbers_must_be_finite(name: str) -> None:
    """inf and NaN are refused by the name of their option."""
    for value in (float("inf"), float("nan")):
        with pytest.raises(UsageError, match=f"^--{name.replace('_', '-')} must be "):
            resolve("default", {name: value})


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a list and a run on it that has ended."""
    folder = tmp_path_factory.mktemp("finished")
    write_names(folder)
    result = bacterio("train", "names.txt", *TINY, "-q", "-o", "m.npz", cwd=folder)
    assert result == (0, "", "")
    return folder


def test_resume_without_a_file_is_a_new_run(finished: Path) -> None:
    """--resume says that there is nothing yet, and trains as without it."""
    result = bacterio("train", "names.txt", *TINY, "--resume", "-o", "new.npz", cwd=finished)
    assert result.code == 0
    assert result.stderr.startswith("bacterio: new.npz does not exist yet: a new run\n")
    assert (finished / "new.npz").read_bytes() == (finished / "m.npz").read_bytes()


def test_resume_with_nothing_left_is_a_success(finished: Path) -> None:
    """A finished run, resumed, exits 0 and its file is not even rewritten."""
    before = (finished / "m.npz").read_bytes(), (finished / "m.npz").stat().st_mtime_ns
    result = bacterio("train", "names.txt", "--resume", "-o", "m.npz", cwd=finished)
    assert (result.code, result.stdout) == (0, "")
    assert ((finished / "m.npz").read_bytes(), (finished / "m.npz").stat().st_mtime_ns) == before


@pytest.mark.parametrize("names", [NAMES[1:], NAMES[::-1]], ids=["one name fewer", "another order"])
def test_resume_refuses_another_corpus(names: tuple[str, ...], finished: Path) -> None:
    """The message has both digests, and exit 1 leaves the file alone."""
    before = (finished / "m.npz").read_bytes()
    write_names(finished, names, "other.txt")
    message = only_error(bacterio("train", "other.txt", "--resume", "-o", "m.npz", cwd=finished))
    assert f"digest {Corpus(NAMES).digest[:12]}; " in message
    assert f"digest {Corpus(names).digest[:12]}); give the same lists, in the same order and read alike (" in message
    assert (finished / "m.npz").read_bytes() == before


def test_resume_keeps_the_profile(tmp_path: Path) -> None:
    """Names that were learned as genera stay genera, also where --resume is given without --profile."""
    words = ("train", write_names(tmp_path), "-q", "-o", "m.npz")
    assert bacterio(*words, *TINY, "--profile", "genus", cwd=tmp_path).code == 0
    assert bacterio(*words, "--resume", "--epochs", "3", cwd=tmp_path).code == 0
    assert load(tmp_path / "m.npz").corpus["profile"] == "genus"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--hidden 9", "--hidden 9 contradicts the run in m.npz, which has 8"),
        ("--epochs 1", "--epochs 1 contradicts the run in m.npz, which has 2"),
        ("--preset seed", "--arch rnn contradicts the run in m.npz, which has gru"),
        ("--stream", "--stream True contradicts the run in m.npz, which has False"),
    ],
)
def test_resume_refuses_other_options(words: str, message: str, finished: Path) -> None:
    """An option that differs from the run's is exit 2 and named; more epochs alone may be asked for."""
    result = bacterio("train", "names.txt", "--resume", "-o", "m.npz", *words.split(), cwd=finished)
    assert message in only_error(result, 2)


def test_resume_refuses_a_compact_file(finished: Path) -> None:
    """--compact writes a smaller file of the same weights, which --resume refuses in one line."""
    result = bacterio("train", "names.txt", *TINY, "-q", "--compact", "-o", "compact.npz", cwd=finished)
    assert result == (0, "", "")
    full, compact = load(finished / "m.npz"), load(finished / "compact.npz")
    assert all(np.array_equal(full.params[name], compact.params[name]) for name in full.params)
    assert (finished / "compact.npz").stat().st_size < (finished / "m.npz").stat().st_size / 2
    message = only_error(bacterio("train", "names.txt", "--resume", "-o", "compact.npz", cwd=finished))
    assert message.startswith("compact.npz is a model to use, without what --resume needs")


def test_the_list_itself_is_no_place_for_the_model(finished: Path) -> None:
    """`-o` that names the list is refused before the list is lost."""
    write_names(finished, file="precious.txt")
    result = bacterio("train", "precious.txt", *TINY, "-q", "-o", "precious.txt", cwd=finished)
    assert (finished / "precious.txt").read_bytes() == (finished / "names.txt").read_bytes()
    assert result.code in (1, 2)


def test_small_is_what_the_tests_think() -> None:
    """The epoch of the small run has five steps, so that the steps above fall into the middle of epochs."""
    run = begin()
    assert next(iter(training.train(run))).total == 5 * SMALL["epochs"]


STAGES = {"ngram": 3, "refit": True, "nets": 2, "epochs": 2, "mix": "auto"}


@pytest.mark.parametrize("step", [1, 6, 14, 20, 22, 25, 29])
def test_resume_goes_on_in_any_stage(step: int, tmp_path: Path) -> None:
    """Two nets on a background, fitted and refitted: stopped in any stage, the run ends with the same bytes."""
    corpus, background = Corpus(NAMES), Corpus(tuple(name + "ella" for name in NAMES[:10]))

    def new_run() -> training.TrainingState:
        return training.begin(corpus, resolve("default", {**SMALL, **STAGES}), background)

    uninterrupted = saved(finish(new_run()), tmp_path / "whole")
    run = new_run()
    for _ in islice(training.train(run), step):
        pass
    training.snapshot(run).save(tmp_path / "part")
    stored = load(tmp_path / "part")
    again = training.resume(stored, corpus, config_of(stored, "part"), "part", background)
    assert saved(finish(again), tmp_path / "part") == uninterrupted


def test_stages_follow_the_course() -> None:
    """Each net learns the background, then is fitted; then each is refitted on all names, and nothing is left to do."""
    run = training.begin(
        Corpus(NAMES), resolve("default", {**SMALL, **STAGES}), Corpus(tuple(n + "ella" for n in NAMES[:10]))
    )
    finish(run)
    course = [(stage.kind, stage.net) for stage in run.plan.phases]
    assert course == [("background", 0), ("fit", 0), ("background", 1), ("fit", 1), ("refit", 0), ("refit", 1)]
    assert list(dict.fromkeys((row["stage"], row["net"]) for row in run.history)) == course
    trained = training.snapshot(run)
    assert len(trained.nets) == 2
    assert sum(trained.weights) == pytest.approx(1)
    assert trained.table is not None
    assert trained.background is not None
    assert not any(
        np.array_equal(a, b) for a, b in zip(trained.nets[0].values(), trained.nets[1].values(), strict=True)
    )


def test_the_background_never_holds_the_corpus() -> None:
    """Names of the corpus, the validation names among them, and names that it cannot spell are kept out."""
    background = Corpus((*NAMES[:20], NAMES[0].upper(), "Nerella", "Œdema"))
    run = training.begin(Corpus(NAMES), resolve("default", {**SMALL, **STAGES}), background)
    text = run.plan.texts["background"]
    names = [run.vocabulary.decode(text.ids[s + 1 : s + n]) for s, n in zip(text.starts, text.lengths, strict=True)]
    assert names == ["Nerella"]
    with pytest.raises(BacterioError, match="no name of it is new"):
        training.begin(Corpus(NAMES), resolve("default", {**SMALL, **STAGES}), Corpus(NAMES[:3]))


def test_mix_is_the_weight_asked_for() -> None:
    """A given weight stands in the file; auto is chosen by the held-out names; 1 is the net alone."""
    weights = {
        mix: training.snapshot(finish(begin(**{**STAGES, "nets": 1, "mix": mix}))).weights
        for mix in ("0.3", "1", "auto")
    }
    assert weights["0.3"] == pytest.approx((0.3, 0.7, 0.0))
    assert weights["1"] == (1.0, 0.0, 0.0)
    assert weights["auto"][0] not in (0.3, 0.5, 1)


def test_what_is_saved_after_the_fit_does_not_know_the_held_out_names() -> None:
    """Until the refit is done, the table in the file is counted on the training names; then on all."""
    run = begin(**{**STAGES, "nets": 1})
    pairs = set()
    for _ in training.train(run):
        table = training.snapshot(run).table
        assert table is not None
        pairs.add(int(table.counts.count.sum()))
    final = training.snapshot(run).table
    assert final is not None
    assert len(pairs) == 1
    assert int(final.counts.count.sum()) > pairs.pop()


def test_the_file_holds_the_refitted_model(tmp_path: Path) -> None:
    """When `train` has ended, the file is that of the last stage: the net and the table of all names."""
    names = write_names(tmp_path)
    for out, flag in (("refit.npz", "--refit"), ("fit.npz", "--no-refit")):
        assert bacterio("train", names, *TINY, "--ngram", "3", flag, "-q", "-o", out, cwd=tmp_path).code == 0
    refit, fit = load(tmp_path / "refit.npz"), load(tmp_path / "fit.npz")
    assert refit.progress is not None
    assert (refit.progress["refitted"], refit.progress["stage"]) == (1, 2)
    assert refit.table is not None
    assert fit.table is not None
    assert refit.table.counts.count.sum() > fit.table.counts.count.sum()
    assert not np.array_equal(refit.params["E"], fit.params["E"])


def test_more_epochs_go_back_to_the_fit(tmp_path: Path) -> None:
    """A larger --epochs goes on with the fit where it ended, and then refits again; with several nets it is refused."""
    names, words = write_names(tmp_path), (*TINY[:-2], "--ngram", "3", "--refit", "-q", "-o", "m.npz")
    assert bacterio("train", names, *words, "--epochs", "2", cwd=tmp_path).code == 0
    assert bacterio("train", names, "-q", "-o", "m.npz", "--resume", "--epochs", "5", cwd=tmp_path).code == 0
    extended = load(tmp_path / "m.npz")
    stages = [f"{row['stage']} {row['epoch']}" for row in extended.history]
    assert stages == ["fit 1", "fit 2", "refit 1", "fit 3", "fit 4", "fit 5", "refit 1", "refit 2"]
    assert len(extended.nets) == 1
    assert bacterio("train", names, *words, "--nets", "2", "--epochs", "2", cwd=tmp_path).code == 0
    refused = bacterio("train", names, "-q", "-o", "m.npz", "--resume", "--epochs", "5", cwd=tmp_path)
    assert "an average of several nets cannot be extended" in only_error(refused, 2)


@pytest.mark.parametrize(("written", "option"), [("names.txt", "--out"), ("names.txt", "--log"), ("m.npz", "--log")])
def test_a_file_that_is_no_log_is_not_overwritten(written: str, option: str, tmp_path: Path) -> None:
    """--log does not truncate a list or a checkpoint, and --out not the list that comes through standard input."""
    write_names(tmp_path)
    (tmp_path / "m.npz").write_bytes(b"precious")
    before = (tmp_path / written).read_bytes()
    other = () if option == "--out" else ("--out", "new.npz")
    result = bacterio("train", "-", *TINY, "-q", option, written, *other, cwd=tmp_path, shell='exec "$@" <names.txt')
    assert result.code in (1, 2), result
    assert result.stderr.count("\n") == 1
    assert (tmp_path / written).read_bytes() == before


def test_the_background_never_holds_the_corpus_in_another_case() -> None:
    """Where case is kept, a lower-case spelling of a held-out name is that name all the same."""
    corpus = Corpus((*NAMES, "McDonald", *(name.lower() + "x" for name in NAMES[:3])))
    background = Corpus((*(name.lower() for name in NAMES), "nerella"))
    run = training.begin(corpus, resolve("default", {**SMALL, **STAGES}), background)
    assert len(run.plan.texts["background"].starts) == 1


def test_a_preset_on_resume_is_held_against_the_run() -> None:
    """The same preset goes on for as long as the run was asked to; another one is refused; a weight is a number."""
    stored = resolve("seed", {"epochs": 2}).sized(500)
    assert resolve_resumed(stored, {}, "seed", "m.npz") == stored
    with pytest.raises(UsageError, match=r"contradicts the run in m\.npz"):
        resolve_resumed(stored, {}, "default", "m.npz")
    half = resolve("default", {"mix": "0.5"}).sized(500)
    assert resolve_resumed(half, {"mix": "0.50"}, None, "m.npz") == half


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("likelihoods0", lambda a: a[:-1].copy()),
        ("likelihoods0", np.zeros_like),
        ("current.E", lambda a: a.T.copy()),
        ("optimizer.v", lambda a: np.full_like(a, np.inf)),
    ],
)
def test_damaged_resume_data_is_one_line(name: str, change: Any) -> None:
    """Arrays that only --resume needs are checked before a step is taken."""
    run = begin(**{**STAGES, "nets": 1})
    for _ in islice(training.train(run), 12):
        pass
    stored = training.snapshot(run)
    stored.resume[name] = change(stored.resume[name])
    with pytest.raises(CheckpointError, match="what --resume needs is damaged"):
        training.resume(stored, Corpus(NAMES), config_of(stored, "m"), "m")


def test_divergence_at_once_leaves_an_older_file(tmp_path: Path) -> None:
    """Weights that were never validated do not replace a file that was there."""
    names = write_names(tmp_path)
    (tmp_path / "m.npz").write_bytes(b"precious")
    result = bacterio(
        "train", names, *TINY, "-q", "--optimizer", "sgd", "--lr", "1e38", "--clip", "0", "-o", "m.npz", cwd=tmp_path
    )
    assert "is not finite at step" in only_error(result)
    assert (tmp_path / "m.npz").read_bytes() == b"precious"
