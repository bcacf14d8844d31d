"""The domain: lists of names, their letters and their batches; knows nothing of networks."""
