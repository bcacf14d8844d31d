"""What the recurrent cells share: packed batches, sizes, names and start of their parameters, and the sums over time.

A batch is packed: names of unequal lengths stand side by side, without padding, sorted longest first. The rows of
step 1 come first, then those of step 2, and so on; `batch_sizes[t]` counts the names that are still running at a step,
and they are always the first so many. N = Σ batch_sizes rows in all, B = batch_sizes[0] names. (PyTorch's
PackedSequence has the same layout.)

    names  abc, de                     step         1    2    3    4
    ids    0 0 | a d | b e | c         batch_sizes  2    2    2    1

A cell sees a whole batch at once: x (N, n_x), a (N, n_a), a state (B, n_a). `hidden_states` (B + N, n_a) is the initial
state on top of the values of all steps, so that both a⟨t⟩ and a⟨t−1⟩ are slices of one array. Whatever does not
depend on the previous step is computed for all steps at once: x W_axᵀ before the loop over time, dW and dx after it.
T1 and T2 are source texts, see `bacterio_cli.nn`.
"""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from bacterio_cli.nn.layers import Array, Input, Params, Shapes, linear, linear_backward

State = tuple[Array, ...]
CellGradients = tuple[Array | None, State, Params]  # dx (of letters dE or None), of first state, parameters


class Step(NamedTuple):
    """The rows of one time step: `now` in x and whatever has its rows; `before` in `hidden_states`, the same names one
    step earlier; `running` in a state (B, n_a), which has one row per name."""

    now: slice
    before: slice
    running: slice


def steps_of(batch_sizes: Array) -> list[Step]:
    """The steps of a packed batch, in order."""
    sizes = batch_sizes.tolist()
    steps, start, before = [], 0, 0
    for size in sizes:
        steps.append(Step(slice(start, start + size), slice(before, before + size), slice(0, size)))
        before = sizes[0] + start
        start += size
    return steps


def previous_rows(hidden_states: Array, steps: list[Step]) -> Array:
    """a⟨t−1⟩ beside every row of a⟨t⟩.  (B + N, n_a) → (N, n_a)"""
    return np.concatenate([hidden_states[step.before] for step in steps])


def last_rows(hidden_states: Array, steps: list[Step]) -> Array:
    """The state of each name after its own last letter.  (B + N, n_a) → (B, n_a)"""
    last = hidden_states[steps[0].running].copy()
    for step in steps:  # a name that goes on is overwritten by its next step
        last[step.running] = hidden_states[len(last) :][step.now]
    return last


class Cache(NamedTuple):
    """What the backward pass of a cell needs of its forward pass.

    `values` are those of all steps by their symbols, (N, n_a); a, and in an LSTM c, with the initial state on top,
    (B + N, n_a). `backward` unpacks them in the order in which `forward` has put them.
    """

    x: Input
    steps: list[Step]
    values: dict[str, Array]


def glorot(rng: np.random.Generator, n_out: int, n_in: int) -> Array:
    """W ~ U(−√(6/(n_in + n_out)), +√(…)), (n_out, n_in).  (Glorot and Bengio 2010, eq. 16.)"""
    bound = np.sqrt(6 / (n_in + n_out))
    return rng.uniform(-bound, bound, (n_out, n_in))


def orthogonal(rng: np.random.Generator, n: int) -> Array:
    """A random orthogonal matrix (n, n), uniform: QR of a Gaussian with the signs of R's diagonal."""
    q, r = np.linalg.qr(rng.standard_normal((n, n)))
    return np.asarray(q * np.sign(np.diag(r)))


@dataclass(frozen=True)
class Cell:
    """A recurrent layer of n_a units on inputs of width n_x, with parameters W_ax, W_aa and b_a.

    These three consist of G blocks of n_a rows, in the order of `gate_names`: the gates and the candidate, or one. A
    state has an array (B, n_a) for each of `state_names`: a, and in an LSTM also c.
    """

    n_x: int
    n_a: int

    source: ClassVar[str] = "T1; T2"  # of its equations
    gate_names: ClassVar[tuple[str, ...]] = ("a",)
    starts_open: ClassVar[str] = ""  # the gate whose bias starts at 1
    state_names: ClassVar[tuple[str, ...]] = ("a",)

    @property
    def shapes(self) -> Shapes:
        """W_ax (G n_a, n_x), W_aa (G n_a, n_a), b_a (G n_a,)."""
        rows = len(self.gate_names) * self.n_a
        return {"W_ax": (rows, self.n_x), "W_aa": (rows, self.n_a), "b_a": (rows,)}

    def init(self, rng: np.random.Generator, dtype: DTypeLike) -> Params:
        """Per gate W_ax by Glorot's rule and W_aa orthogonal (Saxe et al. 2014); b_a = 0, but of the open gate 1."""
        return {
            "W_ax": np.concatenate([glorot(rng, self.n_a, self.n_x) for _ in self.gate_names]).astype(dtype),
            "W_aa": np.concatenate([orthogonal(rng, self.n_a) for _ in self.gate_names]).astype(dtype),
            "b_a": np.repeat([gate == self.starts_open for gate in self.gate_names], self.n_a).astype(dtype),
        }

    def by_gate(self, v: Array) -> Array:
        """A parameter, or its gradient, gate by gate: (G n_a, …) → (G, n_a, …), a view."""
        return v.reshape(len(self.gate_names), self.n_a, *v.shape[1:])

    def prepare(self, params: Params, x: Input, steps: list[Step], state: State) -> tuple[Array, Array, Array]:
        """What the loop over time begins with.

        x W_axᵀ + b_a of all steps, (G, N, n_a): per gate the rows of a step are one block of memory.
        W_aaᵀ per gate, (G, n_a, n_a), made contiguous if there are several steps, since every step reads it.
        Room for each array of the state at all steps, the initial state on top, (states, B + N, n_a).
        """
        from_x = linear(x, self.by_gate(params["W_ax"]), self.by_gate(params["b_a"]))
        W_aa_T, B = self.by_gate(params["W_aa"]).swapaxes(1, 2), len(state[0])
        states = np.empty((len(self.state_names), B + from_x.shape[1], self.n_a), from_x.dtype)
        states[:, :B] = state
        return from_x, np.ascontiguousarray(W_aa_T) if len(steps) > 1 else W_aa_T, states

    def sums_over_time(
        self, params: Params, x: Input, dz_x: Array, dz_a: Array | list[Array], a_before: Array
    ) -> tuple[Array | None, Params]:
        """dx and the gradients of the parameters, from dz of all steps.

        dz_x (G, N, n_a) is ∂L/∂(x W_axᵀ + b_a), dz_a ∂L/∂(a⟨t−1⟩ W_aaᵀ), G times (N, n_a). Only in a GRU do they
        differ, where the candidate's r comes between the product with a⟨t−1⟩ and z. The sums are
        dW_ax = Σ_t dz_x⟨t⟩ᵀ x⟨t⟩, dW_aa = Σ_t dz_a⟨t⟩ᵀ a⟨t−1⟩, db_a = Σ_t dz_x⟨t⟩. T1 speaks of this sum
        for W_ya alone, T2 accumulates it with += in its loop (T2 eq. 8–11).
        """
        dx, dW_ax, db_a = linear_backward(x, self.by_gate(params["W_ax"]), dz_x)
        sums = {"W_ax": dW_ax, "W_aa": np.stack([dz.T @ a_before for dz in dz_a]), "b_a": db_a}
        return dx, {name: d.reshape(params[name].shape) for name, d in sums.items()}
