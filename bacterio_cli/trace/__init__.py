"""Backpropagation through time, step by step, with the numbers and equations of each step.

Imports nn/ and dataset/.
"""
