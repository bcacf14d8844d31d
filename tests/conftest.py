"""NumPy is imported by the tests as the command imports it."""

from bacterio_cli.cli.runtime import one_blas_thread

one_blas_thread()  # a second thread spins where processes share two cores, and tests took up to eight times as long
