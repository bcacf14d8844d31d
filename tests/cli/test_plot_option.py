"""--plot: what it refuses, that results are printed as always, and pictures of any names and settings."""

import os
import re
from pathlib import Path

import pytest
from support.processes import ROOT, advanced, bacterio, begin, inside, only_error, write_names
from support.svg import drawn, panels, texts

from bacterio_cli.cli.plots import draw_surprise
from bacterio_cli.dataset.corpus import Corpus
from bacterio_cli.training import trainer


@pytest.mark.parametrize("words", ["info m.npz", "score -c m.npz Boria", "trace -c m.npz Boria"])
def test_without_matplotlib_the_extra_is_named(words: str, room: Path, tmp_path: Path) -> None:
    """One line, exit 1, no results and no picture; without --plot nothing is missed."""
    (tmp_path / "matplotlib.py").write_text("raise ModuleNotFoundError(name='matplotlib')\n", encoding="utf-8")
    blocked = f"{tmp_path}{os.pathsep}{ROOT}"
    result = bacterio(*words.split(), "--plot", tmp_path / "p.png", cwd=room, PYTHONPATH=blocked)
    said = "--plot needs matplotlib, the extra 'plot'; install it with: pip install matplotlib ("
    assert only_error(result).startswith(said)
    assert (result.stdout, (tmp_path / "p.png").exists()) == ("", False)
    assert bacterio(*words.split(), cwd=room, PYTHONPATH=blocked).code == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("info m.npz --plot p.gif", "--plot p.gif: the name of a picture ends in .png, .svg, .pdf"),
        ("score -c m.npz Boria --plot p", "--plot p: the name of a picture ends in .png, .svg, .pdf"),
        ("trace -c m.npz Boria --plot p.gif", "--plot p.gif: the name of a picture ends in .png, .svg, .pdf"),
        ("trace -c model.svg Boria --plot linked.svg", "cannot write linked.svg: it is not a picture of this program"),
        ("info model.svg --plot linked.svg", "cannot write linked.svg: it is not a picture of this program"),
        ("score -c m.npz Boria --avoid list.svg --plot list.svg", "cannot write list.svg: it is not a picture"),
        ("score -c m.npz --plot list.svg", "cannot write list.svg: it is not a picture of this program"),
    ],
)
def test_a_name_that_cannot_be_is_refused(words: str, message: str, room: Path, tmp_path: Path) -> None:
    """An unknown suffix, or a file that is read, by whatever name it goes: one line, and nothing is changed."""
    for name in ("m.npz", "model.svg"):
        (tmp_path / name).write_bytes((room / "m.npz").read_bytes())
    (tmp_path / "linked.svg").symlink_to("model.svg")
    write_names(tmp_path, file="list.svg")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    result = bacterio(*words.split(), cwd=tmp_path, shell='"$@" < list.svg')
    assert only_error(result, 1 if "cannot write" in message else 2).startswith(message)
    assert (result.stdout, {path.name: path.read_bytes() for path in tmp_path.iterdir()}) == ("", before)


@drawn
@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("no/p.svg", "No such file or directory; choose another place with --plot"),
        ("folder.svg", "it is a directory, a device or a pipe, not a file; choose another place with --plot"),
        ("m.svg", "it is not a picture of this program; choose another place with --plot, or remove it"),
        ("mine.svg", "it is not a picture of this program; choose another place with --plot, or remove it"),
        ("kept.svg", "it is read-only; choose another place with --plot, or remove it"),
    ],
)
@pytest.mark.parametrize("words", ["info m.npz", "score -c m.npz Boria", "trace -c m.npz Boria"])
def test_a_place_that_cannot_be_written_is_exit_1(words: str, path: str, reason: str, room: Path) -> None:
    """One line with the reason and the option to choose with, before any results."""
    (room / "folder.svg").mkdir(exist_ok=True)
    (room / "m.svg").write_bytes((room / "m.npz").read_bytes())
    (room / "mine.svg").write_text("<svg/>")
    (room / "kept.svg").touch(0o444)
    result = inside(*words.split(), "--plot", path, cwd=room)
    assert only_error(result) == f"cannot write {path}: {reason}"
    assert result.stdout == ""


@drawn
@pytest.mark.parametrize("words", [["Жук"], []])
def test_nothing_to_draw_is_exit_1(words: list[str], room: Path, tmp_path: Path) -> None:
    """Where the model can spell no name there is no picture, and what stood there still does."""
    draw_surprise(tmp_path / "p.png", "t", [("b", [1.0, 2.0])])
    old = (tmp_path / "p.png").read_bytes()
    result = inside("score", "-c", "m.npz", *words, "--plot", tmp_path / "p.png", cwd=room)
    assert result.code == 1
    assert result.stderr.splitlines()[-1].endswith("p.png: there is no name to draw that the model can spell")
    assert (tmp_path / "p.png").read_bytes() == old
    assert [path.name for path in tmp_path.iterdir()] == ["p.png"]


@drawn
@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_names_in_any_script(suffix: str, tmp_path: Path) -> None:
    """Katakana, blanks, $ and _ are letters like others, and there is no warning."""
    learned = ("ピカチュウ", "カ メ", "ゼ$ニガ$", "ニ_ド_ク", "コラッタ", "ピジョン", "ニャース", "カメ")
    trainer.snapshot(advanced(begin(Corpus(learned)))).save(tmp_path / "kana.npz")
    path, names = tmp_path / f"p.{suffix}", ["ピカチュウ", "ゼ$ニガ$", "カ メ", "ニ_ド_ク", "\x1bカ"]
    words = ("score", "-c", "kana.npz", *names, "--plot", path)
    result = inside(*words, cwd=tmp_path, PYTHONWARNINGS="error")
    assert result.code == 0
    assert all(line.startswith("bacterio: ") for line in result.stderr.splitlines())
    if suffix == "svg":
        assert [p.letters for p in panels(path)] == [[*"ピカチュウ$"], [*"ゼ$ニガ$$"], [*"カ␣メ$"], [*"ニ_ド_ク$"]]
        assert set(names[:4]) <= set(texts(path))


@drawn
@pytest.mark.parametrize("title", ["$x_1$.npz", "a\x1b[31m.npz", "\udcff.npz", "<&>.npz"])
def test_a_title_that_lies_is_shown_as_it_is(title: str, tmp_path: Path) -> None:
    """Mathematics, escapes, halves of characters and markup stay text, and the file can be read."""
    draw_surprise(tmp_path / "p.svg", title, [("b", [1.0, 2.0])])
    shown = {"a\x1b[31m.npz": r"a\x1b[31m.npz", "\udcff.npz": r"\udcff.npz"}
    assert shown.get(title, title) in texts(tmp_path / "p.svg")


@drawn
@pytest.mark.parametrize("suffix", ["PNG", "svg", "pdf"])
def test_the_same_bytes_twice(suffix: str, room: Path, tmp_path: Path) -> None:
    """Whatever stood there, whenever it is drawn, and however matplotlib is set up for its user."""
    (tmp_path / "matplotlibrc").write_text("axes.linewidth: 9\nsvg.hashsalt: x\n", encoding="utf-8")
    words = ("info", "m.npz", "--plot", tmp_path / f"p.{suffix}")
    assert inside(*words, cwd=room, SOURCE_DATE_EPOCH="0").code == 0
    found = (tmp_path / f"p.{suffix}").read_bytes()
    assert bacterio(*words, cwd=room, MATPLOTLIBRC=str(tmp_path), PYTHONHASHSEED="7").code == 0
    assert (tmp_path / f"p.{suffix}").read_bytes() == found
    assert found.startswith({"PNG": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[suffix])
    assert not re.search(rb"(?i)date|matplotlib v", found)


@drawn
def test_bad_settings_of_matplotlib_are_one_line(room: Path) -> None:
    """A backend that there is not stops matplotlib before it starts, and is named."""
    result = bacterio("info", "m.npz", "--plot", "a.png", cwd=room, MPLBACKEND="garbage")
    assert "garbage" in only_error(result)
    assert not (room / "a.png").exists()
