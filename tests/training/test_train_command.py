"""`bacterio train` as a process: its bytes, its log, and --resume."""

from pathlib import Path

import numpy as np
import pytest
from support.processes import NAMES, TINY, bacterio, only_error, write_names

from bacterio_cli.checkpoint.checkpoint import load
from bacterio_cli.dataset.corpus import Corpus


def test_the_seed_decides_every_byte(tmp_path: Path) -> None:
    """The same seed gives the same file whatever PYTHONHASHSEED is, and from a piped list; another, other weights."""
    names = write_names(tmp_path)
    for out, given, seed, hashed in (("a", names, 5, "1"), ("b", "-", 5, "2"), ("c", names, 6, "1")):
        words = ("train", given, *TINY, "-q", "--seed", seed, "-o", out)
        done = bacterio(*words, cwd=tmp_path, stdin=names.read_bytes(), PYTHONHASHSEED=hashed)
        assert done.code == 0, done
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert not np.array_equal(load(tmp_path / "a").nets[0].params["E"], load(tmp_path / "c").nets[0].params["E"])


A_LIST = "is one of the lists to be read; choose another file"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ("- --out names.txt --force", 2, A_LIST),
        ("names.txt --log names.txt", 2, A_LIST),
        ("names.txt --background related.txt --out related.txt", 2, A_LIST),
        ("none.txt --window 3", 2, "--window belongs to --arch mlp; gru carries a state instead"),
        ("names.txt --log loop", 1, "loop: Too many levels of symbolic links; choose another place with --log"),
    ],
)
def test_what_cannot_be_begun_is_refused(words: str, code: int, message: str, tmp_path: Path) -> None:
    """A usage error before a list is read; a place that is a list, by name or as standard input, or none; all stays."""
    write_names(tmp_path)
    write_names(tmp_path, [name + "us" for name in NAMES], file="related.txt")
    (tmp_path / "loop").symlink_to("loop")
    before = {path: path.is_file() and path.read_bytes() for path in tmp_path.iterdir()}
    result = bacterio("train", *words.split(), *TINY, "-q", cwd=tmp_path, shell='exec "$@" <names.txt')
    assert message in only_error(result, code)
    assert {path: path.is_file() and path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_file_of_another_kind_is_replaced_by_force_alone(tmp_path: Path) -> None:
    """Also the list that comes through a pipe; what bacterio wrote itself and has ended needs no force."""
    write_names(tmp_path)
    (tmp_path / "thesis.py").write_text("print()\n")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for written, words in (("names.txt", ("-o", "names.txt")), ("thesis.py", ("--log", "thesis.py", "-o", "new.npz"))):
        result = bacterio("train", "-", *TINY, "-q", *words, cwd=tmp_path, shell='cat names.txt | "$@"')
        assert only_error(result).startswith(f"cannot write {written}: it is not a ")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    for force in ("--force", "--quiet"):
        words = ("-o", "thesis.py", force, "--log", "log")
        result = bacterio("train", "-", *TINY, "-q", *words, cwd=tmp_path, shell='echo "Abella\nAbebacter" | "$@"')
        assert result == (0, "", "")
    assert load(tmp_path / "thesis.py").known == ("Abella", "Abebacter")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a list, and the checkpoint of a training on it that has ended."""
    folder = tmp_path_factory.mktemp("finished")
    write_names(folder)
    result = bacterio("train", "names.txt", *TINY, "-q", "-o", "m.npz", cwd=folder)
    assert result == (0, "", "")
    return folder


def test_resume_without_a_file_is_a_new_training(finished: Path) -> None:
    """--resume says that there is nothing yet; once more, nothing is left, and the file is not even rewritten."""
    words = ("train", "names.txt", *TINY, "--resume", "-o", "new.npz")
    result = bacterio(*words, cwd=finished)
    assert result.code == 0
    assert result.stderr.startswith("bacterio: new.npz does not exist yet: a new training\n")
    assert (finished / "new.npz").read_bytes() == (finished / "m.npz").read_bytes()
    written = (finished / "new.npz").stat().st_mtime_ns
    assert bacterio(*words, cwd=finished)[:2] == (0, "")
    assert (finished / "new.npz").stat().st_mtime_ns == written


def test_resume_refuses_what_is_not_as_before(finished: Path) -> None:
    """In another order of the names, or with another option: the message has both, and the file is left alone."""
    before, words, other = (finished / "m.npz").read_bytes(), ("--resume", "-o", "m.npz"), NAMES[::-1]
    said = only_error(bacterio("train", write_names(finished, other, "other.txt"), *words, cwd=finished))
    assert f"digest {Corpus(NAMES).digest[:12]}; " in said
    assert f"digest {Corpus(other).digest[:12]}); give the same lists, in the same order and read alike (" in said
    said = only_error(bacterio("train", "names.txt", *words, "--hidden", 9, cwd=finished), 2)
    assert "--hidden 9 contradicts the run in m.npz, which has 8" in said
    assert (finished / "m.npz").read_bytes() == before


def test_resume_refuses_a_compact_file(finished: Path) -> None:
    """--compact writes a smaller file of the same weights, which --resume refuses in one line."""
    result = bacterio("train", "names.txt", *TINY, "-q", "--compact", "-o", "compact.npz", cwd=finished)
    assert result == (0, "", "")
    full, compact = load(finished / "m.npz"), load(finished / "compact.npz")
    assert all(np.array_equal(full.nets[0].params[name], compact.nets[0].params[name]) for name in full.nets[0].params)
    assert (finished / "compact.npz").stat().st_size < (finished / "m.npz").stat().st_size / 2
    message = only_error(bacterio("train", "names.txt", "--resume", "-o", "compact.npz", cwd=finished))
    assert message.startswith("compact.npz is a model to use, without what --resume needs")
