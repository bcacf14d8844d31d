"""The tests import NumPy as the command does, and a hangup is a signal to the commands that they start."""

import os
import signal

# A second thread spins where processes share two cores, and tests took up to eight times as long.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # a process started under nohup would ignore it
