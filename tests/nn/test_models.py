"""Whole models: one forward for every use, and no memory between calls."""

import numpy as np
import pytest
from support.builders import LENGTHS, MODELS, WINDOWED, Example, example, unpack

from bacterio_cli.lm.base import Net
from bacterio_cli.nn.loss import softmax
from bacterio_cli.nn.models import CELLS, CharRNN, Gradients, Model, WindowMLP, init, loss_and_grads, shapes


def gradients_of(case: Example) -> Gradients:
    """`loss_and_grads` of an example."""
    return loss_and_grads(*case[:5], state=case.state, masks=case.masks)


@pytest.mark.parametrize("name", MODELS)
def test_step_by_step_is_the_whole_batch(name: str) -> None:
    """Stepped as the sampler does, finished names dropped, a model gives the probabilities of the whole batch."""
    model, params, x, batch_sizes, _, state, _ = example(MODELS[name], 41)
    z, _, _ = model.forward(params, x, batch_sizes, state)
    whole, done = softmax(z), 0
    for n in batch_sizes:
        p, state = Net(model, params).step(x[done : done + n], tuple(s[:n] for s in state))
        np.testing.assert_allclose(p, whole[done : done + n], rtol=0, atol=1e-12)
        done += n
    assert done == len(whole)


@pytest.mark.parametrize("name", MODELS)
def test_no_state_is_a_fresh_start(name: str) -> None:
    """Without a state, every name begins from the model's start, zeros or boundaries in a window: to the last bit."""
    case = example(MODELS[name], 44, masked=True)
    start = case.model.start(len(LENGTHS), np.float64)
    assert not any(s.any() for s in start)
    fresh, given = gradients_of(case._replace(state=None)), gradients_of(case._replace(state=start))
    assert fresh.loss == given.loss != gradients_of(case).loss
    assert fresh.grads.keys() == given.grads.keys()
    arrays = ([*found.grads.values(), *found.state, *found.d_initial_state] for found in (fresh, given))
    for a, b in zip(*arrays, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", MODELS)
def test_forwards_may_come_before_their_backwards(name: str) -> None:
    """Two forward and then two backward passes give the bits that each pair gives alone: caches hold the memory."""
    first, other = example(MODELS[name], 47), example(MODELS[name], 48, lengths=(8, 3, 3, 3, 1))
    cases = (first, other._replace(params=first.params))
    dz = [np.random.default_rng(49).standard_normal((len(case.x), case.model.n_y)) for case in cases]
    caches = [c.model.forward(c.params, c.x, c.batch_sizes, c.state)[2] for c in cases]
    for case, cache, d in zip(cases, caches, dz, strict=True):
        _, grads = case.model.backward(case.params, cache, d)
        _, _, own = case.model.forward(case.params, case.x, case.batch_sizes, case.state)
        _, alone = case.model.backward(case.params, own, d)
        for parameter, g in alone.items():
            np.testing.assert_array_equal(grads[parameter], g)


@pytest.mark.parametrize("name", MODELS)
def test_nothing_given_is_written_to(name: str) -> None:
    """`loss_and_grads` leaves parameters, letters, targets, state and masks as they were: only optimisers write."""
    case = example(MODELS[name], 50, soft=True, masked=True)
    given = [*case.params.values(), case.x, case.batch_sizes, case.targets, *case.state, *case.masks]
    before = [a.copy() for a in given]
    gradients_of(case)
    for array, copy in zip(given, before, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize("name", MODELS)
def test_every_parameter_has_its_gradient_in_its_own_type(name: str) -> None:
    """Keys and shapes are those of the parameters; float32 stays, and is the float64 result up to rounding."""
    case = example(MODELS[name], 52)._replace(state=None)
    fresh = init(case.model, np.random.default_rng(1), np.float32)
    assert {key: p.shape for key, p in fresh.items()} == shapes(case.model)
    assert all(p.dtype == np.float32 for p in fresh.values())
    exact = gradients_of(case)
    rounded = gradients_of(case._replace(params={key: p.astype(np.float32) for key, p in case.params.items()}))
    assert {key: g.shape for key, g in rounded.grads.items()} == shapes(case.model)
    assert rounded.loss == pytest.approx(exact.loss, rel=1e-5)
    for parameter, g in exact.grads.items():
        assert rounded.grads[parameter].dtype == np.float32
        np.testing.assert_allclose(rounded.grads[parameter], g, rtol=0, atol=1e-5)
    assert all(d.dtype == np.float32 for d in rounded.d_initial_state)


@pytest.mark.parametrize("name", WINDOWED)
def test_state_of_a_window_is_its_last_letters(name: str) -> None:
    """After a batch, the state of each name is the last window − 1 of the letters before and in it."""
    model, params, x, batch_sizes, _, state, _ = example(WINDOWED[name], 58, lengths=(7, 5, 2, 1))
    _, (after,), _ = model.forward(params, x, batch_sizes, state)
    for before, ids, kept in zip(state[0], unpack(x, batch_sizes), after, strict=True):
        assert kept.tolist() == [*before, *ids][-(model.window - 1) :]
    assert after.dtype == model.start(1, np.float64)[0].dtype == np.intp


fresh = pytest.mark.parametrize(
    "model", [*(CharRNN(40, 20, 30, 2, cell) for cell in CELLS), WindowMLP(40, 20, 30, 2)], ids=[*CELLS, "mlp"]
)


@fresh
def test_init_by_default(model: Model) -> None:
    """A fresh embedding is N(0, 1), and matrices fill Glorot's bound of their own widths, those of one gate, evenly."""
    params = init(model, np.random.default_rng(1), np.float64)
    assert params["E"].mean() == pytest.approx(0, abs=0.1)
    assert params["E"].std() == pytest.approx(1, abs=0.1)
    widths = {name: sum(params[name].shape) for name in ("W_ya", "0.W", "1.W") if name in params}
    widths |= {"0.W_ax": 20 + 30, "1.W_ax": 30 + 30} if isinstance(model, CharRNN) else {}
    for name, width in widths.items():
        bound = np.sqrt(6 / width)
        assert -bound <= params[name].min() < -0.95 * bound, name
        assert 0.95 * bound < params[name].max() <= bound, name
        assert params[name].mean() == pytest.approx(0, abs=0.1 * bound)
    assert not any(params[name].any() for name in ("b_y", "0.b", "1.b") if name in params)


@fresh
def test_init_at_a_given_scale(model: Model) -> None:
    """With `scale`, matrices are N(0, scale²) and biases 0, LSTM's forget bias too."""
    params = init(model, np.random.default_rng(1), np.float64, 0.01)
    for name, value in params.items():
        if value.ndim == 2:
            assert value.mean() == pytest.approx(0, abs=0.001), name
            assert value.std() == pytest.approx(0.01, rel=0.1), name
        else:
            assert not value.any(), name
