"""Options: defaults, presets, and what contradicts what."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from support.processes import bacterio, only_error, write_names

from bacterio_cli.errors import UsageError
from bacterio_cli.training.config import LEARNING_RATES, TrainingConfig, resolve, resolve_resumed


def test_the_default_config_is_the_documented_one() -> None:
    """What --help states as defaults is what a training without options gets; sizes follow from the corpus."""
    config = resolve("default", {})
    assert config == TrainingConfig(
        arch="lstm", activation="tanh", hidden=128, layers=2, embedding=32, window=5, dropout=0.4, optimizer="adamw",
        lr=0.005, schedule="cosine", warmup=0, weight_decay=0.15, batch_size=None, epochs=None, clip=5.0,
        clip_mode="norm", stream=False, bptt=25, valid_fraction=0.1, patience=0, seed=0, ngram=7, smoothing=0.45,
        mix="auto", refit=True, nets=1, init_scale=None, reduction="mean",
    )  # fmt: skip
    sizes = {size: (config.sized(size).epochs, config.sized(size).batch_size) for size in (400, 43_000, 1_200_000)}
    assert sizes == {400: (90, 32), 43_000: (45, 32), 1_200_000: (6, 128)}


def test_the_seed_preset_is_the_first_source_text() -> None:
    """One tanh layer of 50 on one-hot letters, weights N(0, 0.01²), SGD 0.01, a name per step, no table."""
    config = asdict(resolve("seed", {}))
    assert config == asdict(TrainingConfig()) | {
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
    config = resolve("default", {"optimizer": optimizer})
    assert (config.lr, config.weight_decay) == (rate, 0.15 if optimizer == "adamw" else 0.0)


@pytest.mark.parametrize("name", ["lr", "clip", "weight_decay"])
def test_numbers_must_be_finite(name: str) -> None:
    """inf and NaN are refused by the name of their option."""
    for value in (float("inf"), float("nan")):
        with pytest.raises(UsageError, match=f"^--{name.replace('_', '-')} must be "):
            resolve("default", {name: value})


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--activation relu", "--activation belongs to --arch rnn or mlp"),
        ("--window 3", "--window belongs to --arch mlp"),
        ("--arch mlp --stream", "--stream carries a state"),
        ("--bptt 10", "--bptt is the chunk of --stream"),
        ("--optimizer sgd --weight-decay 0.1", "--weight-decay needs --optimizer adamw"),
        ("--valid-fraction 0 --patience 3", "--patience needs names to validate on"),
    ],
)
def test_options_without_effect_are_refused(words: str, message: str, tmp_path: Path) -> None:
    """An option that contradicts another is exit 2 with its name, and nothing is written."""
    result = bacterio("train", write_names(tmp_path), *words.split(), cwd=tmp_path)
    assert message in only_error(result, 2)
    assert not (tmp_path / "bacterio.npz").exists()


def test_a_preset_on_resume_is_held_against_the_run() -> None:
    """The same preset goes on for as long as was asked; another one is refused; a weight is a number."""
    stored = resolve("seed", {"epochs": 2}).sized(500)
    assert resolve_resumed(stored, {}, "seed", "m.npz") == stored
    with pytest.raises(UsageError, match=r"contradicts the run in m\.npz"):
        resolve_resumed(stored, {}, "default", "m.npz")
    half = resolve("default", {"mix": "0.5"}).sized(500)
    assert resolve_resumed(half, {"mix": "0.50"}, None, "m.npz") == half
