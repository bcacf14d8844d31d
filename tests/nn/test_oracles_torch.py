"""A second oracle, where it is installed: PyTorch's recurrent layers and optimisers, in float64.

PyTorch packs the names itself, so the geometry of the packed batch is compared too. Its gates stand in another
order, and its second bias is one that we do not have; both are mapped here and stated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from support.builders import example, unpack

from bacterio_cli.nn import optim
from bacterio_cli.nn.cells import State
from bacterio_cli.nn.layers import Array, Params
from bacterio_cli.nn.loss import cross_entropy, cross_entropy_backward
from bacterio_cli.nn.models import CharRNN

torch = pytest.importorskip("torch", reason="the oracle needs PyTorch, which the project does not")

STACKS = {
    "rnn, tanh": CharRNN(6, 3, 5, 2, "rnn", "tanh"),
    "rnn, relu": CharRNN(6, 3, 5, 2, "rnn", "relu"),
    "gru": CharRNN(6, 3, 5, 2, "gru"),
    "lstm": CharRNN(6, 3, 5, 2, "lstm"),
}
# Where our gate blocks stand among PyTorch's: u r c → r z n with z = u, n = c̃; i f o c → i f g o with g = c̃.
BLOCKS = {"rnn": [0], "gru": [1, 0, 2], "lstm": [0, 1, 3, 2]}


def reorder(cell: str, value: Array, order: Sequence[int]) -> Array:
    """The gate blocks of a weight or bias in another order."""
    return np.concatenate([np.split(value, len(order))[k] for k in order]) if cell != "rnn" else value


def leaf(value: Array) -> Any:
    """A float64 tensor that gradients are asked of."""
    return torch.tensor(value, dtype=torch.float64, requires_grad=True)


class Twin:
    """The same stack in PyTorch: nn.Embedding, nn.RNN, nn.GRU or nn.LSTM, and nn.Linear, with the same numbers."""

    def __init__(self, model: CharRNN, params: Params, state: State) -> None:
        kinds = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}
        extra = {"nonlinearity": model.activation} if model.cell == "rnn" else {}
        self.model = model
        self.embedding = torch.nn.Embedding(model.n_y, model.n_x, dtype=torch.float64)
        self.cells = kinds[model.cell](model.n_x, model.n_a, model.layers, dtype=torch.float64, **extra)
        self.output = torch.nn.Linear(model.n_a, model.n_y, dtype=torch.float64)
        for name, parameter in self.parameters().items():
            value = params[name] if name in ("E", "W_ya", "b_y") else self.from_ours(params[name])
            parameter.data = torch.tensor(value)
        for k in range(model.layers):  # ours is the input's bias; the recurrent one is zero, which GRU needs
            getattr(self.cells, f"bias_hh_l{k}").data.zero_()
        per_layer = len(state) // model.layers
        self.state = [leaf(np.stack(state[s::per_layer])) for s in range(per_layer)]

    def parameters(self) -> dict[str, Any]:
        """PyTorch's parameters under our names."""
        named = {"E": self.embedding.weight, "W_ya": self.output.weight, "b_y": self.output.bias}
        for k in range(self.model.layers):
            for ours, theirs in (("W_ax", "weight_ih"), ("W_aa", "weight_hh"), ("b_a", "bias_ih")):
                named[f"{k}.{ours}"] = getattr(self.cells, f"{theirs}_l{k}")
        return named

    def from_ours(self, value: Array) -> Array:
        """Our gate blocks in PyTorch's order."""
        return reorder(self.model.cell, value, BLOCKS[self.model.cell])

    def to_ours(self, name: str, value: Array) -> Array:
        """A parameter's values with PyTorch's gate blocks in our order."""
        back = np.argsort(BLOCKS[self.model.cell])
        return value if name in ("E", "W_ya", "b_y") else reorder(self.model.cell, value, back)

    def forward(self, names: list[Array]) -> tuple[Any, Array, list[Any]]:
        """The logits in packed order, the batch sizes, and the final state as ours lists it, layer by layer."""
        rows = [self.embedding(torch.tensor(name)) for name in names]
        packed = torch.nn.utils.rnn.pack_sequence(rows)
        state = tuple(self.state) if self.model.cell == "lstm" else self.state[0]
        a, after = self.cells(packed, state)
        after = after if self.model.cell == "lstm" else (after,)
        final = [s[k] for k in range(self.model.layers) for s in after]
        return self.output(a.data), a.batch_sizes.numpy(), final

    def gradients(self) -> tuple[Params, list[Array]]:
        """∂L/∂θ and ∂L/∂(initial state) after `backward`, in our order and under our names."""
        grads = {name: self.to_ours(name, p.grad.numpy()) for name, p in self.parameters().items()}
        return grads, [s.grad[k].numpy() for k in range(self.model.layers) for s in self.state]


def close(ours: Array, theirs: Array, what: str) -> None:
    """Equal to 1e-10, and not because both are zero."""
    assert np.abs(theirs).max() > 1e-4, f"{what} proves nothing"
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-10, err_msg=what)


@pytest.mark.parametrize("name", STACKS)
@pytest.mark.parametrize("soft", [False, True], ids=["ids", "distributions"])
def test_both_passes_agree_with_torch(name: str, soft: bool) -> None:
    """Logits, packing, final states, loss and all gradients of two layers on unequal lengths are PyTorch's.

    The gradients are of the cross-entropy alone, and with something asked of the final states too.
    """
    model, params, x, batch_sizes, targets, state, _ = example(STACKS[name], 22, soft=soft)
    rng = np.random.default_rng(24)
    z, after, caches = model.forward(params, x, batch_sizes, state)
    loss, y_hat = cross_entropy(z, targets)
    for dafter in (tuple(map(np.zeros_like, after)), tuple(rng.standard_normal(s.shape) for s in after)):
        twin = Twin(model, params, state)
        logits, sizes, final = twin.forward(unpack(x, batch_sizes))
        assert sizes.tolist() == batch_sizes.tolist()
        close(z, logits.detach().numpy(), "logits")
        theirs = torch.nn.functional.cross_entropy(logits, torch.tensor(targets))
        assert loss == pytest.approx(theirs.item(), abs=1e-10)
        (theirs + sum((torch.tensor(d) * s).sum() for d, s in zip(dafter, final, strict=True))).backward()
        dstate, grads = model.backward(params, caches, cross_entropy_backward(y_hat, targets), dafter)
        expected, expected_dstate = twin.gradients()
        assert grads.keys() == expected.keys()
        for parameter, gradient in expected.items():
            close(grads[parameter], gradient, parameter)
        for k in range(len(state)):
            close(after[k], final[k].detach().numpy(), f"final state {k}")
            close(dstate[k], expected_dstate[k], f"initial state {k}")


def only_matrices_decay(values: dict[str, Any], **settings: float) -> Any:
    """torch.optim.AdamW with the decay on W… alone: two groups, since PyTorch decays whatever it is given."""
    groups = [
        {"params": [v for name, v in values.items() if name.rpartition(".")[2].startswith("W")], "weight_decay": 0.3},
        {"params": [v for name, v in values.items() if not name.rpartition(".")[2].startswith("W")], "weight_decay": 0},
    ]
    return torch.optim.AdamW(groups, **settings)


# Adagrad is not among them: PyTorch adds ε outside the root; test_optim holds ours against its formula.
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (optim.SGD(), lambda values: torch.optim.SGD(values.values(), lr=0.02)),
        (optim.RMSprop(), lambda values: torch.optim.RMSprop(values.values(), lr=0.02, alpha=0.99)),
        (optim.Adam(), lambda values: torch.optim.Adam(values.values(), lr=0.02)),
        (optim.AdamW(weight_decay=0.3), lambda values: only_matrices_decay(values, lr=0.02)),
    ],
    ids=["sgd", "rmsprop", "adam", "adamw"],
)
def test_optimiser_agrees_with_torch(ours: optim.Optimiser, theirs: Callable[[dict[str, Any]], Any]) -> None:
    """Five steps with PyTorch's default constants lead to the same parameters."""
    rng = np.random.default_rng(25)
    params = {
        name: rng.standard_normal(shape) for name, shape in {"E": (6, 3), "0.W_ax": (5, 3), "0.b_a": (5,)}.items()
    }
    start = {name: p.copy() for name, p in params.items()}
    values = {name: leaf(p) for name, p in params.items()}
    state, torch_optimiser = ours.init(params), theirs(values)
    for _ in range(5):
        grads = {name: rng.standard_normal(p.shape) for name, p in params.items()}
        for name, g in grads.items():
            values[name].grad = torch.tensor(g)
        torch_optimiser.step()
        ours.update(params, grads, state, learning_rate=0.02)
    for name, p in params.items():
        assert (p != start[name]).all()
        np.testing.assert_allclose(p, values[name].detach().numpy(), rtol=0, atol=1e-12, err_msg=name)
