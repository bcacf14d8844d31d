"""The mathematics: layers, cells, models and optimisers, derived by hand; imports numpy and nothing else."""
