"""Functions that answer: which is asked, in which order, and what each may give."""
from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sessionmock import Answer, InvalidArgumentException, ScriptRoute, UnmatchedRequest, URLError, transport
from sessionmock.models.message import Request, ResponseHead

from ..doubles import FakeLive

URL = "https://api.test/things"


@pytest.fixture
def script() -> ScriptRoute:
    return ScriptRoute()


@pytest.fixture
def client(script: ScriptRoute) -> Iterator[httpx.Client]:
    with httpx.Client(transport=transport(script)) as client:
        yield client


@pytest.mark.parametrize(("given", "status", "body"), [
    (Answer(201, body=b"made"), 201, b"made"),
    (404, 404, b""),
    (b"bytes", 200, b"bytes"),
    ("hé", 200, "hé".encode()),
    ({"a": [1]}, 200, b'{"a": [1]}'),
    ([], 200, b"[]"),
])
def test_what_a_function_gives_is_the_answer(script: ScriptRoute, client: httpx.Client, given: Any, status: int, body: bytes) -> None:
    """An answer, a status, a body, or what a body says as JSON; of a coroutine function too, and for every request."""
    async def later(request: Request) -> Any:
        return given

    for function in (lambda request: given, later):
        script.functions.clear()
        script.answer(function)
        assert 1 == len(script.uncalled)
        for _ in range(2):
            response = client.get(URL)
            assert (status, body) == (response.status_code, response.content)
            assert [] == script.uncalled
            assert ("application/json" if isinstance(given, dict | list) else None) == response.headers.get("Content-Type")


def test_a_function_sees_the_whole_request(script: ScriptRoute, client: httpx.Client) -> None:
    """Method, URL, header fields, the body that came in pieces, and the extensions of the client's request."""
    seen: list[Request] = []
    script.answer(lambda request: seen.append(request) or 200)       # type: ignore[func-returns-value]
    client.put(URL, content=iter([b"one", b"two"]), headers={"X-A": "1"}, timeout=7, extensions={"mine": "a"})
    [request] = seen
    assert ("PUT", URL, b"onetwo") == (request.method, request.url, request.body)
    assert ("X-A", "1") in request.headers
    assert (7, "a") == (request.extensions["timeout"]["read"], request.extensions["mine"])


def test_answers_that_wait_go_first_then_functions_then_routers(script: ScriptRoute, client: httpx.Client) -> None:
    """A function that gives None leaves the request to those that come after."""
    script.get(URL).respond(203)
    script.answer(lambda request: 201 if request.method == "PUT" else None)
    script.answer(lambda request: 202 if request.method != "GET" else None)
    script.answer(status=200)
    assert [200, 201, 202, 203] == [client.request(method, URL).status_code for method in ("PUT", "PUT", "POST", "GET")]


def test_what_a_function_raises_is_what_the_client_gets(script: ScriptRoute, client: httpx.Client) -> None:
    """A URLError as it is, an error of a client's as its own, anything else unchanged, with the function's name."""
    errors: list[Exception] = [URLError(-1001), httpx.ConnectError("no"), KeyError("mine")]

    def fail(request: Request) -> None:
        raise errors.pop(0)

    script.answer(fail)
    for kind in (httpx.ReadTimeout, httpx.ConnectError):
        with pytest.raises(kind):
            client.get(URL)
    with pytest.raises(KeyError, match="mine") as failure:
        client.get(URL)
    assert ["raised in the function test_what_a_function_raises_is_what_the_client_gets.<locals>.fail"] == failure.value.__notes__


def test_a_request_that_is_returned_passes(script: ScriptRoute, client: httpx.Client) -> None:
    """To `live`; without one it is a miss, and another request than the one that came is no answer."""
    script.answer(lambda request: request)
    with pytest.raises(UnmatchedRequest, match="it is to pass, and there is no live route"):
        client.get(URL)
    script.functions.clear()
    script.answer(lambda request: Request("GET", URL, []))     # type: ignore[arg-type,return-value]
    with pytest.raises(InvalidArgumentException, match="the request itself to let it pass"):
        client.get(URL)
    live: Any = FakeLive([("head", ResponseHead(204, [])), ("end", [])])
    with httpx.Client(transport=transport(ScriptRoute(live).answer(lambda request: request))) as through:
        assert 204 == through.get(URL).status_code


@pytest.mark.parametrize("wrong", [lambda: None, lambda one, two: None, Answer, 200, "text"])
def test_what_cannot_answer_is_refused_where_it_is_given(script: ScriptRoute, wrong: Any) -> None:
    """A function that does not take the request, and what is none."""
    with pytest.raises(InvalidArgumentException, match=r"function\(request\)|which takes a function too"):
        script.answer(wrong)
    with pytest.raises(InvalidArgumentException, match="give an answer, or the values of one"):
        script.answer(Answer(), status=200)


def test_without_respx_functions_answer_and_the_rest_says_what_it_needs() -> None:
    """In a process in which respx cannot be imported."""
    program = """if True:
        import sys
        sys.modules["respx"] = None
        import httpx, pytest
        from sessionmock import ScriptRoute, SessionMockError, transport
        script = ScriptRoute().answer(lambda request: {"url": request.url})
        with httpx.Client(transport=transport(script)) as client:
            assert {"url": "https://api.test/"} == client.get("https://api.test/").json()
        for use in (lambda: script.get("/"), lambda: script.router, lambda: script.calls, lambda: script.attach(None)):
            with pytest.raises(SessionMockError, match="pip install 'sessionmock.script.'"):
                use()
    """
    subprocess.run([sys.executable, "-c", program], check=True)
