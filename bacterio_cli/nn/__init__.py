"""The mathematics: layers, cells, losses, models and optimisers, each forward beside its backward.

Imports NumPy alone; no file, process, thread or clock.
"""
