"""Where things were made, and whose they are."""
from __future__ import annotations

import asyncio
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import sessionmock as sm
from sessionmock import registry
from sessionmock.registry import Scope, Site, current_scope

PATIENCE = 20.0


def make() -> Site:
    return Site()


def test_a_site_is_the_line_that_made_it() -> None:
    """Its frames come innermost first, with file, line, function and text."""
    site = make()
    inner, outer = list(site.lines())[:2]
    assert ("make", "return Site()") == (inner.function, inner.text)
    assert ("test_a_site_is_the_line_that_made_it", "site = make()") == (outer.function, outer.text)
    assert f"{__file__}:{inner.line} in make" == str(site)


def test_a_site_leaves_the_library_out() -> None:
    """What a session or a task says of its making is the caller's line, however deep in the library it was made."""
    with sm.use_route(sm.ScriptRoute().answer()), sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
        loading = session.data("http://a.test/")
        loading.result()
    assert [__file__] * 2 == [next(made._site.lines()).file for made in (session, loading.task)]
    assert 'loading = session.data("http://a.test/")' == next(loading.task._site.lines()).text


def test_the_innermost_open_scope_owns_what_is_made() -> None:
    """When it closes the one around it does again."""
    before = current_scope()
    with Scope("outer") as outer, Scope("inner") as inner:
        assert current_scope() is inner
        inner.close()
        assert current_scope() is outer
    assert current_scope() is before


def test_a_thread_belongs_to_the_scope_that_started_it() -> None:
    """What it makes later, in another scope's time, is the first one's."""
    go, done = threading.Event(), threading.Event()
    seen: list[Scope | None] = []

    def run() -> None:
        go.wait(PATIENCE)
        seen.append(current_scope())
        done.set()

    with Scope("first") as first:
        threading.Thread(target=run).start()
    with Scope("second"):
        go.set()
        assert done.wait(PATIENCE)
    assert [first] == seen


def test_a_thread_that_starts_a_thread_passes_its_scope_on() -> None:
    """A server's thread belongs to its fixture, and so do the threads that it starts for requests of other scopes."""
    with ThreadPoolExecutor(1) as server:
        with Scope("wide") as wide:
            server.submit(int).result(PATIENCE)

        def serve() -> Scope | None:
            with ThreadPoolExecutor(1) as requests:
                return requests.submit(current_scope).result(PATIENCE)

        with Scope("test"):
            assert wide is server.submit(serve).result(PATIENCE)


def test_a_context_that_is_sent_to_a_thread_decides() -> None:
    """What `asyncio.to_thread` runs belongs to the scope that is open there, though the pooled thread is another's."""
    async def ask() -> Scope | None:
        return await asyncio.to_thread(current_scope)

    with asyncio.Runner() as runner:
        for name in ("first", "second"):
            with Scope(name) as scope:
                assert scope is runner.get_loop().run_until_complete(ask())


def test_sessions_are_held_until_they_are_invalid() -> None:
    """Each by its number, from its making to its end (I9)."""
    with sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
        assert session is registry.sessions[session._number]
    assert session._number not in registry.sessions


def test_a_site_holds_no_frame() -> None:
    """A creation site keeps no local variable of its makers alive."""
    class Local: ...

    def make() -> tuple[Site, weakref.ref[Local]]:
        local = Local()
        return Site(), weakref.ref(local)

    site, local = make()
    assert local() is None
    assert "make" in str(site)


def test_a_scope_holds_until_it_is_let_go() -> None:
    """In order of creation."""
    scope = Scope("here")
    for made in "abc":
        scope.hold(made)
    scope.let_go("b")
    scope.let_go("never held")
    assert ["a", "c"] == list(scope.held)


def test_the_scope_around_one_that_is_over_answers() -> None:
    """What comes to a scope that was judged is held by the next one that was not, and let go there."""
    with Scope("outer") as outer, Scope("middle") as middle, Scope("inner") as inner:
        middle.over = inner.over = True
        inner.hold("late")
        assert ([], [], ["late"]) == tuple(list(scope.held) for scope in (inner, middle, outer))
        inner.let_go("late")
        assert [] == list(outer.held)
    inner.outer = None
    inner.hold("nobody's")
    assert [] == list(inner.held)
