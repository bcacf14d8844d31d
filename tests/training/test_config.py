"""Options: defaults, presets, and what contradicts what."""

import json
import math
from dataclasses import asdict, fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.processes import begin, examples

from bacterio_cli.checkpoint.checkpoint import decode, encode
from bacterio_cli.errors import UsageError
from bacterio_cli.training.config import CHOICES, LEARNING_RATES, RANGES, TrainingConfig, resolve, resolve_resumed
from bacterio_cli.training.resume import config_of
from bacterio_cli.training.trainer import snapshot

MODELS = tuple(snapshot(begin(ngram=order)) for order in (0, 2))  # without a table and with one


def test_epochs_and_batch_size_follow_from_the_corpus() -> None:
    """A training without options gets the defaults of `TrainingConfig`, and fewer, larger batches of a longer list."""
    config = resolve("default", {})
    assert config == TrainingConfig()
    sizes = {size: (config.sized(size).epochs, config.sized(size).batch_size) for size in (400, 43_000, 1_200_000)}
    assert sizes == {400: (90, 32), 43_000: (45, 32), 1_200_000: (6, 128)}


def test_a_flag_beside_a_preset_wins() -> None:
    """Only what was given differs from the preset."""
    options = {"optimizer": "adam", "lr": 0.1, "clip_mode": "norm"}
    assert asdict(resolve("seed", options)) == asdict(resolve("seed", {})) | options


@pytest.mark.parametrize(("optimizer", "rate"), LEARNING_RATES.items())
def test_each_optimizer_has_its_own_rate(optimizer: str, rate: float) -> None:
    """Without --lr the optimizer's rate is taken, and only adamw decays weights."""
    config = resolve("default", {"optimizer": optimizer})
    assert (config.lr, config.weight_decay) == (rate, 0.15 if optimizer == "adamw" else 0.0)


VALUES: Any = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.floats(0, 1).map(str),
    st.sampled_from([10**20, 10**400, 1e305, math.nan, math.inf, "auto", np.int64(3), np.float32(0.5)]),
    st.sampled_from([bound for range_ in RANGES.values() for bound in range_]),
    st.sampled_from([choice for choices in CHOICES.values() for choice in choices]),
)  # fmt: skip


@examples
@given(st.dictionaries(st.sampled_from([f.name for f in fields(TrainingConfig)]), VALUES, max_size=4))
def test_what_is_accepted_is_loaded_again(options: dict[str, Any]) -> None:
    """Any value is refused as a usage error, or is the same in the checkpoint that is saved with it."""
    try:
        config = TrainingConfig(**options).sized(500)
    except UsageError:
        return
    arrays, meta = encode(replace(MODELS[config.ngram > 0], training=asdict(config)))
    assert config_of(decode(arrays, json.loads(json.dumps(meta))), "m.npz") == config


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("lr", math.nan), ("clip", 1e305), ("warmup", 10**400), ("warmup", 2.5), ("hidden", True), ("seed", -1),
        ("dropout", "0.3"), ("stream", 1), ("mix", "1.5"), ("mix", None), ("arch", "moth"), ("layers", None),
    ],
)  # fmt: skip
def test_a_value_out_of_range_is_refused_by_the_name_of_its_option(option: str, value: Any) -> None:
    """From Python as from the command line, and before anything is read or trained."""
    with pytest.raises(UsageError, match=f"^--{option} (must be|is) "):
        TrainingConfig(**{option.replace("-", "_"): value})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"activation": "relu"}, "--activation belongs to --arch rnn or mlp"),
        ({"window": 3}, "--window belongs to --arch mlp"),
        ({"arch": "mlp", "stream": True}, "--stream carries a state"),
        ({"bptt": 10}, "--bptt is the chunk of --stream"),
        ({"optimizer": "sgd", "weight_decay": 0.1}, "--weight-decay needs --optimizer adamw"),
        ({"lr": 10.0, "weight_decay": 0.2}, "--lr times --weight-decay is at most 1"),
        ({"valid_fraction": 0.0, "patience": 3}, "--patience needs names to validate on"),
        ({"ngram": 0, "smoothing": 0.1}, "--smoothing needs a table"),
        ({"ngram": 0, "mix": "0.5"}, "--mix needs a table"),
        ({"ngram": 0, "smoothing": None}, "--smoothing must be a number"),
        ({"valid_fraction": 0.0, "refit": True}, "--refit repeats what was validated"),
    ],
)
def test_options_without_effect_are_refused(options: dict[str, Any], message: str) -> None:
    """An option that contradicts another is a usage error with its name."""
    with pytest.raises(UsageError, match=f"^{message}"):
        resolve("default", options)


def test_a_preset_on_resume_is_held_against_the_run() -> None:
    """The same preset goes on for as long as was asked; another one is refused; a weight is a number."""
    stored = resolve("seed", {"epochs": 2}).sized(500)
    assert resolve_resumed(stored, {}, "seed", "m.npz") == stored
    assert resolve_resumed(stored, {"epochs": 3}, None, "m.npz").epochs == 3
    for options, preset, named in (
        ({"epochs": 1}, None, "--epochs 1"), ({"stream": True}, None, "--stream True"), ({}, "default", "--arch lstm"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=rf"{named} contradicts the run in m\.npz, which has "):
            resolve_resumed(stored, options, preset, "m.npz")
    several = resolve("best", {"epochs": 2}).sized(500)
    with pytest.raises(UsageError, match=r"--epochs 3 contradicts the run in m\.npz, which has 2"):
        resolve_resumed(several, {"epochs": 3}, None, "m.npz")
    half = resolve("default", {"mix": "0.5"}).sized(500)
    assert resolve_resumed(half, {"mix": "0.50"}, None, "m.npz") == half
