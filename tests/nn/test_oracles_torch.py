"""A second oracle, where it is installed: PyTorch's recurrent layers and optimisers, in float64.

PyTorch packs the names itself, so the geometry of the packed batch is compared too. Its gates stand in another order,
and its second bias is one that we do not have. Gradients are not compared: those of the same function are `autograd`'s.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.builders import example, unpack

from bacterio_cli.nn import optim
from bacterio_cli.nn.loss import cross_entropy
from bacterio_cli.nn.models import CharRNN

torch = pytest.importorskip("torch", reason="the oracle needs PyTorch, which the project does not")

STACKS = {
    "rnn, tanh": CharRNN(6, 3, 5, 2, "rnn", "tanh"),
    "rnn, relu": CharRNN(6, 3, 5, 2, "rnn", "relu"),
    "gru": CharRNN(6, 3, 5, 2, "gru"),
    "lstm": CharRNN(6, 3, 5, 2, "lstm"),
}
KINDS = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}
# Where our gate blocks stand among PyTorch's: u r c → r z n with z = u, n = c̃; i f o c → i f g o with g = c̃.
BLOCKS = {"rnn": [0], "gru": [1, 0, 2], "lstm": [0, 1, 3, 2]}


@pytest.mark.parametrize("name", STACKS)
@pytest.mark.parametrize("soft", [False, True], ids=["ids", "distributions"])
def test_forward_agrees_with_torch(name: str, soft: bool) -> None:
    """Logits, packing, final states and loss of two layers on unequal lengths are those of nn.RNN, nn.GRU, nn.LSTM."""
    model, params, x, batch_sizes, targets, state, _ = example(STACKS[name], 22, soft=soft)
    z, after, _ = model.forward(params, x, batch_sizes, state)
    extra = {"nonlinearity": model.activation} if model.cell == "rnn" else {}
    theirs = KINDS[model.cell](model.n_x, model.n_a, model.layers, dtype=torch.float64, **extra)
    order = BLOCKS[model.cell]
    for k in range(model.layers):
        getattr(theirs, f"bias_hh_l{k}").data.zero_()  # ours is the input's bias; GRU needs the other to be zero
        for key, key_there in (("W_ax", "weight_ih"), ("W_aa", "weight_hh"), ("b_a", "bias_ih")):
            blocks = np.split(params[f"{k}.{key}"], len(order))
            getattr(theirs, f"{key_there}_l{k}").data = torch.tensor(np.concatenate([blocks[block] for block in order]))
    packed = torch.nn.utils.rnn.pack_sequence([torch.tensor(params["E"][ids]) for ids in unpack(x, batch_sizes)])
    per_layer = len(state) // model.layers
    initial = [torch.tensor(np.stack(state[s::per_layer])) for s in range(per_layer)]
    a, final = theirs(packed, tuple(initial) if per_layer > 1 else initial[0])
    logits = a.data @ torch.tensor(params["W_ya"]).T + torch.tensor(params["b_y"])
    assert a.batch_sizes.tolist() == batch_sizes.tolist()
    np.testing.assert_allclose(z, logits.detach().numpy(), rtol=0, atol=1e-10)
    for s, states in enumerate(final if per_layer > 1 else (final,)):
        np.testing.assert_allclose(np.stack(after[s::per_layer]), states.detach().numpy(), rtol=0, atol=1e-10)
    loss = torch.nn.functional.cross_entropy(logits, torch.tensor(targets)).item()
    assert cross_entropy(z, targets)[0] == pytest.approx(loss, abs=1e-10)


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
        (optim.OPTIMISERS["sgd"], lambda values: torch.optim.SGD(values.values(), lr=0.02)),
        (optim.OPTIMISERS["rmsprop"], lambda values: torch.optim.RMSprop(values.values(), lr=0.02, alpha=0.99)),
        (optim.OPTIMISERS["adam"], lambda values: torch.optim.Adam(values.values(), lr=0.02)),
        (replace(optim.OPTIMISERS["adamw"], weight_decay=0.3), lambda values: only_matrices_decay(values, lr=0.02)),
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
    values = {name: torch.tensor(p, requires_grad=True) for name, p in params.items()}
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
