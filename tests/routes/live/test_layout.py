"""How the live route is laid out: its imports lead in no circle, and what lies below the seam is asked for through it."""
from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

from tests.test_layers import imports, module_of, place, sources, tree

LIVE = Path(__file__).resolve().parents[3] / "sessionmock" / "routes" / "live"


def test_no_circle_not_even_for_type_checking() -> None:
    """Imports within routes/live can be put in an order, those of packages' own names apart."""
    modules = {".".join(module_of(file)).removesuffix(".__init__"): file for file in sources(LIVE)}
    graph = {name: {found for _, target in imports(file) if (found := _module(target, modules)) not in (None, name)}
             for name, file in modules.items()}
    assert len(list(TopologicalSorter(graph).static_order())) == len(modules)


def _module(target: str, modules: dict[str, Path]) -> str | None:
    """The module of the live route that `target`, a module or a name in one, is of."""
    return target if target in modules else parent if (parent := target.rpartition(".")[0]) in modules else None


BELOW = {"call_soon", "create_connection", "create_future", "create_task", "get_running_loop", "recv", "recv_into", "sendfile", "sock_recv",
         "sock_sendall", "socket"}


def test_sockets_and_loops_are_the_network_s() -> None:
    """Nothing of the live route but network/ makes, reads or writes a socket, or asks for a loop."""
    assert [] == [f"{place(file, node.lineno)}: {ast.unparse(node)}" for file in sources(LIVE) if LIVE / "network" not in file.parents
                  for node in ast.walk(tree(file)) if isinstance(node, ast.Attribute) and node.attr in BELOW]
