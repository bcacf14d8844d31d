"""`bacterio info` as a process: the facts of a checkpoint, for programs and for people."""

from pathlib import Path

from support.processes import NAMES, inside, small_model, strict_json

from bacterio_cli.cli.tables import curve


def test_info_as_json(room: Path) -> None:
    """One JSON object: the sizes, alphabet, corpus, options and history that the file holds."""
    result = inside("info", "m.npz", "--json", cwd=room)
    facts, model = strict_json(result.stdout), small_model()
    assert (result.code, result.stderr) == (0, "")
    assert facts == {
        "arch": "gru",
        "hidden": 16,
        "layers": 1,
        "embedding": 4,
        "parameters": sum(p.size for p in model.nets[0].params.values()),
        "vocabulary": "".join(sorted(set("".join(NAMES).lower()))),
        "capitalised": True,
        "known_names": 40,
        "nets": 1,
        "weights": {"nets": 1.0, "table": 0.0, "background": 0.0},
        "ngram_states": 0,
        "resumable": True,
        "corpus": model.corpus,
        "training": model.training,
        "history": model.history,
    }


def test_info_as_a_table(room: Path) -> None:
    """The same facts for people, a line each, with the best validation loss in bits."""
    result, model = inside("info", "m.npz", cwd=room), small_model()
    rows = [line.split() for line in result.stdout.splitlines()[1:]]
    valid = [row["valid_bits_per_char"] for row in model.history]
    assert (result.code, result.stderr) == (0, "")
    assert [row[2:] for row in rows if row[0] == "best"] == [[f"{min(valid):.4f}", "bits", "per", "character"]]
    for row in (
        ["arch", "gru"],
        ["parameters", f"{sum(p.size for p in model.nets[0].params.values()):,}"],
        ["known_names", "40"],
        ["validation", "by", "epoch", curve(valid)],
        ["corpus", "names", "40"],
        ["training", "optimizer", "adam"],
    ):
        assert row in rows


def test_info_shows_the_default_model(tmp_path: Path) -> None:
    """Without a file, the model in the working directory, else the one that ships."""
    assert strict_json(inside("info", "--json", cwd=tmp_path).stdout)["known_names"] > 3000
    small_model().save(tmp_path / "bacterio.npz")
    assert strict_json(inside("info", "--json", cwd=tmp_path).stdout)["known_names"] == 40
