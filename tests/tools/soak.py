"""Stress tests: hours of bad luck in minutes, for a checkpoint being saved and for those who use one.

    python tests/tools/soak.py [--only kills,disk,signals,files,screen,names,crowd] [--kills 200] [--seed 1]

Every part counts its trials and gives each failure a line; one failure makes the exit code 1. `test_soak.py` runs the
same functions with small counts.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tools.log import Log
from tools.soak_saving import disk, kills, signals
from tools.soak_using import crowd, files, names, screen

PARTS: dict[str, tuple[Callable[[Path, int, int], Log], int]] = {
    "kills": (kills, 200),
    "disk": (disk, 12),
    "signals": (signals, 40),
    "files": (files, 20_000),
    "screen": (screen, 60),
    "names": (names, 10_000_000),
    "crowd": (crowd, 64),
}


def main() -> None:
    """Run the parts that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(PARTS), help="parts, separated by commas")
    parser.add_argument("--seed", type=int, default=1)
    for name, (_, count) in PARTS.items():
        parser.add_argument(f"--{name}", type=int, default=count, help=f"trials of this part (default {count:,})")
    options = parser.parse_args()
    failed = False
    for name in options.only.split(","):
        begun = time.perf_counter()
        with tempfile.TemporaryDirectory() as directory:
            log = PARTS[name][0](Path(directory), getattr(options, name), options.seed)
        log.took_s = time.perf_counter() - begun
        print(log, flush=True)
        failed |= bool(log.failures)
    sys.exit(failed)


if __name__ == "__main__":
    main()
