"""The commands as processes: exit codes, what goes to stdout and what to stderr, and that files are left alone."""

from __future__ import annotations

import ctypes
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.processes import (
    ENVIRONMENT,
    NAMES,
    TINY,
    bacterio,
    on_terminal,
    only_error,
    small_model,
    strict_json,
    write_names,
)

from bacterio_cli import __version__
from bacterio_cli.checkpoint.checkpoint import load
from bacterio_cli.cli.runtime import keep_freed_memory, one_blas_thread


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the small model as m.npz and a list as names.txt."""
    folder = tmp_path_factory.mktemp("room")
    small_model().save(folder / "m.npz")
    write_names(folder)
    return folder


def test_version(tmp_path: Path) -> None:
    """--version prints the name and version of the package."""
    assert bacterio("--version", cwd=tmp_path) == (0, f"bacterio {__version__}\n", "")


def test_help_lists_the_commands(tmp_path: Path) -> None:
    """--help goes to stdout with exit 0 and names every command."""
    result = bacterio("--help", cwd=tmp_path)
    listed = [line.split()[0] for line in result.stdout.partition("Commands:\n")[2].split("\n\n")[0].splitlines()]
    assert (result.code, result.stderr) == (0, "")
    assert listed == ["train", "sample", "score", "trace", "gradcheck", "info", "corpus"]


@pytest.mark.parametrize("name", ["train", "sample", "score", "trace", "gradcheck", "info", "corpus"])
def test_each_command_has_help_with_an_example(name: str, tmp_path: Path) -> None:
    """`bacterio COMMAND --help` goes to stdout, exit 0, and shows how it is called."""
    result = bacterio(name, "--help", cwd=tmp_path)
    assert (result.code, result.stderr) == (0, "")
    assert f"Example: bacterio {name}" in result.stdout


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("--colour", "--colour"),
        ("dream", "dream"),
        ("train", "CORPUS"),
        ("train names.txt --colour", "--colour"),
        ("train names.txt --arch transformer", "transformer"),
        ("train names.txt --hidden 0", "--hidden"),
        ("train names.txt --hidden many", "--hidden"),
        ("train names.txt --dropout 1", "--dropout"),
        ("train - -", "'-'"),
        ("gradcheck --inject nonsense", "nonsense"),
        ("gradcheck --arch rnn -c m.npz", "--arch"),
    ],
)
def test_words_that_are_not_understood_are_exit_2(words: str, named: str, room: Path) -> None:
    """stderr names the word, stdout stays empty, and nothing is written."""
    result = bacterio(*words.split(), cwd=room)
    assert (result.code, result.stdout) == (2, "")
    assert named in result.stderr
    assert "Traceback" not in result.stderr
    assert not (room / "bacterio.npz").exists()


def test_info_as_json(room: Path) -> None:
    """One JSON object: the sizes, alphabet, corpus, options and history that the file holds."""
    result = bacterio("info", "m.npz", "--json", cwd=room)
    facts, model = strict_json(result.stdout), small_model()
    assert (result.code, result.stderr) == (0, "")
    assert facts == {
        "arch": "gru",
        "hidden": 16,
        "layers": 1,
        "embedding": 4,
        "parameters": sum(p.size for p in model.params.values()),
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
    result = bacterio("info", "m.npz", cwd=room)
    lines = result.stdout.splitlines()[1:]
    rows = dict(line.split(maxsplit=1) for line in lines if not line.startswith(("corpus", "training")))
    assert (result.code, result.stderr) == (0, "")
    assert rows["arch"].strip() == "gru"
    assert rows["parameters"].strip() == f"{sum(p.size for p in small_model().params.values()):,}"
    assert rows["known_names"].strip() == "40"
    best = min(row["valid_bits_per_char"] for row in small_model().history)
    assert rows["best"].split(maxsplit=1)[1].strip() == f"{best:.4f} bits per character"
    assert ["corpus", "names", "40"] in [line.split() for line in lines]
    assert ["training", "optimizer", "adam"] in [line.split() for line in lines]


def test_info_shows_the_default_model(tmp_path: Path) -> None:
    """Without a file, the model in the working directory, else the one that ships."""
    assert strict_json(bacterio("info", "--json", cwd=tmp_path).stdout)["known_names"] > 3000
    small_model().save(tmp_path / "bacterio.npz")
    assert strict_json(bacterio("info", "--json", cwd=tmp_path).stdout)["known_names"] == 40


def test_a_terminal_gets_colours_unless_they_are_refused(tmp_path: Path) -> None:
    """FAIL is red on a terminal; not with NO_COLOR, and not in a pipe."""
    words, red = ("gradcheck", "--arch", "mlp", "--inject", "slope-twice"), "\x1b[1;31mFAIL"
    code, shown = on_terminal(*words, cwd=tmp_path)
    assert (code, red in shown) == (1, True)
    code, shown = on_terminal(*words, cwd=tmp_path, NO_COLOR="1")
    assert (code, "FAIL" in shown, "\x1b[1;31m" in shown, "\x1b[32m" in shown) == (1, True, False, False)
    assert "\x1b" not in bacterio(*words, cwd=tmp_path, TERM="xterm-256color").stdout


def test_a_lesson_is_coloured_on_a_terminal(tmp_path: Path) -> None:
    """The mistaken line is red, the right one green, and a scale that hides the mistake red; not with NO_COLOR."""
    words = ("gradcheck", "--arch", "mlp", "--inject", "tanh-twice", "--explain")
    wrong, right = "- return np.subtract(1, np.tanh(a) ** 2, out=out)", "+ return np.subtract(1, np.multiply(a, a, out"
    code, shown = on_terminal(*words, cwd=tmp_path)
    assert (code, f"\x1b[31m{wrong}" in shown, f"\x1b[32m{right}" in shown) == (1, True, True)
    assert re.search(r"\x1b\[1;31m *unseen", shown)
    code, shown = on_terminal(*words, cwd=tmp_path, NO_COLOR="1")
    assert (code, f"\n{wrong}" in shown, f"\n{right}" in shown, "\x1b[3" in shown) == (1, True, True, False)


GRADCHECK_ROW = {
    "case": str, "parameter": str, "shape": list, "max_relative_error": float, "passed": bool, "equation": str,
}  # fmt: skip


def test_gradcheck_as_json(tmp_path: Path) -> None:
    """The verdict, the time, and a row a parameter with its shape, error and equation."""
    result = bacterio("gradcheck", "--json", cwd=tmp_path)
    report = strict_json(result.stdout)
    assert (result.code, result.stderr) == (0, "")
    assert set(report) == {"passed", "seconds", "rows"}
    assert report["passed"] is True
    assert report["seconds"] > 0
    assert len(report["rows"]) > 100
    for row in report["rows"]:
        assert {name: type(value) for name, value in row.items()} == GRADCHECK_ROW
        assert row["passed"]
        assert row["max_relative_error"] <= 1e-10
        assert row["equation"]
    assert len({(row["case"], row["parameter"]) for row in report["rows"]}) == len(report["rows"])


@pytest.mark.parametrize("arch", ["rnn", "gru", "lstm", "mlp"])
def test_gradcheck_of_one_architecture(arch: str, tmp_path: Path) -> None:
    """--arch leaves only the cases of that kind, and all of its parameters are among them."""
    report = strict_json(bacterio("gradcheck", "--json", "--arch", arch, cwd=tmp_path).stdout)
    assert all(row["case"].removeprefix("cell ").startswith(arch) for row in report["rows"])
    expected = {"0.W", "0.b", "1.W"} if arch == "mlp" else {"0.W_ax", "0.W_aa", "0.b_a", "1.W_aa", "x", "0.a_0"}
    assert expected | {"E", "W_ya", "b_y"} <= {row["parameter"] for row in report["rows"]}


def test_gradcheck_as_a_table(tmp_path: Path) -> None:
    """A line a row on stdout, the verdict in one line on stderr."""
    result = bacterio("gradcheck", "--arch", "mlp", cwd=tmp_path)
    rows = result.stdout.splitlines()[1:]
    assert result.code == 0
    assert all(" pass " in row for row in rows)
    assert result.stderr.startswith(f"bacterio: all {len(rows)} rows pass; largest relative error ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("as_json", [False, True])
def test_a_planted_mistake_is_exit_1(as_json: bool, tmp_path: Path) -> None:
    """--inject shows rows that fail, in the table and in JSON; rows that the mistake does not touch still pass."""
    words = ("gradcheck", "--arch", "rnn", "--inject", "tanh-twice")
    result = bacterio(*words, *["--json"] * as_json, cwd=tmp_path)
    assert result.code == 1
    if as_json:
        report = strict_json(result.stdout)
        verdicts = [row["passed"] for row in report["rows"]]
        assert report["passed"] is False
        assert all(row["passed"] for row in report["rows"] if "relu" in row["case"] or "sigmoid" in row["case"])
    else:
        verdicts = [" FAIL " not in line for line in result.stdout.splitlines()[1:]]
        assert result.stderr.startswith(f"bacterio: {verdicts.count(False)} of {len(verdicts)} rows FAIL; ")
    assert 0 < verdicts.count(False) < len(verdicts)


def test_an_unknown_mistake_is_exit_2(tmp_path: Path) -> None:
    """The message says where the names are."""
    result = bacterio("gradcheck", "--inject", "typo", cwd=tmp_path)
    assert only_error(result, 2) == "--inject typo: no such mistake; 'bacterio gradcheck --list-bugs' lists them"


@pytest.mark.parametrize(("typed", "meant"), [("tanh-twise", "tanh-twice"), ("carry", "no-carry")])
def test_a_mistyped_mistake_is_guessed(typed: str, meant: str, tmp_path: Path) -> None:
    """The message asks whether the nearest name was meant."""
    said = only_error(bacterio("gradcheck", "--inject", typed, cwd=tmp_path), 2)
    assert said.startswith(f"--inject {typed}: no such mistake; did you mean {meant}? ")


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("smaple", "sample"),
        ("gradchek", "gradcheck"),
        ("sample --tmp 1", "--temp"),
        ("train names.txt --epoch 3", "--epochs"),
        ("train names.txt --arch lsmt", "lstm"),
        ("sample --format json", "jsonl"),
        ("gradcheck --inject tanh-twise", "did you mean tanh-twice?"),
    ],
)
def test_a_slip_of_the_finger_is_told_what_was_meant(words: str, meant: str, tmp_path: Path) -> None:
    """A command, an option or a value that there is not: stderr has the one that is most like it."""
    result = bacterio(*words.split(), cwd=tmp_path)
    assert (result.code, result.stdout) == (2, "")
    assert re.search(rf"(?<!\w){meant}(?!\w)", result.stderr)


@pytest.mark.parametrize("word", [["--json"], ["--inject", "tanh-twice"]])
def test_the_list_of_mistakes_stands_alone(word: list[str], tmp_path: Path) -> None:
    """Beside an option that it would swallow it is refused."""
    said = only_error(bacterio("gradcheck", "--list-bugs", *word, cwd=tmp_path), 2)
    assert said == "--list-bugs prints a list and checks nothing; give it alone"


def test_the_mistakes_are_listed_one_a_line(tmp_path: Path) -> None:
    """Each line begins with the name that --inject takes, in kebab case, and goes on with what it is."""
    result = bacterio("gradcheck", "--list-bugs", cwd=tmp_path)
    lines = [line.split(maxsplit=1) for line in result.stdout.splitlines()]
    assert (result.code, result.stderr) == (0, "")
    assert len({name for name, _ in lines}) == len(lines) >= 12
    assert all(name.replace("-", "").isalpha() and name.islower() and "-" in name for name, _ in lines)
    assert all(len(summary) > 10 for _, summary in lines)


def test_gradcheck_of_a_trained_model(room: Path) -> None:
    """-c proves each parameter of the file at full size."""
    report = strict_json(bacterio("gradcheck", "-c", "m.npz", "--json", cwd=room).stdout)
    shapes = {row["parameter"]: tuple(row["shape"]) for row in report["rows"]}
    assert report["passed"]
    assert {name: shapes[name] for name in small_model().params} == {
        name: p.shape for name, p in small_model().params.items()
    }


def test_a_tolerance_that_nothing_meets_fails(tmp_path: Path) -> None:
    """--tolerance decides: at 0 rounding alone is too much, and central differences need their own default."""
    assert bacterio("gradcheck", "--arch", "mlp", "--tolerance", 0, cwd=tmp_path).code == 1
    assert bacterio("gradcheck", "--arch", "mlp", "--method", "central", cwd=tmp_path).code == 0
    assert bacterio("gradcheck", "--arch", "mlp", "--method", "central", "--tolerance", 1e-13, cwd=tmp_path).code == 1


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"Abano\nCaf\xe9\n", "bad.txt:2: byte 0xe9 is not UTF-8"),
        (b"Abano\nBac\0illa\n", "bad.txt:2: control character U+0000"),
        (b"Abano\nBac\x1b[2Jilla\n", "bad.txt:2: control character U+001B"),
        (b"Abano\n" + b"x" * 600, "bad.txt:2: the line has 600 characters"),
        (b"Abano\n", "bad.txt: has only one name, 'Abano'"),
        (b"", "bad.txt: has no names"),
        (None, "cannot read bad.txt: No such file or directory"),
    ],
    ids=["Latin-1", "NUL", "ESC", "long line", "one name", "empty", "missing"],
)
def test_a_bad_list_is_one_line_and_leaves_the_model_alone(data: bytes | None, message: str, tmp_path: Path) -> None:
    """Exit 1 with the file and line, in words that a terminal can show; an existing --out is not touched."""
    if data is not None:
        (tmp_path / "bad.txt").write_bytes(data)
    (tmp_path / "m.npz").write_bytes(b"precious")
    result = bacterio("train", "bad.txt", "-o", "m.npz", cwd=tmp_path)
    assert only_error(result).startswith(message)
    assert result.stdout == ""
    assert result.stderr.rstrip("\n").isprintable()
    assert (tmp_path / "m.npz").read_bytes() == b"precious"
    assert {p.name for p in tmp_path.iterdir()} <= {"bad.txt", "m.npz"}


def test_a_name_that_lies_is_shown_escaped(tmp_path: Path) -> None:
    """A path with a line end or an escape in it cannot write a second line or colour the terminal."""
    result = bacterio("train", "no\n\x1b[31msuch", cwd=tmp_path)
    assert only_error(result) == r"cannot read no\x0a\x1b[31msuch: No such file or directory"


def test_training_prints_nothing_on_stdout(room: Path) -> None:
    """What is trained and how it went goes to stderr: the corpus, a report, and where the file is."""
    result = bacterio("train", "names.txt", "names.txt", *TINY, "-o", "out.npz", cwd=room)
    lines = result.stderr.splitlines()
    assert (result.code, result.stdout) == (0, "")
    assert lines[0].startswith("bacterio: 40 names (40 duplicates dropped), 19 letters; gru 1 × 8, ")
    assert lines[-1] == "bacterio: fitted on 36 names, 4 held out; saved to out.npz"
    row = load(room / "out.npz").history[-1]
    assert re.search(rf"^net +{row['valid_bits_per_char']:.4f}$", result.stderr, flags=re.MULTILINE)
    assert "\r" not in result.stderr


def test_quiet_training_prints_nothing(room: Path) -> None:
    """-q leaves both streams empty."""
    assert bacterio("train", "names.txt", *TINY, "-q", "-o", "quiet.npz", cwd=room) == (0, "", "")
    assert load(room / "quiet.npz").history[-1]["epoch"] == 2


@pytest.mark.parametrize(("closed", "left"), [(">&-", "stderr"), ("2>&-", "stdout")])
def test_training_does_not_need_its_streams(closed: str, left: str, room: Path) -> None:
    """With stdout or stderr closed it trains all the same, and the report does not go astray to stdout."""
    result = bacterio("train", "names.txt", *TINY, "-o", "closed.npz", cwd=room, shell=f'exec "$@" {closed}')
    assert result.code == 0, result
    assert result.stdout == ""
    assert ("saved to closed.npz" in result.stderr) == (left == "stderr")


@pytest.mark.parametrize(("out", "reason"), [("none/m.npz", "No such file or directory"), (".", "it is a directory")])
def test_an_out_that_cannot_be_written_is_refused_before_training(out: str, reason: str, room: Path) -> None:
    """The only line is the error: the list has not even been looked at."""
    result = bacterio("train", "names.txt", "-o", out, cwd=room)
    assert only_error(result) == f"cannot write {out}: {reason}; choose another place with --out"


def test_a_log_that_cannot_be_written_is_refused_before_training(room: Path) -> None:
    """A --log in a folder that does not exist is named, and no model is written."""
    result = bacterio("train", "names.txt", *TINY, "-o", "unlogged.npz", "--log", "none/log", cwd=room)
    assert only_error(result) == "cannot write none/log: No such file or directory"
    assert not (room / "unlogged.npz").exists()


def test_save_every_writes_between_epochs(room: Path) -> None:
    """With --save-every the file of a run that breaks off in its first epoch holds the last step saved."""
    result = bacterio(
        "train", "names.txt", *TINY, "-q", "--optimizer", "sgd", "--lr", "1e10", "--schedule", "constant", "--clip", 0,
        "--warmup", 2, "--arch", "rnn", "--activation", "relu", "--batch-size", 8, "--save-every", 1, "-o", "s.npz",
        cwd=room,
    )  # fmt: skip
    assert "is not finite at step" in only_error(result)
    progress = load(room / "s.npz").progress
    assert progress is not None
    assert 1 <= progress["step"] < 5


def test_sample_prints_names_alone(room: Path) -> None:
    """stdout has the names, one a line, and not the notice, which is on stderr."""
    result = bacterio("sample", "-c", "m.npz", "-n", 7, cwd=room)
    assert result.code == 0
    assert len(result.stdout.splitlines()) == 7
    assert all(line.isalpha() and line.istitle() for line in result.stdout.splitlines())
    assert result.stderr.startswith("bacterio: seed ")


def test_output_is_utf_8_whatever_the_locale(tmp_path: Path) -> None:
    """Names in Cyrillic come out as UTF-8 in the C locale."""
    write_names(tmp_path, ["Мос", "Том", "Омск", "Ком", "Сом", "Рим"])
    environment = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    assert bacterio("train", "names.txt", *TINY, "-q", "-o", "m.npz", cwd=tmp_path, **environment).code == 0
    result = bacterio("sample", "-c", "m.npz", "-n", 3, "--seed", 1, cwd=tmp_path, **environment)
    assert result.code == 0
    assert set("".join(result.stdout.split()).lower()) <= set("мостмкри")
    assert "vocabulary" in bacterio("info", "m.npz", cwd=tmp_path, **environment).stdout


@pytest.mark.parametrize(
    ("words", "kept_out"),
    [
        (["--help"], {"numpy", "rich", "matplotlib", "glob", "bacterio_cli.cli.train_session"}),
        (
            ["sample", "-n", "3", "--seed", "1"],
            {
                "rich",
                "matplotlib",
                "bacterio_cli.training.trainer",
                "bacterio_cli.dataset.cleaning",
                "bacterio_cli.cli.train_session",
            },
        ),
        (["score", "Abella"], {"rich", "matplotlib", "bacterio_cli.training.trainer"}),
        (["info", "--json"], {"rich", "matplotlib", "bacterio_cli.training.trainer"}),
    ],
)
def test_start_up_imports_only_what_it_uses(words: list[str], kept_out: set[str], tmp_path: Path) -> None:
    """--help does without numpy, and no command imports rich, matplotlib or the training before it needs them."""
    code = (
        "import sys; sys.argv[0] = 'bacterio'\n"
        "from bacterio_cli.__main__ import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(*sorted(sys.modules), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=tmp_path, env=os.environ | ENVIRONMENT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    loaded = set(done.stderr.split())
    assert "typer" in loaded
    assert not loaded & kept_out


@pytest.mark.parametrize(("said", "threads"), [({}, "1"), ({"OPENBLAS_NUM_THREADS": "4"}, "4")], ids=["unset", "set"])
def test_one_blas_thread_unless_the_environment_says_otherwise(
    said: dict[str, str], threads: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OPENBLAS_NUM_THREADS becomes 1 where it is not set, and stays where it is; nothing else changes."""
    monkeypatch.setattr(os, "environ", {"PATH": "/bin", **said})
    one_blas_thread()
    assert os.environ == {"PATH": "/bin", "OPENBLAS_NUM_THREADS": threads}


def test_malloc_is_asked_to_keep_what_is_freed(monkeypatch: pytest.MonkeyPatch) -> None:
    """M_MMAP_THRESHOLD (−3) and M_TRIM_THRESHOLD (−1) of the C library that runs are set to 1 GiB."""
    asked = []

    class Library:
        """A C library that writes down what it is asked for."""

        def __init__(self, name: str | None) -> None:
            assert name is None

        def mallopt(self, number: int, value: int) -> int:
            asked.append((number, value))
            return 1

    monkeypatch.setattr(ctypes, "CDLL", Library)
    keep_freed_memory()
    assert sorted(asked) == [(-3, 2**30), (-1, 2**30)]


@pytest.mark.parametrize("error", [None, OSError, TypeError], ids=["no mallopt", "no library", "no name"])
def test_another_c_library_is_left_alone(error: type[Exception] | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where ctypes finds no mallopt, no library, or wants a name for it, nothing happens and nothing is raised."""
    opened = []

    def library(name: str | None) -> object:
        opened.append(name)
        if error:
            raise error
        return object()

    monkeypatch.setattr(ctypes, "CDLL", library)
    keep_freed_memory()
    assert opened == [None]


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have no mallopt")
def test_freed_memory_is_not_fetched_again(tmp_path: Path) -> None:
    """After `keep_freed_memory` a block of 64 MiB that was freed is taken again without faulting in its pages."""
    code = """
from resource import RUSAGE_SELF, getrusage
from bacterio_cli.cli.runtime import keep_freed_memory
faults = []
for _ in range(3):
    before = getrusage(RUSAGE_SELF).ru_minflt
    bytearray(2**26)
    bytearray(2**26)
    faults.append(getrusage(RUSAGE_SELF).ru_minflt - before)
    keep_freed_memory()
print(*faults)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=os.environ | ENVIRONMENT, capture_output=True, check=True
    )
    plain, _, kept = map(int, done.stdout.split())
    assert kept < plain / 8
