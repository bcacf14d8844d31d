"""Why people make each of the planted mistakes, and what the scale of the values does to it.

What each says of scales is held against the sweep of `lesson`: at a small scale
tanh z = z − z³/3 …, σ(z) = ½ + z/4 …, ŷ = 1/n_y, and whatever came back through W_aa has shrunk by its scale.
"""

from __future__ import annotations

from typing import NamedTuple


class Reason(NamedTuple):
    """Why people write the mistake, what the scale does to it, and at which scales of the lesson's sweep central
    differences, judged by one number per case, let it pass in a case at least."""

    why: str
    by_scale: str
    missed_at: tuple[float, ...] = ()


REASONS = {
    "missing-transpose": Reason(
        "Where rows are examples, the state goes forward through W_aaᵀ and its error back through W_aa; where columns "
        "are, it is the other way round, and texts mix the two. W_aa is square, so no shape objects.",
        "da_0 has W_aa or its transpose as a factor and is wrong at any scale; the parameters only by what came back "
        "through W_aa, a share about as large as the scale.",
    ),
    "dropped-slope": Reason(
        "The way back is dz = da ⊙ f′(z) and then dz W_aa. Whoever thinks of the matrices alone passes da on as if it "
        "were dz; T1 leaves out diag(1 − a²).",
        "tanh′ = 1 − a² is 1 to four digits at a ≈ 0.01, and a whole tanh net passes. σ′ ≈ ¼ and relu′ = 0 are far "
        "from 1 at any scale: they give it away.",
        missed_at=(0.01,),
    ),
    "tanh-twice": Reason(
        "Books write the slope in z, 1 − tanh²(z). The cache holds a = tanh z, so the formula, copied as it stands, "
        "takes tanh of a tanh.",
        "tanh a = a − a³/3 …, so the slope is wrong by 2a⁴/3 only: 7·10⁻⁹ at a = 0.01, where it is 1 to four digits "
        "whichever way it is written, but 0.04 of 0.75 at a = 0.5.",
        missed_at=(0.01, 0.1),
    ),
    "tanh-plus": Reason(
        "tan′ = 1 + tan², and the plus is carried over to tanh, in print as well (T3). With a hyperbolic function it "
        "is a minus.",
        "The slope is wrong by 2a²: 2·10⁻⁴ at a = 0.01. In most whole nets that drowns beside db_y and dW_ya, which "
        "no slope enters.",
        missed_at=(0.01,),
    ),
    "sigmoid-lost-minus": Reason(
        "σ′ = e⁻ᶻ/(1 + e⁻ᶻ)² has to be parted into σ and 1 − σ, and the minus is easily lost on the way, as in T3.",
        "σ(0) = ½: at a small scale the slope is ¾ instead of ¼. No scale hides it.",
    ),
    "no-carry": Reason(
        "The loss at step t is seen, what a⟨t⟩ does to all later steps is not: each step is treated as a net of its "
        "own: backpropagation, but not through time.",
        "What comes back from step t+1 fades with W_aa, but the state from which a name begins has no other gradient, "
        "and an embedding or dW_ax of the first letters hardly any: they are wrong at any scale, though one number for "
        "a whole net may pass at 0.01.",
        missed_at=(0.01,),
    ),
    "off-by-one-state": Reason(
        "dW_aa = Σ dz⟨t⟩ᵀ a⟨t−1⟩ wants the state that went in, and a⟨t⟩, which came out, has the same shape and is "
        "nearer at hand. A list of states that begins with the initial one shifts every index.",
        "a⟨t⟩ and a⟨t−1⟩ differ by as much as they are large, at any scale; only dW_aa tells.",
    ),
    "summed-not-averaged": Reason(
        "A mean is taken in the loss and forgotten in its gradient. Training goes on: SGD runs at N times the learning "
        "rate, and Adam divides the factor out again.",
        "The gradient is N times too large, a relative error of 1 − 1/N, whatever the weights.",
    ),
    "clipped-before-check": Reason(
        "Clipping belongs between gradient and update. Done inside the function that returns the gradients, it is "
        "convenient, and what comes out is the gradient of no loss.",
        "Entries within the bounds are untouched. At a small scale only db_y = Σ (ŷ − t)/N is beyond them, since it "
        "does not shrink with the weights; a net in which it is small by chance passes.",
        missed_at=(0.01, 0.1),
    ),
    "forgotten-plus-equals": Reason(
        "dE[id] = dx keeps only the last occurrence of a letter. Each adds its share, and NumPy's dE[ids] += dx does "
        "not help: it, too, counts a repeated id once; np.add.at or a product with the one-hot matrix does.",
        "A letter that occurs once is right, one that recurs is wrong at any scale. But in a net of two layers its "
        "gradients are small beside db_y if the weights are, and one number for all may miss that.",
        missed_at=(0.01,),
    ),
    "bias-of-one-row": Reason(
        "Broadcasting adds b to every row without a word, so the sum over rows that undoes it is easily forgotten. "
        "One row of dy has the shape of b as well.",
        "The rows left out are as large as the one that is kept: no scale hides it.",
    ),
    "softmax-diagonal-only": Reason(
        "Differentiated by its own z_i alone, ŷ_i gives ŷ_i (1 − ŷ_i), as for the sigmoid. But every z_j stands in the "
        "denominator, and the other case, −ŷ_i ŷ_j, is forgotten.",
        "At a small scale every ŷ is about 1/n_y, and the forgotten −1/n_y² is as large as ever.",
    ),
    "softmax-quotient-plus": Reason(
        "(u/v)′ = (u′v − uv′)/v². Remembered as a product rule with a denominator, it has a plus, in print as well "
        "(T3).",
        "At a small scale Σ ŷ dŷ is about the mean of dŷ, not small: its sign shows at once.",
    ),
    "hard-targets": Reason(
        "With ids as targets, ŷ − t is ŷ with 1 taken off at one letter, and code written for that takes the likeliest "
        "letter of a distribution. All other letters of smoothed targets are lost.",
        "The targets do not depend on the weights, so no scale hides it. One-hot targets hide it: there the two agree.",
    ),
    "dropout-forward-only": Reason(
        "Forward, a mask is one line and soon thrown away; backward needs the same mask again. Gradient checks are "
        "usually run with dropout off, and then all is well.",
        "The mask is 0 or 1/(1 − p) at any scale, and everything below it is wrong by that; dW_ya and db_y, above it, "
        "are right.",
    ),
    "slope-twice": Reason(
        "Some texts put f′ into δ and others write δ ⊙ f′. A line from each, and f′ is squared; T4 takes it exactly "
        "once a layer.",
        "tanh′² is wrong by a² only, 10⁻⁴ at a = 0.01; σ′² = 1/16 for ¼ shows at any scale; relu′² = relu′ never.",
        missed_at=(0.01,),
    ),
    "missing-gate-factor": Reason(
        "r ⊙ h is a product of two things that are learned, so dr = dz_c ⊙ h and dh = dz_c ⊙ r. It is h, a step "
        "in between, that is forgotten.",
        "h = W_ca a⟨t−1⟩ shrinks with the square of the scale, and 1 in its place is far too large: seen everywhere.",
    ),
    "gru-reset-forgotten": Reason(
        "c̃ = tanh(… + r ⊙ h): the derivative of what stands in the brackets is passed to h as if it stood there "
        "alone. The other half of the product, dr, is the one that people remember.",
        "r ≈ ½ at a small scale, so dW_ca is twice too large; what goes on through W_ca to the other parameters "
        "fades with the scale, but not fast enough to pass.",
    ),
    "gru-no-skip-path": Reason(
        "a⟨t−1⟩ enters step t in four places: three products with W_aa, and u ⊙ a⟨t−1⟩, which has no matrix and is "
        "overlooked when the products are undone.",
        "u ≈ ½ at a small scale: half of da is lost at every step, on the one path that does not fade with the "
        "weights.",
    ),
    "lstm-no-forget-carry": Reason(
        "The LSTM of 1997 had no forget gate: its cell passed errors back unchanged. Who derives from that, or "
        "remembers it, sends dc on without f.",
        "f ≈ ½ at a small scale, so dc comes back twice too large from every step. Only an f near 1 would hide it, not "
        "small weights.",
    ),
    "lstm-tanh-c-dropped": Reason(
        "In a = o ⊙ tanh c the eye takes tanh c for a value that is given. Unlike the gates it has no weights and no "
        "z of its own, and its slope is forgotten.",
        "c ≈ 0.01 makes 1 − tanh² c equal to 1 up to 10⁻⁴, and whole nets pass.",
        missed_at=(0.01,),
    ),
    "update-before-backprop": Reason(
        "T4's algorithm does, layer by layer, first the update and then δ = W_lᵀ (…). Each line is right alone, and in "
        "place of the old weights δ meets the new ones.",
        "The update is η (δ ⊙ σ′) ⊗ h, here with η = 1, and h is about ½ in the first σ layer whatever the scale: the "
        "smaller the weights, the more of W_l is the update.",
    ),
    "last-state-of-the-list": Reason(
        "The state carried in has index −1, and in Python index −1 of a list is its last entry, which has the right "
        "shape. T2's `hs[t - 1]` is right only where hs is a dict or begins with the carried state.",
        "Only the first step of a chunk is wrong, and only dw, at any scale; in a longer chunk it drowns.",
    ),
    "trained-carried-used-from-zero": Reason(
        "Training hands the state on, and evaluation or sampling begins from zeros, or the other way round: two models "
        "that share their weights. Each by itself passes a check; what is used was never trained.",
        "The state works through W_aa, so that the parameters differ by about the scale; the gradient of the state "
        "itself is missing at any.",
    ),
    "sum-without-mean": Reason(
        "The equations are those of one letter's loss; added up over a batch whose loss is a mean, each wants 1/N. "
        "Where dz carries the 1/N already it is easily put in twice or, in one parameter, left out.",
        "dW_ya is N times too large, a relative error of 1 − 1/N, whatever the weights; all others are right.",
    ),
    "layers-swapped": Reason(
        "Backward visits the layers from the top down, so what it collects comes out in reverse order. All layers have "
        "the same sizes, and no update ever reads these gradients.",
        "The state of a lower layer works through the weights of the next, and its gradient is smaller by about the "
        "scale: exchanged, both are wrong, whatever it is.",
    ),
}
