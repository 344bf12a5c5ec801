"""What stays out of a cassette, and what goes to disk in its place."""
from __future__ import annotations

import re
import threading
from collections.abc import Collection, Iterable, Sequence
from functools import cached_property
from urllib.parse import unquote

from ...models.message import Headers
from ...secrets.pseudonyms import JWT, PSEUDONYM, Pseudonyms, is_pseudonym
from ...secrets.scrubber import Scrubber
from ...secrets.tokens import subject
from . import filters, replaced
from .echoes import FEW, Echoes
from .filters import Given, Name
from .formats.codings import rewritten, undone
from .interaction import Interaction
from .replaced import Replaced


class Secrets:
    """What stays out of a cassette, and what stands there instead.

    `names` are names of headers, parameters, fields and JSON members that are secret besides the usual ones (in any case,
    with any of "-_." between their words), each alone or in a pair with what takes the place of its value, as vcrpy has it: a
    text, None to drop it, or a function of (key, value, request). `patterns` regular expressions of secrets (the first group, if there is one),
    `keep` names that are not secret although they look so. `seed` goes into the pseudonyms: who knows it can check a guess
    of a weak password against a cassette, so give one of your own where that matters.
    """

    def __init__(self, names: str | Iterable[Name] = (), patterns: str | Iterable[str] = (), keep: str | Iterable[str] = (),
                 seed: int | str = 0) -> None:
        self._rules = filters.names(names), filters.patterns(patterns), filters.texts("keep", keep)
        self._seed = seed
        self._given = Given(self._rules[0])
        self._told = tuple(name if isinstance(name, str) else name[0] for name in self._rules[0]), *self._rules[1:]
        self.pseudonyms = Pseudonyms(seed)
        self._echoes = Echoes(self.pseudonyms.of)
        self._noted = threading.local()      # what is replaced in the body that this thread is cleaning

    # Made when they are first needed: a run opens many cassettes, and asks few of them much.
    @cached_property
    def masking(self) -> Scrubber:
        """What takes secrets out of a comparison: an index over it sees none at all, and no pseudonyms of those that showed by their shape."""
        names, patterns, keep = self._told
        return Scrubber(lambda value, where: None, names, (*patterns, PSEUDONYM.pattern), keep)

    @cached_property
    def _requests(self) -> Scrubber:
        return Scrubber(self._pseudonym, *self._told, formless=self._formless)

    @cached_property
    def _answers(self) -> Scrubber:
        return Scrubber(self._pseudonym, *self._told, formless=self._formless, answers=True)

    def __repr__(self) -> str:
        names, patterns, keep = self._rules
        return f"Secrets(names={list(names)}, patterns={list(patterns)}, keep={list(keep)})"

    def keeping(self, names: str | Iterable[str]) -> Secrets:
        """The same, but that what is called by one of `names` is no secret either."""
        more = filters.texts("keep", names)
        return Secrets(*self._rules[:2], (*self._rules[2], *more), self._seed) if more else self

    def _pseudonym(self, value: str, where: str) -> str:
        if not value:
            return value
        if self._given and (given := self._given.text(where, value)) is not None:
            return given
        self._echoes.add(value)
        if JWT.fullmatch(value) and (whom := subject(value)) is not None:
            self._echoes.add(whom)
        new = self.pseudonyms.of(value)
        noted: Replaced | None = getattr(self._noted, "here", None)
        if noted is not None and new != value:
            noted.add((f"body {where}" if where != "body" else where, new))
        return new

    def _formless(self, value: str, where: str) -> str:
        """The pseudonym of what its very form makes a key: without that form, but where another mark says that it is a pseudonym."""
        pseudonym = self._pseudonym(value, where)
        return pseudonym if "false" in pseudonym.lower() else self.pseudonyms.plain(value)

    def url(self, url: str) -> str:
        """`url` with pseudonyms."""
        return self._echoes.url(self._requests.url(url))

    def headers(self, headers: Headers) -> Headers:
        """`headers` with pseudonyms."""
        clean = self._requests.headers(headers)
        return self._echoes.headers(clean) if self._echoes else clean

    def body(self, body: bytes) -> bytes:
        """`body`, of a request, with pseudonyms."""
        clean = self._requests.body(body)
        return self._echoes.body(clean) if self._echoes else clean

    def sent(self, headers: Headers, body: bytes) -> tuple[Headers, bytes]:
        """`headers` and `body` of a request with pseudonyms in the body, its coding undone where a recording would have it so."""
        return rewritten(headers, body, self.body)

    def learn(self, asked: str, recorded: str) -> bool:
        """Whether `asked` is `recorded` but for secrets in the places of their pseudonyms; from now on they are found anywhere.

        What a recording knew of a later request, as a user's name of its Authorization, a replay learns so from the first.
        """
        pseudonyms, around = PSEUDONYM.findall(recorded), PSEUDONYM.split(recorded)
        if not (0 < len(pseudonyms) <= FEW and asked.startswith(around[0]) and asked.endswith(around[-1])):
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
        if self._given:
            self._given.put_into(interaction)
        self._over(interaction, self._requests, self._answers)

    def known(self) -> frozenset[str]:
        """A run of letters and digits of each secret that was found, by which it is found wherever else it stands."""
        return self._echoes.runs

    def clean_all(self, interactions: Sequence[Interaction], cleaned: Collection[int] = ()) -> None:
        """`clean` each of them but those whose ids are `cleaned`; then replace secrets that were found somewhere wherever else they stand."""
        for interaction in interactions:
            if id(interaction) not in cleaned:
                self.clean(interaction)
        for interaction in self._echoes.among(interactions):
            self._over(interaction, self._echoes, self._echoes)

    def keeps(self, name: str) -> bool:
        """Whether the user said that `name` is not secret."""
        return self.masking.names.kept(name)

    def findings(self, interaction: Interaction) -> list[tuple[str, str]]:
        """(where, secret) for everything in `interaction` that looks like a secret and is no pseudonym or placeholder."""
        found: dict[tuple[str, str], None] = {}
        place = ""

        def note(value: str, where: str) -> str:
            if value and not is_pseudonym(value) and not _PLACEHOLDER.fullmatch(value):
                found[f"{place} {where}", value] = None
            return value

        noting, of_answers = (Scrubber(note, *self._told, answers=answers) for answers in (False, True))
        request, response = interaction.request, interaction.response
        place = "request"
        noting.url(request.uri)
        noting.headers(request.headers)
        if request.body:
            noting.body(undone(request.headers, request.body))
        place = "response"
        of_answers.headers([*response.headers, ("reason", response.reason)])
        of_answers.headers(interaction.extra.trailers)
        for head in interaction.extra.informational:
            of_answers.headers(head.headers)
        of_answers.body(undone(response.headers, response.body))
        return list(found)

    def _over(self, interaction: Interaction, of_request: Scrubber | Echoes, of_answer: Scrubber | Echoes) -> None:
        request, response, extra = interaction.request, interaction.response, interaction.extra
        found = extra.replaced

        def of_url(url: str, change: Scrubber | Echoes) -> str:
            new = change.url(url)
            found.update(replaced.in_url(url, new))
            return new

        def of_headers(headers: Headers, change: Scrubber | Echoes) -> Headers:
            new = change.headers(headers)
            if new is not headers:
                found.update(replaced.in_headers(headers, new))
            return new

        request.uri = of_url(request.uri, of_request)
        request.headers = of_headers(request.headers, of_request)
        self._noted.here = found
        try:
            if request.body:
                request.headers, request.body = rewritten(request.headers, request.body, of_request.body)
            if response.body:
                size = len(response.body)
                response.headers, response.body = rewritten(response.headers, response.body, of_answer.body)
                if extra.chunks and len(response.body) != size:
                    extra.chunks = [(start * len(response.body) // size, time) for start, time in extra.chunks]
        finally:
            self._noted.here = None
        *response.headers, (_, response.reason) = of_headers([*response.headers, ("reason", response.reason)], of_answer)
        extra.trailers = of_headers(extra.trailers, of_answer)
        for head in extra.informational:
            head.headers = of_headers(head.headers, of_answer)


# What somebody put in the place of a secret: in brackets, of stars, or of words that say so, and of nothing else.
_PLACEHOLDER = re.compile(
    r"<.*>|\[.*\]|\{.*\}|[*x.\-]+|test|none|null|secret|password|token|foo|bar|deleted|undefined|true|false|\d{1,3}"
    r"|(?:(?:redacted|filtered|placeholder|censored|removed|scrubbed|obfuscated|sanitized|dummy|fake|example|my|the|your|api|access|auth|test|key|token"
    r"|secret|password|value|user)[\s_.-]*)+", re.I | re.S)
