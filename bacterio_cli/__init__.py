"""Learn bacterial genus names and invent new ones."""

__version__ = "0.1.0"
