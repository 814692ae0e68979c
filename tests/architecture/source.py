"""The project's own source, parsed: what each module imports, and where."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from core.settings import PROJECT_ROOT


@dataclass(frozen=True)
class Import:
    """One imported module, by its full name as far as it is known: `core.model.call`, `aiortc.RTCPeerConnection`."""

    name: str
    line: int
    is_in_function: bool

    @property
    def top(self) -> str:
        return self.name.split(".")[0]


@dataclass(frozen=True)
class Module:
    """One source file."""

    path: str
    """From the project's root, with slashes."""
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @property
    def name(self) -> str:
        """As it is imported; a package's `__init__` is called like the package."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        return tuple(_imports(self.tree, in_function=False))


def _imports(node: ast.AST, in_function: bool) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        yield from (Import(alias.name, node.lineno, in_function) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        origin = "." * node.level + (node.module or "")
        yield from (Import(f"{origin}.{alias.name}", node.lineno, in_function) for alias in node.names)
    inside = in_function or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    for child in ast.iter_child_nodes(node):
        yield from _imports(child, inside)


def read_product() -> tuple[Module, ...]:
    """Every file of the product: `app.py`, `pages/` and `core/`."""
    files = [PROJECT_ROOT / "app.py", *(PROJECT_ROOT / "pages").rglob("*.py"), *(PROJECT_ROOT / "core").rglob("*.py")]
    return tuple(_read(file) for file in sorted(files) if file.is_file())


def _read(file: Path) -> Module:
    return Module(file.relative_to(PROJECT_ROOT).as_posix(), file.read_text(encoding="utf-8"))
