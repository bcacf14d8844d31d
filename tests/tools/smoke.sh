#!/usr/bin/env bash
# The built wheel, with runtime dependencies alone, away from the checkout: what a user of `pip install` gets.
set -euo pipefail
python=$1
wheel=$(realpath "$2")
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
"$python" -m venv "$room/venv"
"$room/venv/bin/python" -m pip install --quiet --disable-pip-version-check "$wheel"
cd "$room"
bacterio=venv/bin/bacterio
$bacterio --version
names=$($bacterio sample -n 20 --seed 1 2>/dev/null | sort -u | wc -l)
test "$names" -eq 20
$bacterio gradcheck >/dev/null
corpus=$(venv/bin/python -c 'from bacterio_cli.dataset import shipped; print(shipped("genera.txt"))')
$bacterio train "$corpus" --epochs 1 --hidden 16 --layers 1 --quiet
test "$($bacterio sample -n 3 --max-length 60 2>/dev/null | wc -l)" -eq 3
$bacterio info --json | venv/bin/python -c 'import json, sys; assert json.load(sys.stdin)["known_names"] > 2500'
echo "smoke: the wheel trains, samples and proves itself away from the checkout"
