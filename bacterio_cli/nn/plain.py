"""The character RNN of T2 (see `bacterio_cli.nn`) on a page: forward, backward through time, Adagrad, sampling.

Columns, one-hot letters, one text, with T2's names u, w, v, h (elsewhere rows, and W_ax, W_aa, W_ya, a: see README.md).
`models.CharRNN` gives the same numbers ÷ T, as its L is a mean; tests check it. Below stands T4's net without time, in
its own letters. To run the first:  python -m bacterio_cli.nn.plain names.txt
"""

import sys
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np

from bacterio_cli.nn.layers import Array, Params, sigmoid, sigmoid_derivative


def init(n_h: int, n_y: int, rng: np.random.Generator) -> Params:
    """Small random weights, and biases 0."""
    weights = {"u": (n_h, n_y), "w": (n_h, n_h), "v": (n_y, n_h)}
    p = {name: 0.01 * rng.standard_normal(shape) for name, shape in weights.items()}
    return p | {"b_h": np.zeros((n_h, 1)), "b_y": np.zeros((n_y, 1))}


def step(p: Params, x: Array, h_before: Array) -> tuple[Array, Array]:
    """(h, ŷ) of one step."""
    h = np.tanh(p["u"] @ x + p["w"] @ h_before + p["b_h"])  # z_t = u x_t + w h_{t−1} + b_h, h_t = tanh z_t
    q = p["v"] @ h + p["b_y"]  # q_t = v h_t + b_y
    e = np.exp(q - q.real.max())  # .real, as gradient checks have q complex
    return h, e / e.sum()  # ŷ_t = softmax q_t


def loss_and_grads(p: Params, ids: Array, h_before: Array) -> tuple[Any, Params, Array]:
    """E = −Σ_t log ŷ_t at the letter to come, its gradients, and the last state; step t reads ids[t]."""
    T, x = len(ids) - 1, np.eye(len(p["b_y"]))[ids][..., None]  # one-hot columns
    h, y_hat = {-1: h_before}, {}  # a dict: in a list, h[−1] would be the last state
    for t in range(T):
        h[t], y_hat[t] = step(p, x[t], h[t - 1])
    E = -sum(np.log(y_hat[t][ids[t + 1], 0]) for t in range(T))
    d = {name: np.zeros(value.shape, h[0].dtype) for name, value in p.items()}
    dh_next = np.zeros_like(h[0])  # nothing comes back from beyond the chunk: truncated BPTT
    for t in reversed(range(T)):
        dq = y_hat[t] - x[t + 1]  # eq. 1–3: ∂E/∂q = ŷ − y
        d["v"] += dq @ h[t].T  # eq. 4–5
        d["b_y"] += dq
        dh = p["v"].T @ dq + dh_next  # eq. 6, and what eq. 9, 11 and 13 leave out: the steps after t
        dz = (1 - h[t] ** 2) * dh  # eq. 7
        d["b_h"] += dz
        d["u"] += dz @ x[t].T  # eq. 8–9
        d["w"] += dz @ h[t - 1].T  # eq. 10–11
        dh_next = p["w"].T @ dz  # eq. 12–13
    return E, d, h[T - 1]


def update(p: Params, d: Params, memory: Params, learning_rate: float = 0.1) -> None:
    """Clip each element to ±5, then Adagrad with ε inside the root."""
    for name, g in d.items():
        g = g.clip(-5, 5)
        memory[name] += g * g
        p[name] -= learning_rate * g / np.sqrt(memory[name] + 1e-8)


def sample(p: Params, h: Array, length: int, rng: np.random.Generator) -> list[int]:
    """Letters drawn one by one from state h, each read again as the next input; the first input is 0, a line end."""
    ids, one_hot = [0], np.eye(len(p["b_y"]))[..., None]
    for _ in range(length):
        h, y_hat = step(p, one_hot[ids[-1]], h)
        ids.append(int(rng.choice(len(y_hat), p=y_hat[:, 0])))
    return ids[1:]


def main(path: str, chunks: int = 4000, bptt: int = 25) -> None:
    """Train on a list of names read as one text, the state carried from chunk to chunk, and print what it writes."""
    text = "\n" + Path(path).read_text(encoding="utf-8")
    letters = ["\n", *sorted(set(text) - {"\n"})]  # the line end is id 0
    ids, rng = np.array([letters.index(letter) for letter in text]), np.random.default_rng(0)
    p, h = init(100, len(letters), rng), np.zeros((100, 1))
    memory = {name: np.zeros_like(value) for name, value in p.items()}
    for at in islice(cycle(range(0, len(ids) - 1, bptt)), chunks):  # behind the last chunk the first again
        _, d, h = loss_and_grads(p, ids[at : at + bptt + 1], h)
        update(p, d, memory)
    sys.stdout.write("".join(letters[k] for k in sample(p, h, 200, rng)).strip() + "\n")


def cost_and_grads(W: list[Array], x: Array, target: Array) -> tuple[Any, list[Array]]:
    """T4's fully connected net: C = ½ ‖y − target‖², and ∂C/∂W_l for every layer, by error signals δ sent backward.

    W[l] (N_l, N_{l−1}), x and target columns. T4 updates W_l before it sends δ through it, which makes δ wrong: here δ
    goes first.
    """
    h = [x]  # h_0; the last is y
    for W_l in W:
        h.append(sigmoid(W_l @ h[-1]))  # z_l = W_l h_{l−1}, h_l = σ(z_l)
    delta = h[-1] - target  # ∇C at y
    C = 0.5 * (delta**2).sum()
    grads: list[Array] = []
    for l in reversed(range(len(W))):  # noqa: E741  as in the text, but from 0
        dz = delta * sigmoid_derivative(h[l + 1])  # σ′ enters exactly once per layer
        grads.insert(0, dz @ h[l].T)  # ∂C/∂W_l = (δ ⊙ σ′(z_l)) ⊗ h_{l−1}, the outer product
        delta = W[l].T @ dz  # with the weights that the forward pass used
    return C, grads


if __name__ == "__main__":
    main(sys.argv[1])
