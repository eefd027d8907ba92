"""The project's own files, as the tests of its conventions read them."""

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("portal", "scans", "inference", "accounts")


@cache
def files() -> tuple[Path, ...]:
    """Every file that is committed or would be: .gitignore decides."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split("\0")  # fmt: skip
    return tuple(sorted({ROOT / name for name in listed if name and (ROOT / name).is_file()}))


def named(*endings: str, rooms: tuple[str, ...] = ()) -> list[Path]:
    """Files with one of the endings, in the rooms named or anywhere."""
    return [
        path for path in files() if path.name.endswith(endings) and (not rooms or relative(path).split("/")[0] in rooms)
    ]


def product_modules() -> list[Path]:
    """The product's Python files, without migrations (Django writes them)."""
    return [path for path in named(".py", rooms=ROOMS) if "/migrations/" not in str(path)]


def relative(path: Path) -> str:
    """The path as people write it."""
    return path.relative_to(ROOT).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    """The file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method of a file."""
    return [node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def is_vendored(path: Path) -> bool:
    """Somebody else's file, kept as it came."""
    return "/vendor/" in str(path)


def lines(path: Path) -> int:
    """How many lines a file has."""
    return path.read_text(encoding="utf-8").count("\n")
