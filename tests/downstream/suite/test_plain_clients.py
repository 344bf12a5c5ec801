"""Code that has httpx clients of its own takes the same routes: recorded, replayed, scripted."""
from __future__ import annotations

import asyncio

import httpx
import pytest


def ask(transport, base):
    with httpx.Client(transport=transport, base_url=base) as client:
        return client.get("/books/5").raise_for_status().json()["title"]


def ask_both(transport, base):
    async def both():
        async with httpx.AsyncClient(transport=transport, base_url=base) as client:
            answers = await asyncio.gather(client.get("/books/5"), client.post("/books", json={"title": "Shirley", "author": "Brontë"}))
        return [answer.raise_for_status().json()["title"] for answer in answers]

    return asyncio.run(both())


def test_client(sessionmock, base):
    assert "Jane Eyre" == ask(sessionmock.transport(), base)


def test_async_client(sessionmock, base):
    assert ["Jane Eyre", "Shirley"] == ask_both(sessionmock.transport(), base)


@pytest.mark.sessionmock(route="script")
def test_client_scripted(sessionmock, base):
    sessionmock.script.get(f"{base}/books/5").respond(json={"title": "written here"})
    assert "written here" == ask(sessionmock.transport(), base)


@pytest.mark.sessionmock(route="script")
def test_async_client_scripted(sessionmock, base):
    sessionmock.script.get(f"{base}/books/5").respond(json={"title": "written here"})
    sessionmock.script.post(f"{base}/books").respond(201, json={"title": "ordered"})
    assert ["written here", "ordered"] == ask_both(sessionmock.transport(), base)


def title_of_the_fifth(base):
    return httpx.get(f"{base}/books/5").raise_for_status().json()["title"]      # no way in for a transport


def test_hidden_client(sessionmock_httpx, base):
    assert "Jane Eyre" == title_of_the_fifth(base)


@pytest.mark.sessionmock(route="script")
def test_hidden_client_scripted(sessionmock, sessionmock_httpx, base):
    sessionmock.script.get(f"{base}/books/5").respond(json={"title": "written here"})
    assert "written here" == title_of_the_fifth(base)
