"""The whole of backpropagation through time on paper: one name of two letters, two units, every number a scalar.

The alphabet is boundary = 0, a = 1, b = 2. The name "ab" is read as 0 a b and should be answered by a b 0,
so there are three steps. Below, every quantity has its indices in its name: a_21 is unit 1 at step 2,
y_3b is the probability of b at step 3, W_12 the weight to unit 1 from unit 2. Only `math` is used.
"""

from math import exp, log, tanh

import numpy as np
import pytest

from bacterio_cli.nn.models import CharRNN, loss_and_grads

# --- The numbers to start from -------------------------------------------------------------------

# W_ax, to unit 1 or 2, from the letters 0, a, b. One-hot input: reading a letter picks its column.
U_10, U_1a, U_1b = 0.4, -0.3, 0.7
U_20, U_2a, U_2b = -0.6, 0.5, 0.2
# W_aa, to unit 1 or 2, from unit 1 or 2 of the step before.
W_11, W_12 = 0.3, -0.8
W_21, W_22 = 0.6, 0.1
# b_a.
b_1, b_2 = 0.15, -0.25
# W_ya, to the letters 0, a, b, from unit 1 or 2; and b_y.
V_01, V_02 = 0.9, -0.4
V_a1, V_a2 = -0.5, 0.3
V_b1, V_b2 = 0.2, 0.8
c_0, c_a, c_b = 0.05, -0.1, 0.2
# The state before the name. A name usually starts from zeros; here no term shall vanish.
a_01, a_02 = 0.35, -0.45

# --- Forward: a = tanh(W_ax x + W_aa a_before + b_a) ---------------------------------------------

# Step 1 reads 0.
a_11 = tanh(U_10 + W_11 * a_01 + W_12 * a_02 + b_1)
a_12 = tanh(U_20 + W_21 * a_01 + W_22 * a_02 + b_2)
# Step 2 reads a.
a_21 = tanh(U_1a + W_11 * a_11 + W_12 * a_12 + b_1)
a_22 = tanh(U_2a + W_21 * a_11 + W_22 * a_12 + b_2)
# Step 3 reads b.
a_31 = tanh(U_1b + W_11 * a_21 + W_12 * a_22 + b_1)
a_32 = tanh(U_2b + W_21 * a_21 + W_22 * a_22 + b_2)


def probabilities(unit_1: float, unit_2: float) -> tuple[float, float, float]:
    """ŷ = softmax(W_ya a + b_y), for the letters 0, a, b."""
    e_0 = exp(V_01 * unit_1 + V_02 * unit_2 + c_0)
    e_a = exp(V_a1 * unit_1 + V_a2 * unit_2 + c_a)
    e_b = exp(V_b1 * unit_1 + V_b2 * unit_2 + c_b)
    total = e_0 + e_a + e_b
    return e_0 / total, e_a / total, e_b / total


y_10, y_1a, y_1b = probabilities(a_11, a_12)
y_20, y_2a, y_2b = probabilities(a_21, a_22)
y_30, y_3a, y_3b = probabilities(a_31, a_32)

# The loss: after 0 comes a, after a comes b, after b comes 0; the mean of the three steps.
LOSS = -(log(y_1a) + log(y_2b) + log(y_30)) / 3

# --- Backward: dz = ŷ − t, a third of it because the loss is a mean of three ----------------------

z_10, z_1a, z_1b = y_10 / 3, (y_1a - 1) / 3, y_1b / 3
z_20, z_2a, z_2b = y_20 / 3, y_2a / 3, (y_2b - 1) / 3
z_30, z_3a, z_3b = (y_30 - 1) / 3, y_3a / 3, y_3b / 3

# dW_ya = Σ_t dz_t a_tᵀ: each weight meets its letter's error and its unit's value, at each step.
DW_YA = [
    [z_10 * a_11 + z_20 * a_21 + z_30 * a_31, z_10 * a_12 + z_20 * a_22 + z_30 * a_32],
    [z_1a * a_11 + z_2a * a_21 + z_3a * a_31, z_1a * a_12 + z_2a * a_22 + z_3a * a_32],
    [z_1b * a_11 + z_2b * a_21 + z_3b * a_31, z_1b * a_12 + z_2b * a_22 + z_3b * a_32],
]
DB_Y = [z_10 + z_20 + z_30, z_1a + z_2a + z_3a, z_1b + z_2b + z_3b]

# Back through time. A unit's value hurts through the letters of its own step and, except at the last step,
# through both units of the next. s is the gradient of what stands inside tanh, whose slope is 1 − a².
# Step 3: nothing comes after it.
s_31 = (V_01 * z_30 + V_a1 * z_3a + V_b1 * z_3b) * (1 - a_31**2)
s_32 = (V_02 * z_30 + V_a2 * z_3a + V_b2 * z_3b) * (1 - a_32**2)
# Step 2: W_11 and W_21 lead from unit 1 onwards, W_12 and W_22 from unit 2. That is the transpose of W_aa.
s_21 = (V_01 * z_20 + V_a1 * z_2a + V_b1 * z_2b + W_11 * s_31 + W_21 * s_32) * (1 - a_21**2)
s_22 = (V_02 * z_20 + V_a2 * z_2a + V_b2 * z_2b + W_12 * s_31 + W_22 * s_32) * (1 - a_22**2)
# Step 1.
s_11 = (V_01 * z_10 + V_a1 * z_1a + V_b1 * z_1b + W_11 * s_21 + W_21 * s_22) * (1 - a_11**2)
s_12 = (V_02 * z_10 + V_a2 * z_1a + V_b2 * z_1b + W_12 * s_21 + W_22 * s_22) * (1 - a_12**2)
# The state before the name has no letters of its own to answer for, and no tanh.
DA_0 = [[W_11 * s_11 + W_21 * s_12, W_12 * s_11 + W_22 * s_12]]

# The same three matrices serve every step, so their gradients are sums over the steps.
# dW_aa = Σ_t s_t a_{t−1}ᵀ, with the value before, not the value of the same step.
DW_AA = [
    [s_11 * a_01 + s_21 * a_11 + s_31 * a_21, s_11 * a_02 + s_21 * a_12 + s_31 * a_22],
    [s_12 * a_01 + s_22 * a_11 + s_32 * a_21, s_12 * a_02 + s_22 * a_12 + s_32 * a_22],
]
# dW_ax: the column of 0 was used at step 1 only, that of a at step 2, that of b at step 3.
DW_AX = [[s_11, s_21, s_31], [s_12, s_22, s_32]]
DB_A = [s_11 + s_21 + s_31, s_12 + s_22 + s_32]

# --- The engine, on the same numbers ---------------------------------------------------------------


def test_gradients_on_paper() -> None:
    """Loss, final state and each gradient, the initial state's too, are the sums that were written out above."""
    params = {
        "0.W_ax": np.array([[U_10, U_1a, U_1b], [U_20, U_2a, U_2b]]),
        "0.W_aa": np.array([[W_11, W_12], [W_21, W_22]]),
        "0.b_a": np.array([b_1, b_2]),
        "W_ya": np.array([[V_01, V_02], [V_a1, V_a2], [V_b1, V_b2]]),
        "b_y": np.array([c_0, c_a, c_b]),
    }
    model = CharRNN(n_y=3, n_x=0, n_a=2, layers=1, cell="rnn", activation="tanh")
    x, batch_sizes, targets = np.array([[0, 1, 2], [1, 1, 1], [1, 2, 0]])
    result = loss_and_grads(model, params, x, batch_sizes, targets, state=(np.array([[a_01, a_02]]),))
    assert result.loss == pytest.approx(LOSS, abs=1e-12)
    by_hand = {"W_ya": DW_YA, "b_y": DB_Y, "0.W_aa": DW_AA, "0.W_ax": DW_AX, "0.b_a": DB_A}
    by_hand |= {"a_0": DA_0, "a": [[a_31, a_32]]}
    found = {**result.grads, "a_0": result.d_initial_state[0], "a": result.state[0]}
    assert found.keys() == by_hand.keys()
    for name, value in by_hand.items():
        np.testing.assert_allclose(found[name], value, rtol=0, atol=1e-12, err_msg=name)
