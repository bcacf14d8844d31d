"""The mathematics: layers, cells, losses, models and optimisers, each forward beside its backward.

Imports NumPy alone; no file, process, thread or clock, but for `plain`, which is a program. README.md derives the nets
and their gradients from four texts, which docstrings cite; dropout and the younger optimisers cite their papers:

T1  bacterial name generator: derivatives          T2  RNN derivatives and code sample
T3  derivative of common neural network modules    T4  a naive explanation of backprop for RNNs

Section 15 of README.md lists where they slip. A prime marks the backward of an equation: (4′) goes back through (4).
"""
