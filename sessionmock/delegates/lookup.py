"""Which delegate methods a delegate has, and how each takes its question.

They are looked up once for a class, where the class alone decides, until it is given a name or loses one, as by a patch; in every
instance where it may have some of its own: a mock, a namespace, a proxy, an object with a method in its `__dict__`. What an instance
gets later is not seen.
"""
from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from . import checks
from .protocols import PROTOTYPES, QUESTIONS, SELECTORS


class Method(NamedTuple):
    """A delegate's method, bound."""

    name: str
    call: Callable[..., Any]
    takes_handler: bool     # False for a question: the answer is what it returns


Forms = tuple[tuple[str, bool], ...]     # names of methods, each with whether it takes a completion handler
Sizes = tuple[int, ...]                  # of a class: others where a method was added or taken away

_known: WeakKeyDictionary[type, tuple[Sizes, Forms]] = WeakKeyDictionary()

_UNKNOWN: tuple[Sizes, Forms] = ((), ())


def methods(delegate: object | None) -> dict[str, Method]:
    """The delegate methods that `delegate` has, by name; none for None.

    Raises InvalidArgumentException for what can be no delegate, and for a method that cannot take its arguments.
    """
    if delegate is None:
        return {}
    kind = type(delegate)
    sizes, known = _known.get(kind, _UNKNOWN)
    if sizes != _sizes(kind) or not SELECTORS.keys().isdisjoint(getattr(delegate, "__dict__", ())):
        known = _examine(delegate)
    return {name: Method(name, getattr(delegate, name), handler) for name, handler in known}


def responds_to(delegate: object | None, name: str) -> bool:
    """Whether `delegate` has the delegate method `name`; its absence is an answer of its own in several protocols.

    One that is inherited from a protocol, as `URLSessionTaskDelegate`, is absent; and a class has none: its instances have.
    """
    return name in SELECTORS and not isinstance(delegate, type) and _method(delegate, name) is not None


def _examine(delegate: object) -> Forms:
    """Look at every name, check what is found, and remember it where it holds for the class."""
    found = {name: call for name in SELECTORS if (call := _method(delegate, name)) is not None}
    checks.refuse_what_is_none(delegate)
    forms = tuple((name, _takes_handler(delegate, name, call)) for name, call in found.items())
    kind = type(delegate)
    by_class = _decides(kind) and SELECTORS.keys().isdisjoint(getattr(delegate, "__dict__", ())) and not any(map(_is_mock, found.values()))
    warned = checks.warn_of_near_misses(kind if by_class else delegate, delegate.__class__.__name__)
    if not (found or warned):
        checks.judge_what_has_none(delegate)
    if by_class:
        _known[kind] = _sizes(kind), forms
    return forms


def _sizes(kind: type) -> Sizes:
    """How many names `kind` has, and each that it inherits from."""
    return tuple(map(len, map(vars, kind.__mro__)))


def _decides(kind: type) -> bool:
    """Whether a class alone says which methods its instances have."""
    looks_elsewhere = any(not {"__getattr__", "__getattribute__"}.isdisjoint(vars(each)) for each in kind.__mro__[:-1])
    return not looks_elsewhere and not any(inspect.isdatadescriptor(inspect.getattr_static(kind, name, None)) for name in SELECTORS)


def _method(delegate: object, name: str) -> Any:
    """The method `name` of `delegate`, bound; None where it has none of its own."""
    call = getattr(delegate, name, None)
    stub = PROTOTYPES[name]
    if getattr(call, "__func__", call) is stub:
        return None
    if _is_mock(call) and getattr(delegate.__class__, name, None) is stub and name in QUESTIONS and not _is_answered(call):
        return None
    return call


def _is_mock(call: Any) -> bool:
    """Whether `call` is a mock of `unittest`, or a function that such a one stands behind."""
    return hasattr(call, "assert_called_once_with") and hasattr(call, "side_effect")


def _is_answered(call: Any) -> bool:
    """Whether a mock was told what to answer."""
    return call.side_effect is not None or not _is_mock(call.return_value)


def _takes_handler(delegate: object, name: str, call: Any) -> bool:
    """Whether the method is a question that takes its completion handler. Raises where it cannot take its arguments."""
    function = _mocked(delegate, name) if _is_mock(call) else call
    if function is None:
        return False
    form = checks.form(name, function)
    if form is None:
        checks.refuse_misfit(delegate, name, function)
    return form


def _mocked(delegate: object, name: str) -> Any:
    """The method that the mock of one stands for, bound; None where there is none. The mock itself takes whatever it is given."""
    kind = delegate.__class__
    found = inspect.getattr_static(kind, name, None)
    return None if found is PROTOTYPES[name] or not hasattr(found, "__get__") else found.__get__(delegate, kind)
