"""Learn bacterial genus names and invent new ones: `load`, `sample`, `score`, `train` (see `api`), and a command."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bacterio_cli.api import load, sample, score, train

__version__ = "0.1.0"
__all__ = ["__version__", "load", "sample", "score", "train"]


def __getattr__(name: str) -> Any:
    """The promised names are imported when they are first asked for: the command starts without them."""
    if name in __all__:
        from bacterio_cli import api

        return getattr(api, name)
    raise AttributeError(f"module 'bacterio_cli' has no attribute {name!r}")
