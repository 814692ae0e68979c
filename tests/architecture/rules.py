"""DESIGN's rules about imports and names, as functions of source: each names the places that break it."""

import ast
import graphlib
import sys
from collections.abc import Iterable, Iterator, Mapping

from tests.architecture.source import Module

LAYERS: tuple[frozenset[str], ...] = (
    frozenset({"core.model"}),
    frozenset({"core.settings"}),
    frozenset({"core.language"}),
    frozenset(f"core.{n}" for n in ("media", "speech", "assist", "guidance", "quality", "persona", "store", "access")),
    frozenset({"core.calls"}),
    frozenset({"core.parts"}),
    frozenset({"core.backend"}),
    frozenset({"core.desk", "core.guest"}),
    frozenset({"core.api", "core.ui"}),
    frozenset({"app", "pages"}),
)
"""Each may import what stands before it, and nothing of its own line but itself."""

HOMES: Mapping[str, tuple[str, ...]] = {
    "streamlit": ("app.py", "pages/", "core/ui/"),
    "streamlit_webrtc": ("core/ui/compat.py",),
    "plotly": ("core/ui/charts/",),
    "starlette": ("app.py", "core/api/"),
    "fastapi": ("core/api/",),
    "limits": ("core/api/guards/window.py",),
    "brotli": ("core/api/guards/compression.py",),
    "anyio": ("core/api/guards/compression.py",),
    "aiortc": ("core/media/",),
    "aioice": ("core/media/compat.py", "core/media/compat_ice.py", "core/media/ice_probe.py"),
    "pylibsrtp": ("core/media/compat.py",),
    "av": ("core/media/", "core/speech/recording.py"),
    "msgspec": ("core/media/",),
    "uvloop": ("core/media/__main__.py",),
    "psutil": ("core/media/",),
    "faster_whisper": ("core/speech/whisper.py",),
    "ctranslate2": ("core/speech/whisper.py",),
    "google": ("core/speech/google.py", "core/speech/google_connection.py"),
    "grpc": ("core/speech/google_connection.py",),
    "onnxruntime": ("core/speech/voice_activity.py",),
    "kiwipiepy": ("core/language/korean.py",),
    "nupunkt": ("core/language/english.py",),
    "snowballstemmer": ("core/language/english.py",),
    "babel": ("core/language/",),
    "sumy": ("core/assist/extractive.py",),
    "openai": ("core/assist/openai_model.py", "core/persona/realtime.py", "core/persona/rehearsal/model_answers.py"),
    "httpx2": ("core/assist/openai_model.py", "core/persona/realtime.py", "core/persona/rehearsal/model_answers.py"),
    "websockets": ("core/persona/realtime.py", "core/persona/rehearsal/server.py"),
    "bm25s": ("core/guidance/bm25_index.py",),
    "httpx": ("core/guidance/json_server.py",),
    "markdown_it": ("core/guidance/markdown.py",),
    "ijson": ("core/quality/webrtc_internals.py",),
    "pyarrow": ("core/quality/",),
    "duckdb": ("core/quality/fleet.py",),
    "prometheus_client": ("core/api/metrics.py",),
    "tsdownsample": ("core/quality/downsampling.py",),
    "pandas": ("core/quality/", "core/ui/"),
    "numpy": ("core/",),
    "sqlalchemy": ("core/store/",),
    "alembic": ("core/store/",),
    "itsdangerous": ("core/access/tokens.py",),
    "argon2": ("core/access/users.py",),
    "pydantic": ("core/settings/", "core/api/"),
    "pydantic_settings": ("core/settings/fields.py",),
    "dotenv": ("core/settings/loading.py",),
    "annotated_types": ("core/settings/table.py",),
    "yaml": ("core/settings/yaml_reader.py",),
    "regex": ("core/assist/timed_pattern.py",),
    "httpcore": ("core/calls/webhook_client.py",),
}
"""Where each foreign package may be imported. A new one is given its home here: one file for an SDK."""

COMPAT_TOO = frozenset({"core/media/compat_ice.py"})
"""Homes of private names beside a package's `compat.py`: aioice's finding of addresses is a matter of its own, and with
it `core/media/compat.py` would be too long."""
LONGEST = 400
TREES = frozenset({"core/model/errors.py", "core/settings/fields.py"})
"""A list of definitions whose whole is one drawing, or one table, may be longer."""
VAGUE_NAMES = frozenset({"utils", "util", "helpers", "helper", "common", "misc", "shared", "tools"})
PUBLIC_UNDERSCORES = frozenset({"_asdict", "_replace", "_fields", "_mapping"})


def layer_of(name: str) -> int | None:
    """Where a module stands in the order; None for what is not the product's."""
    for index, packages in enumerate(LAYERS):
        if any(name == package or name.startswith(package + ".") for package in packages):
            return index
    return None


def _package(name: str) -> str:
    return ".".join(name.split(".")[: 2 if name.startswith("core.") else 1])


def against_the_order(modules: Iterable[Module]) -> Iterator[str]:
    """Imports of a later layer, or of a neighbour in the same one; and modules that no layer knows."""
    for module in modules:
        here = layer_of(module.name)
        if here is None and module.name != "core":
            yield f"{module.path}: no layer of DESIGN's order knows it"
        for each in module.imports:
            there = layer_of(each.name)
            if here is None or there is None or _package(each.name) == _package(module.name):
                continue
            if there >= here:
                yield f"{module.path}:{each.line} imports {each.name}"


def beyond_the_standard_library(modules: Iterable[Module]) -> Iterator[str]:
    """Imports of `core/model` that are neither its own nor of the standard library."""
    for module in modules:
        if module.name.startswith("core.model"):
            for each in module.imports:
                if each.top not in sys.stdlib_module_names and not each.name.startswith("core.model."):
                    yield f"{module.path}:{each.line} imports {each.name}"


def away_from_home(modules: Iterable[Module]) -> Iterator[str]:
    """Foreign packages that are imported where they do not belong, or that have no home yet."""
    for module in modules:
        for each in module.imports:
            if each.top in sys.stdlib_module_names or layer_of(each.name) is not None or each.top == "core":
                continue
            homes = HOMES.get(each.top)
            if homes is None:
                yield f"{module.path}:{each.line} imports {each.top}, which has no home in tests/architecture/rules.py"
            elif not any(module.path == home or (home[-1] == "/" and module.path.startswith(home)) for home in homes):
                yield f"{module.path}:{each.line} imports {each.top}, whose home is {' or '.join(homes)}"


def inside_functions(modules: Iterable[Module]) -> Iterator[str]:
    """Imports inside functions."""
    for module in modules:
        yield from (f"{module.path}:{each.line} imports {each.name}" for each in module.imports if each.is_in_function)


def relative(modules: Iterable[Module]) -> Iterator[str]:
    """Imports relative to a package, which the other rules could not follow."""
    for module in modules:
        yield from (f"{module.path}:{each.line} imports {each.name}" for each in module.imports if each.top == "")


def in_a_circle(modules: Iterable[Module]) -> Iterator[str]:
    """A chain of imports that comes back to where it began."""
    by_name = {module.name: module for module in modules}
    graph = {
        name: {found for each in module.imports if (found := _resolved(each.name, by_name)) and found != name}
        for name, module in by_name.items()
    }
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        yield " <- ".join(error.args[1])


def _resolved(name: str, known: Mapping[str, Module]) -> str | None:
    return name if name in known else parent if (parent := name.rpartition(".")[0]) in known else None


def private_elsewhere(modules: Iterable[Module]) -> Iterator[str]:
    """Uses of private names of another module or library, which belong in a `compat.py` with a guard test."""
    modules = tuple(modules)
    inherited = set().union(*(_own_names(module.tree) for module in modules))
    for module in modules:
        if module.path.endswith("/compat.py") or module.path in COMPAT_TOO:
            continue
        for each in module.imports:
            if any(_is_private(part) for part in each.name.split(".")):
                yield f"{module.path}:{each.line} imports {each.name}"
        own = _own_names(module.tree)
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Attribute) or not _is_private(node.attr):
                continue
            if node.attr not in (inherited if ast.unparse(node.value) == "self" else own):
                yield f"{module.path}:{node.lineno} uses {ast.unparse(node)}"


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name != "_" and name not in PUBLIC_UNDERSCORES


def _own_names(tree: ast.Module) -> set[str]:
    """Private names that a module itself defines: functions, classes, variables, and what it puts into itself."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and ast.unparse(node.value) == "self":
            names.add(node.attr)
    return names


def nameless_workers(modules: Iterable[Module]) -> Iterator[str]:
    """Threads, pools and tasks without a name, which nobody can find in a log or a debugger."""
    wanted = {"Thread": "name", "Timer": "name", "create_task": "name", "ThreadPoolExecutor": "thread_name_prefix"}
    for module in modules:
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func).rpartition(".")[2]
            if called == "ensure_future":
                yield f"{module.path}:{node.lineno} starts a task by {called}"
            elif called in wanted and wanted[called] not in {keyword.arg for keyword in node.keywords}:
                yield f"{module.path}:{node.lineno} calls {called} without {wanted[called]}"


def vague_or_long(modules: Iterable[Module]) -> Iterator[str]:
    """Modules whose name says nothing, or that are too long to be about one thing."""
    for module in modules:
        if VAGUE_NAMES & set(module.name.split(".")):
            yield f"{module.path} is called after nothing in particular"
        lines = module.text.count("\n")
        if lines > LONGEST and module.path not in TREES:
            yield f"{module.path} has {lines} lines, more than {LONGEST}"
