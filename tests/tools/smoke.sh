#!/usr/bin/env bash
# The built wheel, with runtime dependencies alone, away from the checkout: what a user of `pip install` gets.
#   bash tests/tools/smoke.sh WHEEL [PYTHON …]     without PYTHON on each version that is installed
set -euo pipefail
wheel=$(realpath "$1")
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
cd "$room"

installed() {  # what starts: a shim of pyenv is on the path for every version, and starts only the one switched on
    for version in 3.11 3.12 3.13 3.14; do
        for python in "python$version" "$(pyenv prefix "$version" 2>/dev/null)/bin/python$version"; do
            if "$python" -c '' 2>/dev/null; then echo "$python" && break; fi
        done
    done
}

smoke() {
    "$1" -m venv --clear venv
    venv/bin/python -m pip install --quiet --disable-pip-version-check "$wheel"
    bacterio=venv/bin/bacterio
    $bacterio --version
    test "$($bacterio sample -n 20 --seed 1 2>/dev/null | sort -u | wc -l)" -eq 20
    $bacterio gradcheck >/dev/null
    PYTHONOPTIMIZE=2 $bacterio score --help | grep 'A row per name' >/dev/null
    corpus=$(venv/bin/python -c 'from bacterio_cli.dataset import shipped; print(shipped("genera.txt"))')
    $bacterio train "$corpus" --epochs 1 --hidden 16 --layers 1 --quiet
    test "$($bacterio sample -n 3 --max-length 60 2>/dev/null | wc -l)" -eq 3
    $bacterio info --json | venv/bin/python -c 'import json, sys; assert json.load(sys.stdin)["known_names"] > 2500'
    rm bacterio.npz
    echo "smoke: on $("$1" --version) the wheel trains, samples and proves itself away from the checkout"
}

mapfile -t pythons < <(if [ $# -gt 1 ]; then printf '%s\n' "${@:2}"; else installed; fi)
test ${#pythons[@]} -gt 0
for python in "${pythons[@]}"; do smoke "$python"; done
