"""Secrets that were found somewhere, wherever else they stand."""
from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote

from ...models.message import Headers
from ...secrets.pseudonyms import is_pseudonym
from .interaction import Interaction

FEW = 32       # secrets that are looked for one by one
_RUN = re.compile(r"%[0-9A-Fa-f]{2}|[A-Za-z0-9]{8,}")


class Echoes:
    """Puts what `of` says in the place of the secrets that were added, which are told by a run of letters and digits in them."""

    def __init__(self, of: Callable[[str], str]) -> None:
        self._of = of
        self._cores: dict[str, set[str]] = {}     # the run -> the secrets that it is a part of

    def __bool__(self) -> bool:
        return bool(self._cores)

    @property
    def runs(self) -> frozenset[str]:
        """By what they are told."""
        return frozenset(self._cores)

    def add(self, secret: str) -> None:
        """Look for `secret` too, where it is no pseudonym and long enough to be nothing else."""
        if len(secret) >= 10 and not is_pseudonym(secret):
            core = max(_RUN.findall(secret), key=len, default="")
            if len(core) >= 8 and not core.startswith("%") and (len(secret) >= 24 or not secret.isalpha()):
                self._cores.setdefault(core, set()).add(secret)

    def url(self, text: str) -> str:
        """`text`, of whatever kind, without them."""
        cores = self._cores      # other threads add to it
        if not cores or (len(cores) <= FEW and not any(core in text for core in list(cores))):
            return text
        for run in set(_RUN.findall(text)):
            for secret in list(cores.get(run, ())):
                new = self._of(secret)
                for written in dict.fromkeys((secret, quote(secret, safe=""), json.dumps(secret)[1:-1])):
                    text = text.replace(written, new)
        return text

    def headers(self, headers: Headers) -> Headers:
        """`headers` without them."""
        return [(name, self.url(value) if len(value) > 7 else value) for name, value in headers]

    def body(self, body: bytes) -> bytes:
        """`body` without them; the same object where there are none."""
        text = body.decode("utf-8", "surrogateescape")
        new = self.url(text)
        return body if new is text or new == text else new.encode("utf-8", "surrogateescape")

    def among(self, interactions: Iterable[Interaction]) -> Iterator[Interaction]:
        """Those of `interactions` in which one of them may stand: a quick look."""
        cores = list(self._cores)
        few = [(core, core.encode()) for core in cores] if len(cores) <= FEW else []
        for interaction in interactions if cores else ():
            if not few or any(_may_hold(interaction, *core) for core in few):
                yield interaction


def _may_hold(interaction: Interaction, core: str, raw: bytes) -> bool:
    request, response, extra = interaction.request, interaction.response, interaction.extra
    if core in request.uri or (request.body and raw in request.body) or raw in response.body or extra.trailers or extra.informational:
        return True
    return any(core in value or name.lower() == "content-encoding" for headers in (request.headers, response.headers) for name, value in headers)
