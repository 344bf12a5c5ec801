"""What stays out of a cassette, and what goes to disk in its place."""
from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from urllib.parse import quote, unquote

from ...models.message import Headers, header
from ...secrets.pseudonyms import PSEUDONYM, Pseudonyms, is_pseudonym
from ...secrets.scrubber import Scrubber
from .formats.codings import sized, undone
from .interaction import Interaction

_FEW = 32       # secrets that are looked for one by one
_RUN = re.compile(r"%[0-9A-Fa-f]{2}|[A-Za-z0-9]{8,}")


class Secrets:
    """What stays out of a cassette, and what stands there instead.

    `names` are names of headers, parameters, fields and JSON members that are secret besides the usual ones (in any case,
    with any of "-_." between their words), `patterns` regular expressions of secrets (the first group, if there is one),
    `keep` names that are not secret although they look so. `seed` goes into the pseudonyms: who knows it can check a guess
    of a weak password against a cassette, so give one of your own where that matters.
    """

    def __init__(self, names: str | Iterable[str] = (), patterns: str | Iterable[str] = (), keep: str | Iterable[str] = (),
                 seed: int | str = 0) -> None:
        rules = _several(names), _several(patterns), _several(keep)
        self.pseudonyms = Pseudonyms(seed)
        # An index over it sees no secrets at all, and no pseudonyms of those that showed by their shape.
        self.masking = Scrubber(lambda value, where: None, rules[0], (*rules[1], PSEUDONYM.pattern), rules[2])
        self._scrubber = Scrubber(self._pseudonym, *rules)
        self._rules = rules
        self._cores: dict[str, set[str]] = {}     # a run of letters and digits -> the secrets that it is a part of

    def __repr__(self) -> str:
        names, patterns, keep = self._rules
        return f"Secrets(names={list(names)}, patterns={list(patterns)}, keep={list(keep)})"

    def _pseudonym(self, value: str, where: str) -> str:
        if not is_pseudonym(value) and len(value) >= 10:
            core = max(_RUN.findall(value), key=len, default="")
            if len(core) >= 8 and not core.startswith("%") and (len(value) >= 24 or not value.isalpha()):
                self._cores.setdefault(core, set()).add(value)
        return self.pseudonyms.of(value) if value else value

    def url(self, url: str) -> str:
        """`url` with pseudonyms."""
        return self._echo(self._scrubber.url(url))

    def headers(self, headers: Headers) -> Headers:
        """`headers` with pseudonyms."""
        return self._echo_headers(self._scrubber.headers(headers)) if self._cores else self._scrubber.headers(headers)

    def body(self, body: bytes) -> bytes:
        """`body` with pseudonyms."""
        return self._echo_body(self._scrubber.body(body)) if self._cores else self._scrubber.body(body)

    def sent(self, headers: Headers, body: bytes) -> tuple[Headers, bytes]:
        """`headers` and `body` of a request with pseudonyms in the body, its coding undone where a recording would have it so."""
        return _rewritten(headers, body, self.body)

    def learn(self, asked: str, recorded: str) -> bool:
        """Whether `asked` is `recorded` but for secrets in the places of their pseudonyms; from now on they are found anywhere.

        What a recording knew of a later request, as a user's name of its Authorization, a replay learns so from the first.
        """
        pseudonyms, around = PSEUDONYM.findall(recorded), PSEUDONYM.split(recorded)
        if not (0 < len(pseudonyms) <= _FEW and asked.startswith(around[0]) and asked.endswith(around[-1])):
            return False
        found = re.fullmatch(r"([^\s\"'&?#]+?)".join(map(re.escape, around)), asked)
        if found is None:
            return False
        for value, pseudonym in zip(found.groups(), pseudonyms, strict=True):
            secret = next((secret for secret in (value, unquote(value)) if self.pseudonyms.of(secret) == pseudonym), None)
            if secret is None:
                return False
            self._pseudonym(secret, "")
        return True

    def clean(self, interaction: Interaction) -> None:
        """Put pseudonyms into `interaction`, in both directions. A coded answer with a secret in it is kept decoded."""
        self._over(interaction, self._scrubber.url, self._scrubber.headers, self._scrubber.body)

    def known(self) -> frozenset[str]:
        """A run of letters and digits of each secret that was found, by which it is found wherever else it stands."""
        return frozenset(self._cores)

    def clean_all(self, interactions: Sequence[Interaction], cleaned: Collection[int] = ()) -> None:
        """`clean` each of them but those whose ids are `cleaned`; then replace secrets that were found somewhere wherever else they stand."""
        for interaction in interactions:
            if id(interaction) not in cleaned:
                self.clean(interaction)
        if self._cores:
            few = list(self._cores) if len(self._cores) <= _FEW else []
            for interaction in interactions:
                if not few or _may_hold(interaction, few):
                    self._over(interaction, self._echo, self._echo_headers, self._echo_body)

    def findings(self, interaction: Interaction) -> list[tuple[str, str]]:
        """(where, secret) for everything in `interaction` that looks like a secret and is no pseudonym or placeholder."""
        found: dict[tuple[str, str], None] = {}
        place = ""

        def note(value: str, where: str) -> str:
            if value and not is_pseudonym(value) and not _PLACEHOLDER.fullmatch(value):
                found[f"{place} {where}", value] = None
            return value

        noting = Scrubber(note, *self._rules)
        request, response = interaction.request, interaction.response
        place = "request"
        noting.url(request.uri)
        noting.headers(request.headers)
        if request.body:
            noting.body(undone(request.headers, request.body))
        place = "response"
        noting.url(response.reason)
        noting.headers(response.headers)
        noting.headers(interaction.extra.trailers)
        for head in interaction.extra.informational:
            noting.headers(head.headers)
        noting.body(undone(response.headers, response.body))
        return list(found)

    @staticmethod
    def _over(interaction: Interaction, url: Callable[[str], str], headers: Callable[[Headers], Headers],
              body: Callable[[bytes], bytes]) -> None:
        request, response, extra = interaction.request, interaction.response, interaction.extra
        request.uri = url(request.uri)
        request.headers = headers(request.headers)
        if request.body:
            request.headers, request.body = _rewritten(request.headers, request.body, body)
        response.reason = url(response.reason)
        response.headers = headers(response.headers)
        if response.body:
            size = len(response.body)
            response.headers, response.body = _rewritten(response.headers, response.body, body)
            if extra.chunks and len(response.body) != size:
                extra.chunks = [(start * len(response.body) // size, time) for start, time in extra.chunks]
        extra.trailers = headers(extra.trailers)
        for head in extra.informational:
            head.headers = headers(head.headers)

    def _echo(self, text: str) -> str:
        cores = self._cores      # other threads add to it
        if not cores or (len(cores) <= _FEW and not any(core in text for core in list(cores))):
            return text
        for run in set(_RUN.findall(text)):
            for secret in list(cores.get(run, ())):
                new = self.pseudonyms.of(secret)
                for written in dict.fromkeys((secret, quote(secret, safe=""), json.dumps(secret)[1:-1])):
                    text = text.replace(written, new)
        return text

    def _echo_headers(self, headers: Headers) -> Headers:
        return [(name, self._echo(value) if len(value) > 7 else value) for name, value in headers]

    def _echo_body(self, body: bytes) -> bytes:
        text = body.decode("utf-8", "surrogateescape")
        new = self._echo(text)
        return body if new is text or new == text else new.encode("utf-8", "surrogateescape")


def _several(texts: str | Iterable[str]) -> tuple[str, ...]:
    """A text alone is one, and not its letters."""
    return (texts,) if isinstance(texts, str) else tuple(texts)


_PLACEHOLDER = re.compile(
    r"<.*>|\[.*\]|\{.*\}|[*x.\-]+|.*(?:redacted|filtered|placeholder|censored|removed|scrubbed|obfuscated|sanitized|dummy|fake|example|xxx).*|test|none|null"
    r"|secret|password|token|foo|bar|deleted|undefined|true|false|\d{1,3}", re.I | re.S)


def _may_hold(interaction: Interaction, cores: list[str]) -> bool:
    """Whether one of `cores` may stand in `interaction`: a quick look."""
    request, response, extra = interaction.request, interaction.response, interaction.extra
    values = [value for _, value in (*request.headers, *response.headers)]
    text = "\n".join((request.uri, *values))
    if extra.trailers or extra.informational or header(response.headers, "content-encoding") or header(request.headers, "content-encoding"):
        return True
    bodies = [body for body in (request.body, response.body) if body]
    return any(core in text or any(core.encode() in body for body in bodies) for core in cores)


def _rewritten(headers: Headers, body: bytes, change: Callable[[bytes], bytes]) -> tuple[Headers, bytes]:
    """`body` changed, its content coding undone where that needs to be, and the headers that speak of it."""
    coded = header(headers, "content-encoding") is not None
    plain = undone(headers, body) if coded else body
    new = change(plain)
    if new is plain or new == plain:
        return headers, body
    if coded and plain is not body:
        headers = [pair for pair in headers if pair[0].lower() != "content-encoding"]
    return sized(headers, new), new
