"""The mathematics: layers, cells, losses, models and optimisers, each forward beside its backward.

Imports NumPy alone; no file, process, thread or clock. README.md derives every formula. Docstrings cite its sources:

T1  bacterial name generator: derivatives          T2  RNN derivatives and code sample
T3  derivative of common neural network modules    T4  a naive explanation of backprop for RNNs

Where one of them slips, the docstring says so. A prime marks the backward of an equation: (4′) goes back through (4).
"""
