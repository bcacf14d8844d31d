"""What stops being finite stops the training before the step is taken."""

from pathlib import Path
from typing import Any

import pytest
from support.processes import TINY, advanced, bacterio, begin, only_error, write_names
from support.saving import saved

from bacterio_cli.errors import DivergedError

WILD: dict[str, dict[str, Any]] = {
    "the loss": {"arch": "rnn", "activation": "relu", "optimizer": "sgd", "lr": 1e3, "clip": 0},
    "the gradient": {"arch": "rnn", "activation": "relu", "optimizer": "adam", "lr": 1e4, "warmup": 100},
    "the loss of a stream": {"optimizer": "adam", "lr": 1e10, "warmup": 100, "stream": True, "bptt": 5},
    "the validation loss": {"arch": "rnn", "activation": "relu", "optimizer": "adam", "lr": 3.0, "clip": 0},
}


@pytest.mark.parametrize("how", [{}, {"split_from": 1, "fork": True}], ids=["whole", "shards"])
@pytest.mark.parametrize("what", WILD)
def test_a_step_that_diverges_is_not_taken(what: str, how: dict[str, Any], tmp_path: Path) -> None:
    """Whatever is the first that is not finite, the bytes saved are those of a training stopped a step before."""
    state = begin(schedule="constant", **WILD[what])
    with pytest.raises(
        DivergedError, match=r"^a loss or gradient is not finite at step (\d+) \(learning rate "
    ) as caught:
        advanced(state, **how)
    assert f"at step {state.step + 1} (" in str(caught.value)
    assert state.step >= 1
    before = advanced(begin(schedule="constant", **WILD[what]), state.step, **how)
    assert saved(state, tmp_path / "after") == saved(before, tmp_path / "before")


def test_a_diverging_command_stops_in_one_line(tmp_path: Path) -> None:
    """Exit 1, the step and the remedy; what no step has changed is not kept, least of all in the place of a model."""
    words = ("train", write_names(tmp_path), *TINY, "-q", "-o", "m.npz")
    wild = ("--arch", "rnn", "--activation", "relu", "--init-scale", "1e6", "--lr", "1e12", "--weight-decay", "0")
    assert only_error(bacterio(*words, *wild, cwd=tmp_path)) == (
        "a loss or gradient is not finite at step 1 (learning rate 1e+12, rows of up to 12 characters); "
        "stopped with what stood before it: lower --lr, clip harder with --clip, or leave out what is overlong"
    )
    assert not (tmp_path / "m.npz").exists()
    assert bacterio(*words, cwd=tmp_path).code == 0
    before = (tmp_path / "m.npz").read_bytes()
    assert "is not finite at step" in only_error(bacterio(*words, *wild, cwd=tmp_path))
    assert (tmp_path / "m.npz").read_bytes() == before


@pytest.mark.parametrize("words", ["--save-every 1", "--valid-fraction 0 --batch-size 64", "--stream"])
def test_weights_that_draw_no_name_are_not_kept(words: str, tmp_path: Path) -> None:
    """A step whose weights are finite, and only the losses after it are not, leaves no checkpoint."""
    wild = "--arch rnn --activation relu --optimizer sgd --lr 1e12 --clip 0 --warmup 0 --epochs 3"
    names = write_names(tmp_path)
    result = bacterio("train", names, *TINY, *wild.split(), *words.split(), "-q", "-o", "m.npz", cwd=tmp_path)
    assert "is not finite at step" in only_error(result)
    assert not list(tmp_path.glob("*.npz"))
