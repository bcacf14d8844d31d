"""The model that ships, and a scorer that judges by it alone."""

from bacterio_cli.checkpoint.checkpoint import load
from bacterio_cli.dataset import shipped
from bacterio_cli.inference.scorer import Scorer
from bacterio_cli.nomenclature.name_index import Lookup

SCORER = Scorer(load(shipped("model.npz")), Lookup([]), genus=True)
