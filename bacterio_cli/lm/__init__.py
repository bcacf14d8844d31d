"""What can be stepped letter by letter: nets, count tables and mixtures of them.

Imports nn/ and dataset/.
"""
