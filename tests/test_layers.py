"""The house rules that the syntax tree and a fresh interpreter can prove."""
from __future__ import annotations

import ast
import builtins
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = ROOT / "sessionmock"
PLUGIN = ROOT / "plugins" / "pytest_sessionmock"

# The lowest layer first; a folder or module of sessionmock stands in exactly one.
LAYERS = (
    {"clock", "digest", "documented", "errors", "history", "latch", "patches", "registry", "regular", "secrets", "shown", "trace", "user_code"},
    {"delegates"},
    {"models"},
    {"faults"},
    {"core"},
    {"engine"},
    {"stores", "routes", "path_monitor"},
    {"load"},
    {"arrivals", "async_bytes", "clients", "loading", "remarks", "resources", "revalidations", "session", "task_arguments", "tasks"},
    {"objective_c"},
    {"background", "cli", "invariants", "leaks"},
    {"__init__", "__main__"},
)
# Folders whose modules import each other in no circle. The others are to follow.
FREE_OF_CIRCLES = (
    "cli", "clients", "core", "delegates", "engine", "faults", "invariants", "leaks", "load", "routes",
    "routes/cassette", "routes/cassette/formats", "secrets",
    "routes/httpx", "routes/live", "routes/live/http1", "routes/live/http2", "routes/live/network", "routes/script", "stores")
LAYER_OF = {name: number for number, names in enumerate(LAYERS) for name in names}

# What users call and derive from, with signatures that name what stands above: a task, a store. None of that is imported when it runs.
SIGNATURES = {f"sessionmock/{name}.py" for name in (
    "delegates/protocols", "errors", "history", "models/configuration", "models/message", "routes/url_protocol", "stores/cookie_storage",
    "stores/url_cache", "trace")}
IMPURE = {"asyncio", "httpx", "socket", "threading", "time"}      # what core/ and models/ go without
HTTPX_EDGE = "routes/httpx/edge.py"
CLOCK = "clock.py"
HEAVY = {"h2", "jinja2", "respx", "rich", "sqlite3", "vcr", "websockets", "yaml"}

ASYNCIO_WAITS = {"sleep", "timeout", "timeout_at", "wait_for"}
LOOP_TIMERS = {"call_at", "call_later"}
WAITING = {"acquire", "get", "join", "result", "wait", "wait_for"}


class Import(NamedTuple):
    """One imported module or name, absolute."""

    line: int
    target: str      # "sessionmock.models.url.split_url", "time", "collections.abc.Callable"


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(), str(file))


def nodes(file: Path) -> Iterator[ast.AST]:
    """Everything in a file; of those of `SIGNATURES` without what is imported for type checkers alone."""
    left_out = {id(node) for block in ast.walk(tree(file)) if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
                for node in ast.walk(block)} if file.relative_to(LIBRARY.parent).as_posix() in SIGNATURES else ()
    return (node for node in ast.walk(tree(file)) if id(node) not in left_out)


def sources(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def module_of(file: Path) -> tuple[str, ...]:
    """The dotted name of a file of either package, taken apart; that of a package ends in __init__."""
    home = LIBRARY.parent if file.is_relative_to(LIBRARY) else PLUGIN.parent
    return file.relative_to(home).with_suffix("").parts


def imports(file: Path) -> Iterator[Import]:
    for node in nodes(file):
        if isinstance(node, ast.Import):
            yield from (Import(node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = module_of(file)[:-node.level] if node.level else ()
            base = ".".join((*package, *filter(None, [node.module])))
            yield from (Import(node.lineno, f"{base}.{alias.name}") for alias in node.names)


def place(file: Path, line: int) -> str:
    return f"{file.relative_to(ROOT)}:{line}"


def top(target: str) -> str:
    return target.partition(".")[0]


def test_every_module_has_a_layer() -> None:
    """Each folder and module of sessionmock stands in a layer."""
    there = {path.stem for path in LIBRARY.iterdir() if path.suffix == ".py" or list(path.glob("*.py"))}
    assert set() == there - set(LAYER_OF)


def test_imports_go_down_or_stay_in_the_folder() -> None:
    """A module imports from lower layers and from its own folder, and from nowhere else in sessionmock."""
    wrong = []
    for file in sources(LIBRARY):
        own = module_of(file)[1]
        for line, target in imports(file):
            parts = target.split(".")
            if parts[0] != "sessionmock":
                continue
            other = parts[1] if len(parts) > 1 and parts[1] in LAYER_OF else "__init__"
            down = LAYER_OF[other] < LAYER_OF[own]
            inside = other == own or (LAYER_OF[other] == LAYER_OF[own] and (LIBRARY / f"{own}.py").exists())
            if not (down or inside):
                wrong.append(f"{place(file, line)}: {own} (layer {LAYER_OF[own]}) imports {target} (layer {LAYER_OF[other]})")
    assert [] == wrong


def needs(file: Path) -> set[str]:
    """The modules next to `file`, in its own folder, that it imports: anywhere in it, and for type checking alone too."""
    home = module_of(file)[:-1]
    within = [target.split(".") for _, target in imports(file)]
    names = {parts[len(home)] for parts in within if tuple(parts[:len(home)]) == home and len(parts) > len(home)}
    return {name for name in names if (file.parent / f"{name}.py").exists() and name != file.stem}


@pytest.mark.parametrize("folder", [*(LIBRARY / folder for folder in FREE_OF_CIRCLES), PLUGIN], ids=lambda folder: folder.name)
def test_no_circle_within_a_folder(folder: Path) -> None:
    """The modules of a folder can be read in an order in which each needs earlier ones only, annotations included."""
    try:
        TopologicalSorter({file.stem: needs(file) for file in sorted(folder.glob("*.py"))}).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def reached(target: str, modules: dict[str, Path]) -> str:
    """The module of `modules` that an import of `target` means: itself, or the one that holds the name; "" for none."""
    while target not in modules and target:
        target = target.rpartition(".")[0]
    return target


def test_no_circle_among_all_modules_of_routes() -> None:
    """Whatever their folders: what serves several protocols knows none of them, annotations included."""
    modules = {".".join(module_of(file)).removesuffix(".__init__"): file for file in sources(LIBRARY / "routes")}
    graph = {name: {reached(target, modules) for _, target in imports(file)} - {name, ""} for name, file in modules.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


@pytest.mark.parametrize("folder", ["core", "models"])
def test_pure_folders_import_nothing_that_waits_or_connects(folder: str) -> None:
    """core/ and models/ import no asyncio, httpx, socket, threading or time."""
    assert [] == [f"{place(file, line)}: {target}" for file in sources(LIBRARY / folder)
                  for line, target in imports(file) if top(target) in IMPURE]


def test_httpx_is_imported_in_one_module() -> None:
    """httpx is imported by routes/httpx/edge.py alone."""
    found = {file.relative_to(LIBRARY).as_posix() for file in sources(LIBRARY)
             for _, target in imports(file) if top(target) == "httpx"}
    assert set() == found - {HTTPX_EDGE}


# time and waiting --------------------------------------------------------------------------------------------------
def _is_limit_of(method: str, call: ast.Call, receiver: str) -> bool:
    """Whether the arguments by position of `receiver.method(...)` hold a limit."""
    first = call.args[0]
    if isinstance(first, ast.Constant) and first.value is None:
        return False
    match method:
        case "wait":          # Event.wait(1); the engine's takes what is waited for
            return len(call.args) == 1 and receiver != "asyncio" and not receiver.endswith("engine")
        case "result":
            return True
        case "acquire" | "wait_for":
            return len(call.args) > 1
        case "get":           # Queue.get(True, 1), and not dict.get("a", 1)
            return len(call.args) > 1 and isinstance(first, ast.Constant) and isinstance(first.value, bool)
        case "join":          # Thread.join(1), and not ", ".join(names)
            return isinstance(first, ast.Constant) and not isinstance(first.value, str | bytes)
    return False


def _wait(node: ast.AST) -> bool:
    """Whether `node` reads a clock, sets a timer or waits with a limit."""
    match node:
        case ast.Import(names=names):
            return any(top(alias.name) == "time" for alias in names)
        case ast.ImportFrom(module="time", level=0):
            return True
        case ast.ImportFrom(module=str(module), names=names, level=0):
            return top(module) == "asyncio" and not ASYNCIO_WAITS.isdisjoint(alias.name for alias in names)
        case ast.Attribute(value=ast.Name(id="asyncio"), attr=name):
            return name in ASYNCIO_WAITS
        case ast.Attribute(value=receiver, attr=name):
            return name in LOOP_TIMERS and "clock" not in ast.unparse(receiver).rpartition(".")[2].lower()
        case ast.Call(func=ast.Attribute(value=receiver, attr=name)) if name in WAITING:
            for keyword in node.keywords:
                if keyword.arg == "timeout":
                    return not (isinstance(keyword.value, ast.Constant) and keyword.value.value is None)
            return bool(node.args) and _is_limit_of(name, node, ast.unparse(receiver))
    return False


def waits(module: ast.Module) -> list[tuple[int, str]]:
    """Everything in a module that reads a clock, sets a timer or waits with a limit, by line."""
    return [(node.lineno, ast.unparse(node)) for node in ast.walk(module)
            if isinstance(node, ast.stmt | ast.expr) and _wait(node)]


@pytest.mark.parametrize("code", [
    "import time", "from time import monotonic", "asyncio.sleep(1)", "from asyncio import wait_for", "asyncio.timeout(1)",
    "loop.call_later(1, f)", "self._loop.call_at(1, f)", "event.wait(1)", "event.wait(timeout=limit)", "queue.get(True, 1)",
    "queue.get(timeout=1)", "thread.join(5)", "lock.acquire(True, 1)", "lock.acquire(timeout=1)", "future.result(1)",
    "asyncio.wait(tasks, timeout=1)", "condition.wait_for(f, 1)",
])
def test_watch_sees_a_wait(code: str) -> None:
    """Each way to wait with a limit is noticed."""
    assert [1] == [line for line, _ in waits(ast.parse(code))]


@pytest.mark.parametrize("code", [
    "self._clock.call_at(when, f)", "host.clock.call_at(when, f)", "event.wait()", "', '.join(names)", "headers.get('a', 1)",
    "sent.get(True)", "lock.acquire()", "lock.acquire(False)", "self.engine.wait(latch)", "future.result()",
    "future.result(timeout=None)", "os.path.join(a, b)", "asyncio.wait(tasks)", "from .time import zone", "thread.join()",
])
def test_watch_lets_the_rest_pass(code: str) -> None:
    """What does not wait, or waits without a limit, is let through."""
    assert [] == waits(ast.parse(code))


def test_time_and_waiting_only_through_the_clock() -> None:
    """Nothing in sessionmock but clock.py reads a clock, sets a timer or waits with a limit."""
    assert [] == [f"{place(file, line)}: {what}" for file in sources(LIBRARY) if file != LIBRARY / CLOCK
                  for line, what in waits(tree(file))]


# the plugin, and what an import costs ------------------------------------------------------------------------------
def loaded(statement: str) -> set[str]:
    """The modules that a fresh interpreter holds after `statement` and did not hold before."""
    code = (f"import sys; import pytest; before = set(sys.modules); {statement}; "
            "import json; print(json.dumps(sorted(set(sys.modules) - before)))")
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT, env={"PYTHONPATH": "plugins:."})
    return set(json.loads(done.stdout))


def test_plugin_uses_public_names_only() -> None:
    """The plugin takes names of `sessionmock.__all__` and nothing else of the library."""
    import sessionmock

    public = set(sessionmock.__all__)
    wrong = []
    for file in sources(PLUGIN):
        aliases = {alias.asname or alias.name for node in ast.walk(tree(file)) if isinstance(node, ast.Import)
                   for alias in node.names if alias.name == "sessionmock"}
        for line, target in imports(file):
            if top(target) == "sessionmock" and target != "sessionmock" and target.removeprefix("sessionmock.") not in public:
                wrong.append(f"{place(file, line)}: {target}")
        wrong += [f"{place(file, node.lineno)}: {ast.unparse(node)}" for node in ast.walk(tree(file))
                  if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
                  and node.value.id in aliases and node.attr not in public]
    assert [] == wrong


@pytest.mark.parametrize("folder", [PLUGIN, LIBRARY / "leaks"], ids=lambda folder: folder.name)
def test_nothing_is_judged_by_its_class(folder: Path) -> None:
    """The plugin asks no route, and the leaks no thing, of which class it is: a wrapper, or a new kind, would fare ill."""
    asked = [(file, call) for file in sources(folder) for call in ast.walk(tree(file))
             if isinstance(call, ast.Call) and ast.unparse(call.func) in ("isinstance", "issubclass")]
    assert [] == [place(file, call.lineno) for file, call in asked if ast.unparse(call.args[1]) not in (*vars(builtins), "LeakScope", "pytest.Class")]


def test_loading_the_plugin_loads_nothing_else() -> None:
    """Beside pytest, the plugin imports itself and the standard library: no httpx, no sessionmock."""
    tops = {top(name) for name in loaded("import pytest_sessionmock")}
    assert {"pytest_sessionmock"} == {name for name in tops if name not in sys.stdlib_module_names}


def test_importing_the_library_loads_no_extra() -> None:
    """`import sessionmock` loads none of what the extras bring, nor sqlite3, nor anything of cassettes."""
    modules = loaded("import sessionmock")
    assert set() == HEAVY & {top(name) for name in modules}
    assert [] == [name for name in modules if name.startswith("sessionmock.routes.cassette")]


# size --------------------------------------------------------------------------------------------------------------
LINES, ATTRIBUTES, METHODS = 400, 20, 40
REASON = re.compile(r"(?:^|[.:]\s+|\n)(?:Long|Wide) because \w")      # a sentence of the docstring, and what it begins with


@cache
def classes() -> dict[str, ast.ClassDef]:
    """Every class of the library and the plugin; those of one name are as different as their files."""
    return {node.name: node for folder in (LIBRARY, PLUGIN) for file in sources(folder)
            for node in ast.walk(tree(file)) if isinstance(node, ast.ClassDef)}


def lineage(node: ast.ClassDef) -> Iterator[ast.ClassDef]:
    """A class and those of ours that it inherits from."""
    yield node
    for base in node.bases:
        name = ast.unparse(base).partition("[")[0].rpartition(".")[2]
        if name in classes() and name != node.name:
            yield from lineage(classes()[name])


def attributes(node: ast.ClassDef) -> set[str]:
    """What an instance holds: its slots, its annotated fields, and whatever is assigned to self, inherited ones too."""
    found: set[str] = set()
    for each in lineage(node):
        for statement in each.body:
            match statement:
                case ast.Assign(targets=[ast.Name(id="__slots__")], value=value):
                    found |= {constant.value for constant in ast.walk(value) if isinstance(constant, ast.Constant)}
                case ast.AnnAssign(target=ast.Name(id=name), annotation=kind) if "ClassVar" not in ast.unparse(kind):
                    found.add(name)
        found |= {part.attr for part in ast.walk(each) if isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store)
                  and isinstance(part.value, ast.Name) and part.value.id == "self"}
    return found


def methods(node: ast.ClassDef) -> set[str]:
    """What a class can do, with what it inherits; a property and its setter are one."""
    return {part.name for each in lineage(node) for part in each.body if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)}


def too_large(file: Path) -> Iterator[str]:
    """What is too large in a file: itself, or classes; where its docstring gives no reason."""
    name = file.relative_to(file.parents[1] if file.is_relative_to(PLUGIN) else LIBRARY).as_posix()
    if len(file.read_text().splitlines()) > LINES and not REASON.search(ast.get_docstring(tree(file)) or ""):
        yield name
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.ClassDef) and (len(attributes(node)) > ATTRIBUTES or len(methods(node)) > METHODS) \
                and not REASON.search(ast.get_docstring(node) or ""):
            yield f"{name}: {node.name}"


def test_nothing_is_large_without_a_reason() -> None:
    """No file of over 400 lines, no class of over 20 attributes or 40 methods, unless the docstring of the file or class says why,
    in a sentence that begins "Long because" or "Wide because"."""
    assert set() == {name for folder in (LIBRARY, PLUGIN) for file in sources(folder) for name in too_large(file)}


@pytest.mark.parametrize(("docstring", "given"), [
    ("A table.", False), ("A table. Long because each row is a line.", True), ("A class.\n\nWide because it is Apple's.", True),
    ("Not long because of that.", False), ("Long because", False),
])
def test_a_reason_is_a_sentence(docstring: str, given: bool) -> None:
    """What counts as one."""
    assert given is bool(REASON.search(docstring))


@pytest.mark.parametrize(("code", "expected"), [
    ("class A:\n  __slots__ = ('a', 'b')\n  def f(self): self.a = self.c = 1", {"a", "b", "c"}),
    ("class A(NamedTuple):\n  a: int\n  b: ClassVar[int]", {"a"}),
    ("class A:\n  def f(self):\n    with x as self.a: self.b, self.c = 1, 2\n    self.d += 1\n    self.e.f = 1", {"a", "b", "c", "d"}),
])
def test_watch_counts_attributes(code: str, expected: set[str]) -> None:
    """Slots, annotated fields and what is assigned to self."""
    [node] = ast.parse(code).body
    assert isinstance(node, ast.ClassDef)
    assert expected == attributes(node)
