"""Checkpoints as whole files: what they hold, and what becomes of those that are damaged or foreign."""

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from support.checkpoints import at, rewrite
from support.processes import NAMES, advanced, begin, small_model

from bacterio_cli.checkpoint.checkpoint import Checkpoint, encode, load
from bacterio_cli.errors import CheckpointError, ContentsError
from bacterio_cli.lm.base import Net
from bacterio_cli.nn.models import shapes
from bacterio_cli.training.trainer import snapshot


def test_numpy_reads_it_without_pickle(saved: Path) -> None:
    """The members are the parameters under their names, the known names and `meta`, whose JSON says the rest."""
    with np.load(saved, allow_pickle=False) as opened:
        members = dict(opened)
    meta = json.loads(members.pop("meta").tobytes())
    assert members.pop("known_names").tobytes().decode().split("\n") == list(NAMES)
    assert members.pop("held_out").tolist() == sorted(small_model().held_out.tolist()) != []
    rest = {name for name in members if not name.startswith("resume.")}
    assert rest == set(shapes(small_model().model)) == {"E", "0.W_ax", "0.W_aa", "0.b_a", "W_ya", "b_y"}
    assert meta["format"] == 2


def same(a: Checkpoint, b: Checkpoint) -> bool:
    """Whether two checkpoints hold the same."""
    (arrays, meta), (others, words) = encode(a), encode(b)
    same_arrays = arrays.keys() == others.keys() and all(np.array_equal(arrays[name], others[name]) for name in arrays)
    return same_arrays and meta == words


@pytest.mark.parametrize("compress", [False, True])
def test_a_checkpoint_comes_back_whole(compress: bool, saved: Path) -> None:
    """Everything that `Checkpoint` holds survives the file, and a compact one has all but what --resume needs."""
    small_model().save(saved, compress=compress)
    assert same(load(saved), small_model())
    small_model().compact().save(saved, compress=compress)
    compact = load(saved)
    assert same(compact, small_model().compact())
    assert (compact.progress, compact.resume) == (None, {})
    assert not same(compact, small_model())


def test_a_streamed_net_begins_names_from_the_state_that_it_learned(saved: Path) -> None:
    """The file has a state for each net and array, from which sampling starts; without them it is zeros."""
    checkpoint = snapshot(advanced(begin(arch="lstm", stream=True, bptt=5, nets=2)))
    checkpoint.save(saved)
    with np.load(saved) as opened:
        assert {"first0", "first1", "net1.first0", "net1.first1"} <= set(opened)
    loaded = load(saved)
    assert same(loaded, checkpoint)
    for found, kept in zip(loaded.net.start(3), chain(*(net.initial_state for net in loaded.nets)), strict=True):
        assert found.tolist() == kept.tolist() * 3
        assert np.abs(found).max() > 0.01
    assert small_model().nets[0].initial_state == ()
    assert not any(s.any() for s in small_model().net.start(3))


def test_a_model_takes_the_place_of_any_other(tmp_path: Path) -> None:
    """From Python, of a training that has not ended too; compressed it is smaller, by its names."""
    path, model = tmp_path / "m.npz", small_model().compact()
    snapshot(advanced(begin(epochs=2), 1)).save(path)
    model.save(path)
    size = path.stat().st_size
    model.save(path, compress=True)
    assert path.stat().st_size < size - 500


def test_held_out_names_may_be_alike(saved: Path) -> None:
    """Equal likelihoods and a certain name are possible."""
    rewrite(saved, lambda arrays, _: arrays.update(held_out=np.array([0, 0.5, 0.5], np.float32)))
    assert load(saved).held_out.tolist() == [0, 0.5, 0.5]


def test_what_could_not_be_read_again_is_neither_made_nor_written(tmp_path: Path) -> None:
    """Contents that `load` refuses are refused in memory too, and when a checkpoint that was sound is saved."""
    with pytest.raises(ContentsError, match="net 1 has not all"):
        replace(small_model(), nets=(Net(small_model().model, {"E": small_model().nets[0].params["E"]}),))
    model = replace(small_model(), history=[dict(small_model().history[0])])
    model.history[0]["step"] = None
    with pytest.raises(ContentsError, match=r"a row of the history is .*, as no training"):
        model.save(tmp_path / "m.npz")
    assert list(tmp_path.iterdir()) == []


DAMAGES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "empty": (lambda p: p.write_bytes(b""), "is damaged, or was not written by this program (File is not a zip file)"),
    "cut short": (
        lambda p: p.write_bytes(p.read_bytes()[:-100]),
        "is damaged, or was not written by this program (File is not a zip file)",
    ),
    "foreign": (
        lambda p: np.savez(p, x=np.zeros(3)),
        "is damaged, or was not written by this program ('meta' is missing)",
    ),
    "newer": (lambda p: rewrite(p, at(format=3)), "has format 3, and this version reads format 2; upgrade bacterio"),
    "older": (lambda p: rewrite(p, at(format=1)), "has format 1, and this version reads format 2; train a new one"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_no_sound_checkpoint_is_refused(damage: str, saved: Path) -> None:
    """The message begins with the file, says what is wrong with it and what to do, in one line."""
    change, message = DAMAGES[damage]
    assert load(saved).known == NAMES
    change(saved)
    with pytest.raises(CheckpointError) as caught:
        load(saved)
    assert str(caught.value).startswith(f"{saved}: {message}")
    assert "\n" not in str(caught.value)


def test_every_way_of_cutting_it_short_is_noticed(saved: Path) -> None:
    """No prefix of a checkpoint loads: 50 lengths over the whole file, and each of the last 40."""
    whole = saved.read_bytes()
    for length in {*range(0, len(whole), len(whole) // 50), *range(len(whole) - 40, len(whole))}:
        saved.write_bytes(whole[:length])
        with pytest.raises(CheckpointError):
            load(saved)


@pytest.mark.parametrize("compress", [False, True])
def test_a_flipped_bit_never_goes_unnoticed_where_it_counts(compress: bool, saved: Path) -> None:
    """Of 200 single flips each is refused, or touched what nobody reads (dates, flags) and changes nothing."""
    small_model().save(saved, compress=compress)
    whole, refused = saved.read_bytes(), 0
    rng = np.random.default_rng(1)
    for _ in range(200):
        damaged = bytearray(whole)
        damaged[rng.integers(len(whole))] ^= 1 << int(rng.integers(8))
        saved.write_bytes(damaged)
        try:
            loaded = load(saved)
        except CheckpointError:
            refused += 1
        else:
            assert same(loaded, small_model())
    assert refused > 150


def test_too_little_memory_is_the_files_error(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the checkpoint, and not the options of a training."""
    monkeypatch.setattr(json, "loads", Mock(side_effect=MemoryError))
    with pytest.raises(CheckpointError, match=r"m\.npz: needs more memory than there is; use it on a larger machine$"):
        load(saved)
