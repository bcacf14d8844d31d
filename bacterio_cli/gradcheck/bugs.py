"""The classic mistakes, planted one line at a time, to show that the check would have seen them.

A bug names a function, a line of it, and the line that people write instead. Planting compiles the
function's own source with that line exchanged and runs it in the original's place, wherever it is
used; so what is tested is the very code with one real mistake in it.
"""

from __future__ import annotations

import difflib
import inspect
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bacterio_cli.nn import activations, gru, layers, loss, lstm, models, plain, plain_dense, rnn


@dataclass(frozen=True)
class Bug:
    """One mistake: `right` stands exactly once in the source of `function`; `wrong` takes its place."""

    name: str
    summary: str
    function: Callable[..., Any]
    right: str
    wrong: str

    def source(self) -> str:
        """The function's source with the mistake in it."""
        source = textwrap.dedent(inspect.getsource(self.function))
        if source.count(self.right) != 1:
            raise AssertionError(f"{self.name}: the line to exchange stands {source.count(self.right)} times")
        return source.replace(self.right, self.wrong)

    @contextmanager
    def planted(self) -> Iterator[None]:
        """Within the block, every caller of the function gets the mistaken one."""
        namespace: dict[str, Any] = {}
        code = compile("from __future__ import annotations\n" + self.source(), f"<{self.name}>", "exec")
        exec(code, dict(self.function.__globals__), namespace)
        healthy = self.function.__code__
        self.function.__code__ = namespace[self.function.__name__].__code__
        try:
            yield
        finally:
            self.function.__code__ = healthy


BUGS = [
    Bug("missing-transpose", "the error goes back through W_aa instead of its transpose", rnn.RNN.backward,
        "np.matmul(dz_t, W_aa, out=", "np.matmul(dz_t, W_aa.T, out="),
    Bug("dropped-slope", "dz = da: the slope of the activation is forgotten", rnn.RNN.backward,
        "dz_t *= slope[step.now]", "dz_t *= 1"),
    Bug("tanh-twice", "1 − tanh(a)² where a is already tanh(z)", activations.tanh_slope,
        "np.multiply(a, a, out=out)", "np.tanh(a) ** 2"),
    Bug("tanh-plus", "1 + tanh², as one text prints it", activations.tanh_slope,
        "np.subtract(1, ", "np.add(1, "),
    Bug("sigmoid-lost-minus", "σ (1 + σ): the inner minus sign is lost", activations.sigmoid_slope,
        "np.subtract(1, a, out=out)", "np.add(1, a, out=out)"),
    Bug("no-carry", "each step forgets what comes back from the next", rnn.RNN.backward,
        "np.add(da[step.now], dh_next[step.running], out=", "np.add(da[step.now], 0, out="),
    Bug("off-by-one-state", "dW_aa takes a⟨t⟩ for a⟨t−1⟩", rnn.RNN.backward,
        "previous_rows(hidden_states, batch_sizes)", "hidden_states[-len(da) :]"),
    Bug("summed-not-averaged", "the loss is a mean, its gradient a sum", loss.cross_entropy_backward,
        "dz /= len(dz) / share", "dz /= 1"),
    Bug("clipped-before-check", "gradients are clipped before anyone compares them", models.loss_and_grads,
        "Gradients(share * float(loss), grads,",
        "Gradients(share * float(loss), {k: g.clip(-0.05, 0.05) for k, g in grads.items()},"),
    Bug("forgotten-plus-equals", "dE[id] = dx where a letter that occurs twice needs +=", layers.sum_rows,
        "return one_hot.T @ rows",
        "S = np.zeros((*rows.shape[:-2], n, rows.shape[-1]), rows.dtype); S[..., ids, :] = rows; return S"),
    Bug("bias-of-one-row", "db takes one row of the batch, not the sum", layers.linear_backward,
        "dy.swapaxes(-1, -2) @ x, dy.sum(axis=-2)", "dy.swapaxes(-1, -2) @ x, dy[..., -1, :]"),
    Bug("softmax-diagonal-only", "ŷ (1 − ŷ) alone: the Jacobian's other case is forgotten", loss.softmax_jacobian,
        "return np.diag(y_hat) - np.outer(y_hat, y_hat)", "return np.diag(y_hat * (1 - y_hat))"),
    Bug("softmax-quotient-plus", "the quotient rule with + for −", loss.softmax_jacobian,
        "np.diag(y_hat) - np.outer", "np.diag(y_hat) + np.outer"),
    Bug("hard-targets", "a target distribution is treated as its likeliest letter", loss.cross_entropy_backward,
        "dz = y_hat - targets", "dz = y_hat - np.eye(y_hat.shape[1])[targets.argmax(axis=1)]"),
    Bug("dropout-forward-only", "the mask is applied forward and not backward", models.CharRNN.backward,
        "dropout(dh, masks[k] if masks else None)", "dropout(dh, None)"),
    Bug("slope-twice", "δ is multiplied by f′ twice a layer", models.WindowMLP.backward,
        "dh * ACTIVATIONS[self.activation].slope(value)", "dh * ACTIVATIONS[self.activation].slope(value) ** 2"),
    Bug("missing-gate-factor", "the reset gate's gradient lacks the product that it gates", gru.GRU.backward,
        "np.multiply(to_c, h, out=to_r)", "np.multiply(to_c, 1, out=to_r)"),
    Bug("gru-reset-forgotten", "dh = dz_c: what the reset gate lets through is not scaled back", gru.GRU.backward,
        "np.multiply(to_c, r, out=to_h)", "np.multiply(to_c, 1, out=to_h)"),
    Bug("gru-no-skip-path", "the old state that u keeps sends nothing back", gru.GRU.backward,
        "da_t *= u[step.now]", "da_t *= 0"),
    Bug("lstm-no-forget-carry", "dc goes back to c⟨t−1⟩ without the forget gate", lstm.LSTM.backward,
        "dc_t *= f[step.now]", "dc_t *= 1"),
    Bug("lstm-tanh-c-dropped", "the cell's own tanh has no slope", lstm.LSTM.backward,
        "through_tanh = tanh_slope(tanh_c)", "through_tanh = np.ones_like(tanh_c)"),
    Bug("update-before-backprop", "a layer's weights are updated before the error goes back through them",
        plain_dense.gradients, "delta = W[l].T @ local", "delta = (W[l] - local @ h[l].T).T @ local"),
    Bug("last-state-of-the-list", "hs[t − 1] at t = 0 is the last entry of a list, not the state carried in",
        plain.loss_and_grads, 'd["w"] += dz @ h[t - 1].T', 'd["w"] += dz @ h[(t - 1) % T].T'),
    Bug("trained-carried-used-from-zero", "the gradient is that of a net which begins from zeros, the loss is not",
        models.loss_and_grads, "model.forward(params, x, batch_sizes, state, masks)",
        "model.forward(params, x, batch_sizes, None, masks)"),
    Bug("sum-without-mean", "dW_ya sums over the letters of a loss that is their mean", models.CharRNN.backward,
        'grads = {"W_ya": dW, "b_y": db}', 'grads = {"W_ya": dW * len(dz), "b_y": db}'),
    Bug("layers-swapped", "the gradients of the initial states come back in the wrong order", models.CharRNN.backward,
        "dinitial = dfirst + dinitial", "dinitial = dinitial + dfirst"),
]  # fmt: skip


def nearest(name: str) -> str | None:
    """The bug's name that was probably meant."""
    return next(iter(difflib.get_close_matches(name, [bug.name for bug in BUGS], n=1)), None)


def find(name: str) -> Bug | None:
    """The bug of that name."""
    return next((bug for bug in BUGS if bug.name == name), None)
