"""The trunk that names share which begin alike, against the same batch with every row written out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.builders import Example, example, pack, unpack

from bacterio_cli.nn import models, recurrent
from bacterio_cli.nn.models import CharRNN, Gradients, loss_and_grads
from bacterio_cli.nn.packed import carried, folded, last_rows, previous_rows, spread, steps_of, trunk_of

LENGTHS = (6, 4, 4, 2)
B = len(LENGTHS)
UNITS = 5
FORMS = {
    "copied": {},
    "turned": {"LARGE": UNITS},
    "blocks": {"LARGE": UNITS, "COLUMNS": 1, "SMALL": UNITS * B},
}  # of the recurrent product
NETS = {
    f"{arch}, {layers} layer{'s' * (layers > 1)}": CharRNN(6, 3, UNITS, layers, arch)
    for arch in ("rnn", "gru", "lstm")
    for layers in (1, 2)
}


def alike(name: str, seed: int, lengths: tuple[int, ...] = LENGTHS, *, masked: bool = False) -> Example:
    """A random batch of names from no state, all of which begin with the boundary."""
    case = example(NETS[name], seed, lengths=lengths, soft=True, masked=masked)
    x = case.x.copy()
    x[: len(lengths)] = 0
    return case._replace(x=x, state=None)


def found(case: Example, least: int = models.TRUNK_FROM) -> tuple[Any, list[Any], Gradients]:
    """Logits, caches and gradients; names share a trunk from `least` units on."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models, "TRUNK_FROM", least)
        z, _, caches = case.model.forward(case.params, case.x, case.batch_sizes, case.state, case.masks)
        result = loss_and_grads(
            case.model, case.params, case.x, case.batch_sizes, case.targets, state=case.state, masks=case.masks
        )
    return z, caches, result


def rows_of(caches: list[Any]) -> list[int]:
    """How many rows each cell has at step 1."""
    return [int(cache.batch_sizes[0]) for cache in caches[1:-1]]


@pytest.mark.parametrize("lengths", [LENGTHS, (2, 2)], ids=str)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("masked", [False, True], ids=["plain", "dropout"])
@pytest.mark.parametrize("name", NETS)
def test_a_trunk_changes_nothing(
    name: str, masked: bool, form: str, lengths: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Logits, loss, states and all gradients; the first cell has a trunk, those above a mask have every row."""
    for bound, value in FORMS[form].items():
        monkeypatch.setattr(recurrent, bound, value)
    case, B = alike(name, 81, lengths, masked=masked), len(lengths)
    z, caches, ours = found(case, UNITS)
    plain_z, plain_caches, plain = found(case, UNITS + 1)
    layers = case.model.layers
    assert rows_of(caches) == ([1, B][:layers] if masked else [1] * layers)
    assert rows_of(plain_caches) == [B] * layers
    np.testing.assert_allclose(z, plain_z, rtol=0, atol=1e-13)
    assert ours.loss == pytest.approx(plain.loss, abs=1e-13)
    assert ours.grads.keys() == plain.grads.keys()
    for parameter, g in plain.grads.items():
        assert np.abs(g).max() > 1e-4
        np.testing.assert_allclose(ours.grads[parameter], g, rtol=0, atol=1e-13, err_msg=parameter)
    for a, b in zip(ours.state, plain.state, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", NETS)
def test_what_comes_after_the_batch_goes_back_through_the_trunk(name: str) -> None:
    """The gradients are the same for any gradient of the states at the end, too."""
    case, rng = alike(name, 82), np.random.default_rng(83)
    grads = []
    dz = rng.standard_normal((len(case.x), case.model.n_y))
    dstate = tuple(rng.standard_normal(s.shape) for s in case.model.start(B, np.float64))
    for least in (UNITS, UNITS + 1):
        _, caches, _ = found(case, least)
        before, found_grads = case.model.backward(case.params, caches, dz, dstate)
        assert before == ()
        grads.append(found_grads)
    for parameter, g in grads[1].items():
        np.testing.assert_allclose(grads[0][parameter], g, rtol=0, atol=1e-12, err_msg=parameter)


@pytest.mark.parametrize("name", NETS)
def test_the_complex_step_goes_through_the_trunk(name: str) -> None:
    """Im L(θ + ih) / h is the gradient, one parameter of each array at a time."""
    case, h = alike(name, 84), 1e-30
    _, caches, result = found(case, UNITS)
    assert rows_of(caches)[0] == 1
    for parameter, value in case.params.items():
        at = np.unravel_index(value.size // 2, value.shape)
        stepped = {key: v.astype(complex) for key, v in case.params.items()}
        stepped[parameter][at] += 1j * h
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(models, "TRUNK_FROM", UNITS)
            loss = models.mean_loss(case.model, stepped, case.x, case.batch_sizes, case.targets)
        assert result.grads[parameter][at] == pytest.approx(loss.imag / h, rel=1e-10, abs=1e-14), parameter


def test_names_share_a_trunk_only_where_they_are_one_and_the_same() -> None:
    """Not with a state, nor where a first letter differs, nor where a name ends with it, nor without a second step."""
    name = "gru, 2 layers"
    case = alike(name, 85)
    state = example(NETS[name], 86, lengths=LENGTHS).state
    other = case.x.copy()
    other[B - 1] = 1
    apart = [
        case._replace(state=state),
        case._replace(x=other),
        alike(name, 87, (6, 4, 1)),
        alike(name, 88, (1, 1, 1)),
    ]
    assert rows_of(found(case, UNITS)[1]) == [1, 1]
    for each in apart:
        assert rows_of(found(each, UNITS)[1]) == [int(each.batch_sizes[0])] * 2
    assert rows_of(found(case)[1]) == [B, B], "a small net has no use for it"


def test_the_rows_of_a_trunk() -> None:
    """Each row's predecessor and each name's last row, as without it; `spread` and `folded` are each other's mirror."""
    x, batch_sizes = pack([np.array([0, *range(10 * k + 1, 10 * k + n)]) for k, n in enumerate(LENGTHS)])
    ids, sizes = trunk_of(x, batch_sizes)
    assert sizes.tolist() == [1, *batch_sizes[1:]]
    assert ids.tolist() == x[B - 1 :].tolist()
    assert batch_sizes[0] == B

    history = np.concatenate([[-1], ids])[:, None]
    before = spread(previous_rows(history, sizes), len(x))
    assert [rows[:, 0].tolist() for rows in unpack(before, batch_sizes)] == [
        [-1, 0, *range(10 * k + 1, 10 * k + n - 1)] for k, n in enumerate(LENGTHS)
    ]
    assert last_rows(history, sizes)[:, 0].tolist() == [10 * k + n - 1 for k, n in enumerate(LENGTHS)]
    assert spread(ids[:, None], len(x))[:, 0].tolist() == x.tolist()

    drows = np.arange(2.0 * len(x)).reshape(-1, 2)
    kept = drows.copy()
    assert folded(drows, len(ids)).tolist() == [drows[:B].sum(axis=0).tolist(), *drows[B:].tolist()]
    np.testing.assert_array_equal(drows, kept)
    assert folded(drows, len(drows)) is drows

    trunk, first, *others = steps_of(sizes)
    assert (trunk.now, trunk.before, trunk.names) == (slice(0, 1), slice(0, 1), slice(0, B))
    assert (first.now, first.before, first.names) == (slice(1, 1 + B), slice(1, 2), slice(0, B))
    assert [t.on_trunk for t in (trunk, first, *others)] == [False, True, False, False, False, False]
    plain = steps_of(batch_sizes)[2:]
    for ours, usual in zip(others, plain, strict=True):
        assert ours.names == usual.names
        assert ours.now.start == usual.now.start - B + 1
        assert ours.before.start == usual.before.start - 2 * (B - 1)
    carry = np.arange(2.0 * B).reshape(B, 2)
    assert carried(carry, trunk).tolist() == [carry.sum(axis=0).tolist()]
    assert np.shares_memory(carried(carry, first), carry)
