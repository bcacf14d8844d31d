"""The tests import NumPy as the command does, and a hangup is a signal to the commands that they start."""

import signal

from bacterio_cli.cli.runtime import one_blas_thread

one_blas_thread()  # a second thread spins where processes share two cores, and tests took up to eight times as long
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # a process started under nohup would ignore it
