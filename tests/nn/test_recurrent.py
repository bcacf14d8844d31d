"""The products with W_aa: every form of them against the plain formula."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.builders import example

from bacterio_cli.nn import recurrent
from bacterio_cli.nn.models import CharRNN, Gradients, loss_and_grads
from bacterio_cli.nn.recurrent import RecurrentProduct, transition

UNITS, ROWS = 6, 7
FORMS = {
    "copied": {"LARGE": UNITS + 1},
    "turned": {"LARGE": UNITS, "COLUMNS": 4},
    "blocks": {"LARGE": UNITS, "COLUMNS": 2, "SMALL": UNITS * 2 * ROWS},
    "turned, then blocks": {"LARGE": UNITS, "COLUMNS": 2, "SMALL": UNITS * 2 * 3},
}
FEW = {"copied": 0, "turned": 0, "blocks": ROWS, "turned, then blocks": 3}


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Bounds by which a net of few units is multiplied as one of any size would be."""
    for name, value in FORMS[request.param].items():
        monkeypatch.setattr(recurrent, name, value)
    return str(request.param)


@pytest.mark.parametrize("gates", [1, 3, 4])
@pytest.mark.parametrize("steps", [1, 2, 5])
@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
def test_every_form_is_the_plain_product(form: str, gates: int, steps: int, dtype: Any) -> None:
    """h = a Wᵀ and da = Σ_g dh_g W_g for as many rows as there may be and for fewer, from slices as the cells have."""
    rng = np.random.default_rng(70)
    W = rng.standard_normal((gates, UNITS, UNITS)).astype(dtype)
    product = RecurrentProduct(W, ROWS, steps)
    assert product.few == FEW[form]
    assert product.turned == (form != "copied" and steps > 1)
    for k in (ROWS, 4, 3, 1):
        a = rng.standard_normal((2 * ROWS, UNITS)).astype(dtype)[2 : 2 + k]
        dh = rng.standard_normal((gates, 2 * ROWS, UNITS)).astype(dtype)[:, 3 : 3 + k]
        da = np.full((ROWS, UNITS), np.nan, dtype)
        h = product.forward(a)
        assert np.shares_memory(h, product.room) == (k <= product.few or not product.turned)
        np.testing.assert_allclose(h, a @ W.swapaxes(1, 2), rtol=0, atol=1e-13)
        product.backward(dh, out=da[:k])
        np.testing.assert_allclose(da[:k], (dh @ W).sum(axis=0), rtol=0, atol=1e-13)
        assert np.isnan(da[k:]).all()


@pytest.mark.parametrize("given", [True, False], ids=["state", "no state"])
@pytest.mark.parametrize("arch", ["gru", "lstm"])
@pytest.mark.usefixtures("form")
def test_gradients_are_the_same_in_every_form(arch: str, given: bool) -> None:
    """Loss, states and all gradients of two layers agree with those of a net of few units to the last digits."""
    case = example(CharRNN(6, 3, UNITS, 2, arch), 64, lengths=(7, 5, 5, 2))

    def result() -> Gradients:
        return loss_and_grads(
            case.model, case.params, case.x, case.batch_sizes, case.targets, state=case.state if given else None
        )

    found = result()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recurrent, "LARGE", UNITS + 1)
        expected = result()
    assert found.loss == pytest.approx(expected.loss, abs=1e-14)
    for name, g in expected.grads.items():
        np.testing.assert_allclose(found.grads[name], g, rtol=0, atol=1e-14, err_msg=name)
    for ours, theirs in zip(found.state + found.dstate, expected.state + expected.dstate, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-14)


@pytest.mark.parametrize("steps", [1, 2])
def test_transition_is_the_transpose(steps: int) -> None:
    """Of each matrix of a stack; for several steps in a block of memory of its own."""
    W = np.random.default_rng(71).standard_normal((3, UNITS, UNITS))
    U = transition(W, steps)
    np.testing.assert_array_equal(U, W.transpose(0, 2, 1))
    assert U.flags.c_contiguous == (steps > 1)
