"""Mutation testing: small faults, planted one at a time, each of which some test must notice.

    python tests/mutation.py [--count 500] [--seed 0] [--only nn/loss.py]

A fault goes into a temporary copy of the package, and the test files that belong to its module run there, the quick
ones first, until one fails. Faults that cannot change what the program answers stand in EQUIVALENT with the reason.
Exit code: 0, or 1 if fewer than nine in ten are noticed.
"""

from __future__ import annotations

import argparse
import ast
import compileall
import contextlib
import difflib
import importlib.util
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
BAR = 0.9
MEMORY = 6 * 2**20  # KiB of address space for the tests of one mutant, which may ask for anything
SLOWER, AT_LEAST = 4, 20.0  # a mutant has so many times the time of the tests as they are, and so many seconds

# Module → the tests that run for it, quick ones first.
TESTS: dict[str, tuple[str, ...]] = {
    "nn/layers.py": ("layers", "models", "cells", "worked_example", "oracles", "gradcheck"),
    "nn/loss.py": ("layers", "models", "worked_example", "oracles", "gradcheck"),
    "nn/packed.py": ("cells", "trunk", "models", "oracles", "gradcheck"),
    "nn/cells.py": ("cells", "models", "worked_example", "oracles", "gradcheck"),
    "nn/gated.py": ("cells", "models", "oracles", "gradcheck"),
    "nn/recurrent.py": ("recurrent", "trunk", "cells", "models", "gradcheck"),
    "nn/models.py": ("models", "cells", "worked_example", "oracles", "gradcheck"),
    "nn/optim.py": ("optim", "training"),
    "nn/halves.py": ("halves",),
    "nn/chunks.py": ("chunks",),
    "ngram.py": ("ngram", "prefixes"),
    "names/rules.py": ("rules",),
    "checkpoint.py": ("checkpoint",),
}

ANY = "…"
# (file, function, original line, mutated line or ANY) → why no test could tell the two apart.
EQUIVALENT: dict[tuple[str, str, str, str], str] = {
    (
        "nn/cells.py",
        "RNN.backward",
        "carry = dstate[0].astype(slope.dtype)",
        "carry = dstate[(-1)].astype(slope.dtype)",
    ): "the plain cell has a single state",
    (
        "nn/loss.py",
        "softmax_backward",
        "return y_hat * (dy_hat - (y_hat * dy_hat).sum(axis=-1, keepdims=True))",
        "return y_hat * (dy_hat - (y_hat * dy_hat).sum(axis=1, keepdims=True))",
    ): "its array has two axes",
    **{
        (file, function, line, line.replace("-1", "-2")): "NumPy takes any negative length for the one that it finds"
        for file, function, line in (
            (
                "nn/models.py",
                "WindowMLP.backward",
                'grads["E"] = sum_rows(dh.reshape(-1, self.n_x), caches[0].ravel(), self.n_y)',
            ),
            (
                "nn/models.py",
                "WindowMLP.forward",
                'h = rows.dense(self.n_y, params["W_ya"].dtype).reshape(len(windows), -1)',
            ),
            ("ngram.py", "NGram.distributions", "P.reshape(-1)[cell[begin:end]] += value[begin:end]"),
        )
    },
    (
        "nn/optim.py",
        "learning_rate",
        "return peak * SCHEDULES[schedule](min(1.0, (step - warmup) / max(1, total - warmup)))",
        "return peak * SCHEDULES[schedule](min(1.0, (step - warmup) / max(2, total - warmup)))",
    ): "a single step after the warm-up is at 0 of its way, in whatever parts",
    (
        "nn/gated.py",
        "GRU.backward",
        "carry = dstate[0].astype(history.dtype)",
        "carry = dstate[(-1)].astype(history.dtype)",
    ): "the cell has a single state",
    (
        "ngram.py",
        "NGram.states",
        "current, begin = self.start(int(batch_sizes[0]))[0], 0",
        "current, begin = self.start(int(batch_sizes[0]))[(-1)], 0",
    ): "the table has a single state",
    (
        "nn/models.py",
        "WindowMLP.windows",
        "line = np.zeros((B, w - 1 + len(batch_sizes)), np.intp)",
        "line = np.zeros((B, w - 0 + len(batch_sizes)), np.intp)",
    ): "a column more, which is never read",
    (
        "nn/layers.py",
        "relu",
        "return np.multiply(z, z.real > 0, out=out)",
        "return np.multiply(z, z.real >= 0, out=out)",
    ): "0 times either is 0",
    (
        "names/rules.py",
        "gender",
        "for length in range(LONGEST_ENDING, 0, -1):",
        "for length in range(LONGEST_ENDING, (-1), -1):",
    ): "no letters at the end are all letters, and a name that is an ending was found before",
    (
        "names/rules.py",
        "pronounce",
        'kind = "vowels" if run[0][0] in "aeiouy" else "consonants"',
        'kind = "vowels" if run[0][1] in "aeiouy" else "consonants"',
    ): "a run is all of one kind",
    (
        "ngram.py",
        "NGram.after",
        "place = np.minimum(np.searchsorted(self.counts.keys, key), len(self.counts.keys) - 1)",
        "place = np.minimum(np.searchsorted(self.counts.keys, key), len(self.counts.keys) - 2)",
    ): "the last pair has a context of full length, and the next shorter one leads to the same state",
    (
        "ngram.py",
        "NGram.smoothed",
        "D = np.array([0, *self.discounts])[np.minimum(c.count, 3)]",
        "D = np.array([1, *self.discounts])[np.minimum(c.count, 3)]",
    ): "nothing is counted 0 times",
    (
        "ngram.py",
        "Counts.join",
        "target.append(np.where(y[rep] > 0, offsets[up] + contexts[up][after], offsets[min(1, top)] + boundary))",
        "target.append(np.where(y[rep] > 0, offsets[up] + contexts[up][after], offsets[min(1, top)] - boundary))",
    ): "the boundary, id 0, is the first of the contexts of one letter",
    (
        "checkpoint.py",
        "write_archive",
        'np.lib.format.write_array(buffer, np.asarray(array, order="C"), allow_pickle=False)',
        'np.lib.format.write_array(buffer, np.asarray(array, order="C"), allow_pickle=True)',
    ): "arrays of objects are never written",
    (
        "ngram.py",
        "Counts.of",
        "if k + 1 < order:",
        "if k + 0 < order:",
    ): "what the longest level would get so is never read",
    ("nn/layers.py", "", "ONE_HOT_IDS = 128", ANY): "speed alone: both ways of adding up give the same sums",
    ("nn/packed.py", "", "TRUNK_FROM = 256", ANY): "speed alone: a trunk changes nothing, which has a test",
    (
        "nn/packed.py",
        "trunk_of",
        "if batch_sizes[1:2].tolist() != [B] or (x[:B] != x[0]).any():",
        "if batch_sizes[1:2].tolist() != [B] or (x[:B] != x[1]).any():",
    ): "all are alike if each is as the second",
    (
        "nn/packed.py",
        "previous_rows",
        "rows[1 : 1 + batch_sizes[1]] = 1",
        "rows[2 : 1 + batch_sizes[1]] = 1",
    ): "the first of them is 1 already",
    (
        "nn/packed.py",
        "previous_rows",
        "if first * len(batch_sizes) == N:",
        "if first / len(batch_sizes) == N:",
    ): "speed alone: without this branch the rows are the same",
    ("nn/recurrent.py", "", "LARGE = 512", ANY): "speed alone: the forms of a product agree, which has a test",
    (
        "nn/recurrent.py",
        "RecurrentProduct.backward",
        "out[1:] = 0",
        "out[0:] = 0",
    ): "the first row is written to after that",
    ("nn/recurrent.py", "", "COLUMNS = 64", ANY): "speed alone: as above",
    ("nn/recurrent.py", "", "SMALL = 100**3", ANY): "speed alone: as above",
    ("nn/optim.py", "", "BLOCK = 2**16", ANY): "speed alone: blocks of any size change no bit, which has a test",
    ("nn/optim.py", "", "LONG_BLOCK = 2**18", ANY): "speed alone: as above",
    ("nn/optim.py", "", "THREADS_FROM = 2**19", ANY): "speed alone: as above",
    ("ngram.py", "", "DENSE_ENTRIES = 2**22", ANY): "speed against memory: both forms give the same bits",
    (
        "nn/models.py",
        "CharRNN.backward",
        "_, embedding_grads = self.embedding.backward(params, caches[0], dh)",
        ANY,
    ): "the embedding needs no cache on its way back, for its ids have no gradient",
    (
        "ngram.py",
        "NGram.dense",
        "if S * self.n_y > DENSE_ENTRIES:",
        "if S * self.n_y >= DENSE_ENTRIES:",
    ): "speed against memory: both forms give the same bits",
    (
        "ngram.py",
        "Counts.of",
        "begun = np.maximum.accumulate(np.where(ids[:-1] == 0, position, 0))",
        "begun = np.maximum.accumulate(np.where(ids[:-1] == 0, position, (-1)))",
    ): "the text begins with a boundary, at 0, and nothing less comes after it",
    ("ngram.py", "Counts.of", "pair_of = np.full(M, -1)", ANY): "what stands where no pair was seen is never read",
    ("ngram.py", "Counts.of", "context = np.full(M, -1)", ANY): "what stands where the depth is less is never read",
    (
        "ngram.py",
        "NGram.smoothed",
        "D = np.array([0, *self.discounts])[np.minimum(c.count, 3)]",
        "D = np.array([(-1), *self.discounts])[np.minimum(c.count, 3)]",
    ): "no pair was seen 0 times",
    (
        "ngram.py",
        "NGram.distributions",
        "at = np.stack(contexts[-2::-1])",
        "at = np.stack(contexts[-1::-1])",
    ): "once more beyond the empty context, where there are no pairs and γ = 1",
    (
        "nn/models.py",
        "WindowMLP.windows",
        "line[:, : w - 1] = state[0] if state else 0",
        "line[:, : w - 1] = gathered(state[(-1)]) if state else 0",
    ): "the model has a single state",
    (
        "nn/layers.py",
        "sum_rows",
        "if n <= ONE_HOT_IDS:",
        "if n < ONE_HOT_IDS:",
    ): "speed alone: both ways of adding up give the same sums",
    (
        "nn/layers.py",
        "sum_rows",
        "first = np.flatnonzero(np.diff(sorted_ids, prepend=-1))",
        "first = np.flatnonzero(np.diff(sorted_ids, prepend=-2))",
    ): "no id is below 0",
    (
        "nn/layers.py",
        "transposed",
        "for k in range(0, W.shape[1], 16):",
        "for k in range(0, W.shape[1], 15):",
    ): "speed alone: rows are copied in parts of any size",
    (
        "nn/optim.py",
        "clip_by_norm",
        "if norm > limit:",
        "if norm >= limit:",
    ): "at the limit it multiplies by 1",
    (
        "nn/chunks.py",
        "in_chunks",
        "if count <= size // 2:",
        "if count <= size / 2:",
    ): "sizes are even",
    ("ngram.py", "Counts.of", "if k + 1 < order:", "if k - 1 < order:"): "prepares a level that nobody asks for",
    (
        "ngram.py",
        "Counts.of",
        "code = (context[longer - 1] if k else np.zeros(len(longer), np.int64)) * n_y + ids[longer]",
        "code = (context[longer - 1] if k else np.zeros(len(longer), np.int64)) * n_y - ids[longer]",
    ): "other numbers for the states of one length, which have no order among themselves",
}

COMPARISONS = {
    "<": ("<=", ">="), "<=": ("<", ">"), ">": (">=", "<="), ">=": (">", "<"), "==": ("!=",), "!=": ("==",),
    "is not": ("is",), "is": ("is not",), "not in": ("in",), "in": ("not in",),
}  # fmt: skip
ARITHMETIC = {
    "+": "-", "-": "+", "*": "/", "/": "*", "//": "/", "%": "*", "**": "*", "@": "*",
    "|": "&", "&": "|", "^": "|", "<<": ">>", ">>": "<<",
}  # fmt: skip
TOKEN = re.compile(r"is\s+not\b|not\s+in\b|is\b|in\b|and\b|or\b|\*\*|//|<<|>>|[<>=!]=|[-+*/%@|&^<>]")
Edit = tuple[int, int, str]  # bytes begin:end of the source give way to the text


class Mutant(NamedTuple):
    """One fault: bytes begin:end of the file give way to `text`; `old` and `new` are the lines that differ."""

    file: str
    function: str
    line: int
    begin: int
    end: int
    text: str
    old: str
    new: str

    def applied(self, source: str) -> str:
        """The source with the fault in it."""
        data = source.encode()
        return (data[: self.begin] + self.text.encode() + data[self.end :]).decode()

    def equivalent(self) -> bool:
        """Whether the table says that it changes nothing."""
        key = (self.file, self.function, self.old)
        return (*key, self.new) in EQUIVALENT or (*key, ANY) in EQUIVALENT


class Source:
    """A file's text, its tree, and where each node stands in bytes."""

    def __init__(self, text: str) -> None:
        self.text, self.data, self.tree = text, text.encode(), ast.parse(text)
        self.starts = [0]
        for line in text.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line.encode()))

    def begin(self, node: ast.AST) -> int:
        """The first byte of a node."""
        return self.starts[node.lineno - 1] + node.col_offset  # type: ignore[attr-defined]

    def end(self, node: ast.AST) -> int:
        """One past the last byte of a node."""
        return self.starts[node.end_lineno - 1] + node.end_col_offset  # type: ignore[attr-defined]

    def token(self, left: ast.AST, right: ast.AST) -> tuple[int, int, str]:
        """The operator between two operands, and where it stands."""
        begin = self.end(left)
        found = TOKEN.search(self.data[begin : self.begin(right)].decode("latin-1"))
        assert found
        return begin + found.start(), begin + found.end(), " ".join(found[0].split())


def operators(source: Source, node: ast.AST) -> Iterator[Edit]:
    """Comparison, arithmetic and logical operators give way to others."""
    match node:
        case ast.Compare():
            for left, right in zip([node.left, *node.comparators], node.comparators, strict=False):
                begin, end, token = source.token(left, right)
                for other in COMPARISONS[token]:
                    yield begin, end, other
        case ast.BinOp():
            begin, end, token = source.token(node.left, node.right)
            yield begin, end, ARITHMETIC[token]
        case ast.AugAssign():
            begin, end, token = source.token(node.target, node.value)
            yield begin, end, ARITHMETIC[token]  # the = after it stays
        case ast.BoolOp():
            for left, right in zip(node.values, node.values[1:], strict=False):
                begin, end, token = source.token(left, right)
                yield begin, end, "or" if token == "and" else "and"
        case ast.UnaryOp(op=ast.Not() | ast.USub() | ast.Invert() as operator):
            begin = source.begin(node)
            yield begin, begin + (len("not ") if isinstance(operator, ast.Not) else 1), ""


def constants(source: Source, node: ast.AST) -> Iterator[Edit]:
    """True for False and back; numbers one more and one less."""
    if not isinstance(node, ast.Constant) or isinstance(node.value, str | bytes | complex | None | type(...)):
        return
    begin, end = source.begin(node), source.end(node)
    if isinstance(node.value, bool):
        yield begin, end, str(not node.value)
    else:
        yield begin, end, repr(node.value + 1)
        less = repr(node.value - 1)
        yield begin, end, f"({less})" if less.startswith("-") else less


def conditions(source: Source, node: ast.AST) -> Iterator[Edit]:
    """A condition gives way to its opposite."""
    tests = [node.test] if isinstance(node, ast.If | ast.While | ast.IfExp) else getattr(node, "ifs", [])
    for test in tests:
        begin, end = source.begin(test), source.end(test)
        yield begin, end, f"(not ({source.data[begin:end].decode()}))"


def statements(source: Source, node: ast.AST) -> Iterator[Edit]:
    """A statement is left out, or the function ends before it."""
    if isinstance(node, ast.FunctionDef):
        body = node.body[1:] if ast.get_docstring(node) is not None else node.body
        answers = any(isinstance(inner, ast.Return) and inner.value for inner in ast.walk(node))
        for statement in body[:1] if answers else body:
            begin = source.begin(statement)
            yield begin, begin, "return None\n" + " " * statement.col_offset
        return
    stored = isinstance(node, ast.Assign) and all(isinstance(t, ast.Subscript | ast.Attribute) for t in node.targets)
    called = isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant)
    if stored or called or isinstance(node, ast.AugAssign | ast.Raise | ast.Continue | ast.Break | ast.Delete):
        yield source.begin(node), source.end(node), "pass"


# What people and type checkers read, and decorators, whose arguments are guards; so is the `strict` of a zip.
UNREAD = {"annotation", "returns", "decorator_list", "type_params"}


def places(node: ast.AST, function: str = "") -> Iterator[tuple[ast.AST, str]]:
    """Every node in which a fault can be planted, with the name of the function around it."""
    for field, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or field in UNREAD or isinstance(child, ast.JoinedStr):
                continue
            if isinstance(child, ast.keyword) and child.arg == "strict":
                continue
            if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
                continue
            alias = isinstance(node, ast.Module | ast.Assign) and isinstance(child, ast.BinOp) and not function
            if alias and isinstance(child.op, ast.BitOr):  # type: ignore[attr-defined]
                continue
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                inner = f"{function}.{child.name}".lstrip(".")
                yield child, inner
                yield from places(child, inner)
            else:
                yield child, function
                yield from places(child, function)


def mutants(text: str, file: str) -> list[Mutant]:
    """Every fault that can be planted in a source text, in the order of the text."""
    source, found = Source(text), {}
    for node, function in places(source.tree):
        for kind in (operators, constants, conditions, statements):
            for begin, end, new in kind(source, node):
                line = source.data.count(b"\n", 0, begin)
                last = source.data.count(b"\n", 0, end)
                old_lines = source.data[source.starts[line] : source.starts[last + 1]]
                shift = source.starts[line]
                new_lines = old_lines[: begin - shift] + new.encode() + old_lines[end - shift :]
                mutant = Mutant(
                    file, function, line + 1, begin, end, new, joined(old_lines.decode()), joined(new_lines.decode())
                )
                if mutant.old != mutant.new:
                    found[begin, end, new] = mutant
    return [found[key] for key in sorted(found)]


def joined(lines: str) -> str:
    """Lines as one, without the comments, so that a key outlives a change of either."""
    return " ".join(re.sub(r"  #.*", "", lines).split())


def diff(mutant: Mutant, text: str) -> str:
    """The fault as people read it."""
    lines = difflib.unified_diff(text.splitlines(), mutant.applied(text).splitlines(), lineterm="", n=0)
    return "\n".join(f"    {line}" for line in lines if not line.startswith(("---", "+++", "@@")))


class Room:
    """A copy of the package and its tests, in which one file at a time is at fault."""

    def __init__(self, folder: Path, root: Path = ROOT) -> None:
        self.folder = folder
        for name in ("bacterio_cli", "tests"):
            ignored = shutil.ignore_patterns("__pycache__", ".*")
            shutil.copytree(root / name, folder / name, ignore=ignored)
        for name in ("data", "README.md", "pyproject.toml"):
            if (root / name).exists():
                (folder / name).symlink_to((root / name).resolve())
        compileall.compile_dir(folder / "bacterio_cli", quiet=2)

    def passes(self, tests: Sequence[str], seconds: float, *, keep: bool = True) -> bool | None:
        """Whether the test files pass; None if they take longer than that.

        Byte code is not kept while a file is at fault: it goes by the second and the size, which two faults may share.
        """
        files = [f"tests/test_{name}.py" for name in tests]
        words = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *files]
        settings = {"PYTHONPATH": str(self.folder), "OPENBLAS_NUM_THREADS": "1"}
        settings["PYTHONDONTWRITEBYTECODE"] = "" if keep else "1"
        # A fault is no part of what `make coverage` measures.
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
        process = subprocess.Popen(
            ["sh", "-c", f'ulimit -v {MEMORY}; exec "$@"', "sh", *words],
            cwd=self.folder, env=inherited | settings, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            return process.wait(seconds) == 0
        except subprocess.TimeoutExpired:
            return None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # and what the tests may have started
            process.wait()

    def verdict(self, mutant: Mutant, tests: Sequence[str], seconds: float) -> str:
        """killed, survived or timeout: what the tests say with the fault in place; afterwards all is as before."""
        path = self.folder / "bacterio_cli" / mutant.file
        text = path.read_text(encoding="utf-8")
        Path(importlib.util.cache_from_source(str(path))).unlink(missing_ok=True)
        path.write_text(mutant.applied(text), encoding="utf-8")
        try:
            passed = self.passes(tests, seconds, keep=False)
        finally:
            path.write_text(text, encoding="utf-8")
        return "timeout" if passed is None else "survived" if passed else "killed"


def main() -> int:
    """Plant, test, report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--count", type=int, default=500, help="mutants in the sample")
    parser.add_argument("--seed", type=int, default=0, help="which sample")
    parser.add_argument("--only", action="append", choices=sorted(TESTS), help="this module; may be given again")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # through every finally: a fault may loop for ever
    files = options.only or list(TESTS)
    texts = {file: (ROOT / "bacterio_cli" / file).read_text(encoding="utf-8") for file in files}
    everything = [mutant for file in files for mutant in mutants(texts[file], file)]
    random.Random(options.seed).shuffle(everything)  # a smaller sample is the beginning of a larger one
    different = [mutant for mutant in everything if not mutant.equivalent()]
    sample = different[: options.count]
    print(f"{len(everything)} mutants, {len(everything) - len(different)} of them equivalent; {len(sample)} are tested")

    tally: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        room = Room(Path(folder))
        limits: dict[str, float] = {}
        for file in sorted({mutant.file for mutant in sample}):
            begun = time.monotonic()
            if not room.passes(TESTS[file], 600):
                print(f"{file}: its tests do not pass as they are")
                return 1
            limits[file] = max(AT_LEAST, SLOWER * (time.monotonic() - begun))
        for number, mutant in enumerate(sample, 1):
            outcome = room.verdict(mutant, TESTS[mutant.file], limits[mutant.file])
            tally[outcome] += 1
            if outcome == "survived":
                where = f"bacterio_cli/{mutant.file}:{mutant.line} in {mutant.function or 'the module'}"
                print(f"survived: {where}\n{diff(mutant, texts[mutant.file])}", flush=True)
            if sys.stderr.isatty():
                print(f"\r{number}/{len(sample)}", end="\r", file=sys.stderr, flush=True)
    noticed = tally["killed"] + tally["timeout"]
    rate = noticed / max(1, len(sample))
    print(f"killed {tally['killed']}, timeouts {tally['timeout']}, survived {tally['survived']}: {rate:.1%} noticed")
    return int(rate < BAR)


if __name__ == "__main__":
    sys.exit(main())
