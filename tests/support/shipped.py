"""The model that ships, and a scorer that judges by it alone."""

from bacterio_cli.checkpoint.checkpoint import load
from bacterio_cli.dataset import shipped
from bacterio_cli.inference.scorer import Scorer

SCORER = Scorer(load(shipped("model.npz")), genus=True)
