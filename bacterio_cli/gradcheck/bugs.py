"""The classic mistakes, planted one line at a time, to show that the check would have seen them, each as a lesson.

A bug names a function, a line of it, and the line that people write instead. Planting compiles the function's own
source with that line exchanged and runs it in the original's place: the very code, with one real mistake in it.

At a small scale tanh z = z − z³/3 …, σ(z) = ½ + z/4 …, ŷ = 1/n_y, and whatever came back through W_aa has shrunk by its
scale. Small weights are the customary start, and the customary check there has two soft spots, which the sweep of a
lesson shows: an activation is linear to several digits, and one number for a whole net is ruled by the largest
gradients. T1–T4 are source texts, see `bacterio_cli.nn`.
"""

import inspect
import textwrap
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bacterio_cli.gradcheck.cases import SCALE, all_cases
from bacterio_cli.gradcheck.numerical import METHODS, check, distance
from bacterio_cli.nn import gru, layers, loss, lstm, models, plain, rnn

SCALES = (0.01, 0.1, SCALE)


@dataclass(frozen=True)
class Bug:
    """One mistake in the source of a function."""

    summary: str
    function: Callable[..., Any]
    right: str  # stands in it exactly once
    wrong: str  # takes its place
    why: str = ""  # people write it
    by_scale: str = ""  # what the scale of the values does to it

    @contextmanager
    def planted(self) -> Iterator[None]:
        """Within the block, every caller of the function gets the mistaken one."""
        source = textwrap.dedent(inspect.getsource(self.function)).replace(self.right, self.wrong)
        namespace = dict(self.function.__globals__)
        exec(source, namespace)
        healthy = self.function.__code__
        self.function.__code__ = namespace[self.function.__name__].__code__
        try:
            yield
        finally:
            self.function.__code__ = healthy


BUGS = {
    "missing-transpose": Bug("the error goes back through the transpose of W_aa", rnn.RNN.backward,
        "dz[step.now] @ W_aa", "dz[step.now] @ W_aa.T",
        "Where rows are examples, the state goes forward through W_aaᵀ and its error back through W_aa; where columns "
        "are, it is the other way round, and texts mix the two. W_aa is square, so no shape objects.",
        "ā_0 has W_aa as a factor and is wrong at any scale; the parameters only by what came back through W_aa."),
    "dropped-slope": Bug("dz = da: the slope of the activation is forgotten", rnn.RNN.backward,
        " * f_prime[step.now]", "",
        "The way back is dz = da ⊙ f′(z) and then dz W_aa. Who thinks of the matrices alone passes da on as dz.",
        "tanh′ is 1 to four digits at a ≈ 0.01, and a tanh net passes. σ′ ≈ ¼ and relu′ = 0 give it away."),
    "tanh-twice": Bug("1 − tanh(a)² where a is already tanh(z)", layers.tanh_derivative,
        "1 - a * a", "1 - np.tanh(a) ** 2",
        "Books write the slope in z, 1 − tanh²(z). The cache holds a = tanh z: the formula, copied, takes tanh twice.",
        "tanh a = a − a³/3 …: the slope is wrong by 2a⁴/3, 7·10⁻⁹ at a = 0.01, 0.04 of 0.75 at a = 0.5."),
    "no-carry": Bug("each step forgets what comes back from the next", rnn.RNN.backward,
        "(da[step.now] + dh_next[step.running])", "da[step.now]",
        "The loss at step t is seen, what a⟨t⟩ does to later steps is not: backpropagation, but not through time.",
        "What comes back from step t+1 fades with W_aa, but the first state has no other gradient, and is wrong at any "
        "scale, though one number for a whole net may pass at 0.01."),
    "off-by-one-state": Bug("dW_aa takes a⟨t⟩ for a⟨t−1⟩", rnn.RNN.backward,
        "previous_rows(hidden_states, steps)", "hidden_states[-len(da) :]",
        "dW_aa = Σ dz⟨t⟩ᵀ a⟨t−1⟩ wants the state that went in; a⟨t⟩, which came out, has its shape and is nearer.",
        "a⟨t⟩ and a⟨t−1⟩ differ by as much as they are large, at any scale; only dW_aa tells."),
    "summed-not-averaged": Bug("the loss is a mean, its gradient a sum", loss.cross_entropy_backward,
        "dz /= len(dz) / weight", "dz /= 1",
        "A mean is taken in the loss and forgotten in its gradient. SGD then runs at N times the rate; Adam hides it.",
        "The gradient is N times too large, a relative error of 1 − 1/N, whatever the weights."),
    "clipped-before-check": Bug("gradients are clipped before anyone compares them", models.loss_and_grads,
        "Gradients(weight * float(loss), grads,",
        "Gradients(weight * float(loss), {k: g.clip(-0.05, 0.05) for k, g in grads.items()},",
        "Clipping belongs between gradient and update. Done any sooner, what comes out is the gradient of no loss.",
        "Within the bounds nothing changes. At a small scale only db_y = Σ (ŷ − y)/N may be beyond them."),
    "forgotten-plus-equals": Bug("dE[id] = dx where a letter that occurs twice needs +=", layers.segment_sum,
        "return one_hot.T @ rows",
        "S = np.zeros((*rows.shape[:-2], n, rows.shape[-1]), rows.dtype); S[..., ids, :] = rows; return S",
        "dE[id] = dx keeps only the last occurrence of a letter, and so does NumPy's dE[ids] += dx; np.add.at adds up.",
        "A letter that recurs is wrong at any scale, but in two layers of small weights little beside db_y."),
    "softmax-diagonal-only": Bug("ŷ (1 − ŷ) alone: the Jacobian's other case is forgotten", loss.softmax_jacobian,
        "return np.diag(y_hat) - np.outer(y_hat, y_hat)", "return np.diag(y_hat * (1 - y_hat))",
        "By its own z_i, ŷ_i has the derivative ŷ_i (1 − ŷ_i), like σ; but every z_j stands in the denominator.",
        "At a small scale every ŷ is about 1/n_y, and the forgotten −1/n_y² is as large as ever."),
    "dropout-forward-only": Bug("the mask is applied forward and not backward", models.CharRNN.backward,
        "dropout(d_below, masks[k] if masks else None)", "dropout(d_below, None)",
        "A mask is soon thrown away, and backward needs it again. Gradient checks are usually run without dropout.",
        "The mask is 0 or 1/(1 − p) at any scale, and everything below it is wrong by that; dW_ya and db_y are right."),
    "slope-twice": Bug("δ is multiplied by f′ twice a layer", models.WindowMLP.backward,
        "dh * derivative(value)", "dh * derivative(value) ** 2",
        "Some texts put f′ into δ and others write δ ⊙ f′. A line from each, and f′ is squared; T4 takes it once.",
        "tanh′² is wrong by a² only, 10⁻⁴ at a = 0.01; σ′² = 1/16 for ¼ shows at any scale; relu′² = relu′ never."),
    "missing-gate-factor": Bug("the reset gate's gradient lacks the product that it gates", gru.GRU.backward,
        "to_c * p * sigmoid_derivative(r)", "to_c * sigmoid_derivative(r)",
        "r ⊙ p is a product of two things that are learned: dr = dz_c ⊙ p and dp = dz_c ⊙ r. Here p is forgotten.",
        "p = W_ca a⟨t−1⟩ shrinks with the square of the scale, and 1 in its place is far too large: seen everywhere."),
    "lstm-no-forget-carry": Bug("dc goes back to c⟨t−1⟩ without the forget gate", lstm.LSTM.backward,
        "c_bar * f[step.now]", "c_bar",
        "The LSTM of 1997 had no forget gate: its cell passed errors back unchanged, and so does who derives from it.",
        "f ≈ ½ at a small scale, so c̄ comes back twice too large from every step. Only an f near 1 would hide it."),
    "update-before-backprop": Bug("a layer's weights are updated before the error goes back through them",
        plain.cost_and_grads, "delta = W[l].T @ dz", "delta = (W[l] - dz @ h[l].T).T @ dz",
        "T4's algorithm does, layer by layer, first the update and then δ = W_lᵀ (…): δ meets the new weights.",
        "The update is (δ ⊙ σ′) ⊗ h, at η = 1, with h ≈ ½: the smaller the weights, the more of W_l is the update."),
    "last-state-of-the-list": Bug("hs[t − 1] at t = 0 is the last entry of a list, not the state carried in",
        plain.loss_and_grads, 'd["w"] += dz @ h[t - 1].T', 'd["w"] += dz @ h[(t - 1) % T].T',
        "The state carried in has index −1, which in a list is the last entry, of the same shape: hs has to be a dict.",
        "Only the first step of a chunk is wrong, and only dw, at any scale; in a longer chunk it drowns."),
    "trained-carried-used-from-zero": Bug("the gradient is that of a net which begins from zeros, the loss is not",
        models.loss_and_grads,
        "model.forward(params, x, batch_sizes, state, masks)", "model.forward(params, x, batch_sizes, None, masks)",
        "Training hands the state on, and sampling begins from zeros: two models with the same weights, each passes.",
        "The state works through W_aa: the parameters differ by about the scale; its own gradient is missing at any."),
    "sum-without-mean": Bug("dW_ya sums over the letters of a loss that is their mean", models.CharRNN.backward,
        'grads = {"W_ya": dW, "b_y": db}', 'grads = {"W_ya": dW * len(dz), "b_y": db}',
        "Over a batch whose loss is a mean, each equation wants 1/N, which is easily put in twice or left out of one.",
        "dW_ya is N times too large, a relative error of 1 − 1/N, whatever the weights; all others are right."),
}  # fmt: skip


def place_of(bug: Bug) -> tuple[str, str]:
    """Where the line stands that is exchanged, as file:line, function; and the line."""
    lines, number = inspect.getsourcelines(bug.function)
    k, line = next((k, line.strip()) for k, line in enumerate(lines) if bug.right in line)
    return f"{bug.function.__module__.replace('.', '/')}.py:{number + k}, {bug.function.__qualname__}", line


def sight(names: Collection[str], scale: float) -> tuple[float, float, int]:
    """Both checks on the cases of these names, at one scale: the largest relative error of an entry, by complex step;
    the largest distance of a case, by central differences, and in how many cases it is too large to pass."""
    cases = [case for case in all_cases(scale) if case.name in names]
    error = max(row.max_relative_error for case in cases for row in check(case))
    distances = [distance(case) for case in cases]
    seen = sum(not d <= METHODS["central"][1] for d in distances)  # NaN compares false
    return error, max(distances), seen
