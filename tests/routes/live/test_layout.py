"""How the live route is laid out: what its modules import of each other leads in no circle."""
from __future__ import annotations

from graphlib import TopologicalSorter
from pathlib import Path

from tests.test_layers import imports, module_of, sources

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
