"""A trained model as one `.npz`: what it holds, how it is written safely, and how it is read without trust.

Imports lm/, nn/ and dataset/.
"""
