"""Where secrets stand in requests and answers.

A value is a secret by the name that it has in a header, a cookie, a query, a form, JSON, XML, a part of a multipart body or
an assignment (`names`), or by its shape wherever it stands (`shapes`). What is encoded in it is looked into:
JSON and URLs within each other, base64 of JSON.
"""
from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable
from urllib.parse import quote, unquote_plus, unquote_to_bytes

from . import encodings, packed, services
from .json_secrets import WITH_GRANT, JSONSecrets
from .layouts import ASSIGNED, ASSIGNS, ELEMENTS, ESCAPED, ESCAPED_NAME, FORM, PAIR, PARAMETER, PART, PARTS, WORDS
from .names import Names
from .shapes import BASIC, BEARER, ENCODED, USERINFO, hinted, hinted_bytes, likely
from .values import is_plain, is_public_id, is_word
from .weighing import is_secret

Headers = list[tuple[str, str]]      # as models.message has them
Replace = Callable[[str, str], str | None]    # (value, where it stands) -> what stands there instead; None: nothing at all

_WHEN_LONG = (b"key=", b"auth=", b"code=", b"session=", b"credentials=", b'"auth"', b'"session"', b'"credentials"',
              b'"kty"', b' key"', b'"number"', b"number]=")    # names where values decide, or that are of more than a word
_BEYOND = re.compile(r"""[#;@"'\\]""")
_COOKIES = {"cookie": False, "set-cookie": True}
_NO_PASSWORDS = frozenset({"x", "x-oauth-basic"})     # beside a token in the place of the name
_LARGEST = 1 << 25    # bytes that are looked through at once


class Scrubber:
    """Puts what `replace` says in the place of each secret. `names` are secret besides the usual ones, `keep` never are;
    `patterns` are regular expressions of secrets, of which the first group is one where there are groups. Of `answers`, what
    stands under the name of a secret is weighed (`weighing`); of requests, the name decides."""

    def __init__(self, replace: Replace, names: Iterable[str] = (), patterns: Iterable[str] = (), keep: Iterable[str] = (), *,
                 formless: Replace | None = None, answers: bool = False) -> None:
        self._replace = replace
        self._formless = formless or replace      # of a key that its form makes one, beside the name of its service
        self._answers = answers
        self.names = Names(names, keep)
        self._in_json = JSONSecrets(self.names, replace, self.prose, answers=answers)
        self._patterns = [re.compile(pattern) for pattern in patterns]
        self._urls: dict[str, str] = {}
        self._seen: dict[tuple[str, str], str | None] = {}      # headers, of which most come again

    # Requests and answers ---------------------------------------------------------------------------------------------

    def url(self, url: str) -> str:
        """`url` without its secrets: a password, values in the query, shapes."""
        found = self._urls.get(url)
        if found is None:
            found = self._url(url)
            if len(self._urls) < 10_000:
                self._urls[url] = found
        return found

    def _url(self, url: str) -> str:
        if not ("?" in url or "@" in url or "#" in url or ";" in url or self._patterns or hinted(url)):
            return url
        head, mark, query = url.partition("?")
        query, hash_, fragment = query.partition("#")
        if mark:
            query = self._pairs(query)
            mark = mark if query else ""
        whole = f"{head}{mark}{query}{hash_}{fragment}"
        # The parameters of the query have been looked at; only these signs begin others.
        if not (_BEYOND.search(whole) or self._patterns or hinted(whole) or services.named(whole)):
            return whole
        return self.text(whole, "URL")

    def headers(self, headers: Headers) -> Headers:
        """`headers` without their secrets; the same list where there are none."""
        out: Headers | None = None
        for number, (name, value) in enumerate(headers):
            pair = (name, value)
            if pair in self._seen:
                new = self._seen[pair]
            else:
                new = self._header(name, value)
                if len(value) < 500 and len(self._seen) < 10_000:
                    self._seen[pair] = new
            if new is not value and new != value and out is None:
                out = headers[:number]
            if out is not None and new is not None:
                out.append((name, new))
        return headers if out is None else out

    def _header(self, name: str, value: str) -> str | None:
        lower = name.lower()
        if lower in _COOKIES:
            return value if self.names.kept(name) else self._cookies(name, value, only_first=_COOKIES[lower])
        if self.names.of_header(name, value) and not is_word(value):
            return self._credentials(name, value)
        if not self._patterns and (len(value) < 12 or not ("=" in value or "@" in value or hinted(value) or services.named(value))):
            return value
        return self.text(self._assignments(value), name)

    def _credentials(self, name: str, value: str) -> str | None:
        """Scheme and credentials, or credentials alone (RFC 9110, section 11.6.2)."""
        scheme, blank, rest = value.strip().replace("\t", " ").partition(" ")
        if not blank:
            return self._replace(value, name) if value else value
        if scheme.lower() == "basic":
            return self._basic(name, scheme + blank, rest.strip())
        new = self._replace(rest.strip(), name)
        return None if new is None else f"{scheme} {new}"

    def _basic(self, where: str, scheme: str, encoded: str) -> str | None:
        try:
            user, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except ValueError:
            new = self._replace(encoded, where)
            return None if new is None else scheme + new
        pair = [self._replace(part, where) if part and not is_public_id(part) else part for part in (user, password)]
        if None in pair:
            return None
        return scheme + base64.b64encode(f"{pair[0]}{colon}{pair[1]}".encode()).decode()

    def _cookies(self, name: str, value: str, *, only_first: bool) -> str | None:
        out = []
        for number, pair in enumerate(value.split(";")):
            cookie, equals, content = pair.partition("=")
            if not equals:      # a value without a name
                content = pair.strip()
                cookie = pair[:len(pair) - len(pair.lstrip())]
            if content and not (only_first and number):
                quoted = '"' if content[:1] == '"' == content[-1:] and len(content) > 1 else ""
                bare = content.strip('"') if quoted else content
                new = self._replace(bare, f"{name} {cookie.strip()}") if self._is_secret_cookie(cookie.strip(), bare) else bare
                if new is None:
                    return None
                out.append(f"{cookie}{equals}{quoted}{new}{quoted}")
            else:
                out.append(pair)
        return ";".join(out)

    def _is_secret_cookie(self, name: str, content: str) -> bool:
        """All but those that are kept, and what says at a glance that it is none: theme=dark, lang=en-US."""
        return not self.names.kept(name) and not (is_word(content) if self.names.may_hold(name) else is_plain(content))

    def body(self, body: bytes) -> bytes:
        """`body` without its secrets; the same object where there are none."""
        if len(body) > _LARGEST:
            new = b"".join(map(self.body, encodings.pieces(body)))
            return body if new == body else new
        if not encodings.shows(body):
            opened = encodings.opened(body)
            if opened is not None:
                new = self.body(opened.plain)
                return body if new == opened.plain else opened.closed(new)
            packed_ = packed.rewritten(body, self._packed)
            if packed_ is not None:
                return body if packed_ == body else packed_
        named = self._may_name(body)
        if not (named or self._patterns or self._may_show(body) or (b"%" in body and b"=" in body and self._may_show(unquote_to_bytes(body)))):
            return body
        try:
            text, coding = body.decode(), "utf-8"
        except UnicodeDecodeError:
            text, coding = body.decode("latin-1"), "latin-1"
        new_text = self._body(text) if named or "=" in text else self.text(text, "body")
        return body if new_text == text else new_text.encode(coding)

    def _packed(self, name: str, text: str) -> str:
        """A text of MessagePack or CBOR, as JSON would have it."""
        if not (name and text):
            return self.prose(text)
        member = json.dumps({name: text})
        new = self.prose(member)
        return text if new == member else str(json.loads(new)[name])

    @staticmethod
    def _may_show(body: bytes) -> bool:
        """Whether a secret may show in `body` without the name of one."""
        return (b"@" in body and b"://" in body) or hinted_bytes(body) or services.named_in(body)

    def _may_name(self, body: bytes) -> bool:
        """Whether `body` has the name of a secret in it: most have none, and are not looked at twice."""
        if b"\\u00" in body:
            body = ESCAPED.sub(lambda found: bytes((int(found[1], 16),)), body)
        low = body.lower()
        if not self.names.stems.search(low):
            return False
        names = {word.decode("ascii", "replace") for word in WORDS.findall(body)}
        return any(map(self.names.is_secret, names)) or any(word in low for word in _WHEN_LONG)

    def _body(self, text: str) -> str:
        if FORM.fullmatch(text):
            return self.text(self._pairs(text, form=True), "body")
        if PARTS.search(text):
            return self.text(PART.sub(self._in_part, text), "body")
        return self.prose(text)

    def prose(self, text: str) -> str:
        """JSON, markup, code or settings, in part or whole."""
        if "\\u00" in text:
            text = ESCAPED_NAME.sub(self._unescaped, text)
        if '"' in text:
            text = self._in_json.scrubbed(text)
            if "[" in text:
                text = PAIR.sub(self._in_pair, text)
        if "<" in text:
            for pattern in ELEMENTS:
                text = pattern.sub(self._in_element, text)
        return self.text(self._assignments(text), "body")

    def taken_away(self, place: str, value: object) -> bool:
        """Whether a filter may have taken away the member or field at `place`, as "body.user.password": the user said that it is
        secret, or it is by its name, and nothing is left of its `value`."""
        name = place.rpartition(".")[2].rpartition("[")[2].rstrip("]")
        return self.names.named(name) or (self.names.is_secret(name) and _is_empty(value))

    # Places in text ---------------------------------------------------------------------------------------------------

    def text(self, text: str, where: str) -> str:
        """`text` without secrets that show by their shape, or stand as parameters of a URL."""
        if hinted(text):
            if "eyJ" in text or "H4sI" in text:
                text = ENCODED.sub(self._encoded, text)
            for shape in likely(text):
                text = shape.sub(lambda found: self._put_first(found, where), text)
            if "earer " in text:
                text = BEARER.sub(lambda found: self._bearer(found, where), text)
            if "asic " in text:
                text = BASIC.sub(lambda found: self._basic_text(found, where), text)
        if "@" in text and "//" in text:
            text = USERINFO.sub(lambda found: self._userinfo(found, where), text)
        if "=" in text or "\\u003" in text:
            text = PARAMETER.sub(self._parameter, text)
        if services.named(text):
            text = self._beside_services(text, where)
        for pattern in self._patterns:
            text = pattern.sub(lambda found: self._put_first(found, "pattern"), text)
        return text

    def _beside_services(self, text: str, where: str) -> str:
        out: list[str] = []
        done = 0
        for found in services.keys(text):
            out += (text[done:found.start(1)], self._formless(found[1], where) or "")
            done = found.end(1)
        return "".join((*out, text[done:])) if done else text

    def _unescaped(self, found: re.Match[str]) -> str:
        """The name of a secret with escapes in it, without."""
        try:
            name = json.loads(found[0])
        except ValueError:
            return found[0]
        return f'"{name}"' if self.names.is_secret(name) and name.isascii() and name.isprintable() else found[0]

    def _put(self, value: str, where: str) -> str:
        new = self._replace(value, where)
        return "" if new is None else new

    def _bearer(self, found: re.Match[str], where: str) -> str:
        """A word after the word is prose."""
        return found[0] if found[2].isalpha() and len(found[2]) < 20 else found[1] + self._put(found[2], where)

    def _userinfo(self, found: re.Match[str], where: str) -> str:
        """A password, or a long name that has none."""
        user, password = found.groups()
        if password and password not in _NO_PASSWORDS:
            return f"{user}:{self._put(password, where)}"
        return found[0].replace(user, self._put(user, where), 1) if len(user) >= 16 else found[0]

    def _encoded(self, found: re.Match[str]) -> str:
        """JSON or gzip in base64, of either alphabet."""
        code = found[0]
        url_safe = "-" in code or "_" in code
        try:
            body = base64.b64decode(code.rstrip("=") + "=" * (-len(code.rstrip("=")) % 4), b"-_" if url_safe else b"+/", validate=True)
        except ValueError:
            return code
        new = self.body(body)
        if new == body:
            return code
        encoded = base64.b64encode(new, b"-_" if url_safe else b"+/").decode()
        return encoded if code.endswith("=") or len(code) % 4 == 0 else encoded.rstrip("=")

    def _basic_text(self, found: re.Match[str], where: str) -> str:
        try:
            if b":" not in base64.b64decode(found[2], validate=True):
                return found[0]
        except ValueError:
            return found[0]
        return self._basic(where, found[1], found[2]) or found[1]

    def _holds(self, name: str, value: str, *, query: bool = False) -> bool:
        """Whether `value` is a secret under `name`, of a query where that is said."""
        return self.names.holds(name, value, query=query) and (not self._answers or is_secret(self.names.kind(name), value))

    def _put_first(self, found: re.Match[str], where: str) -> str:
        """The first group is the secret, where there is one."""
        group = 1 if found.re.groups else 0
        start, end = found.span(group)
        if start < 0:
            return found[0]
        whole = found.start()
        return found[0][:start - whole] + self._put(found[group], where) + found[0][end - whole:]

    def _parameter(self, found: re.Match[str]) -> str:
        name, equals, value = found.groups()
        if self._holds(name, unquote_plus(value), query=True) or (name in WITH_GRANT and "state=" in found.string):
            return f"{name}{equals}{quote(self._put(unquote_plus(value), name), safe='')}"
        new = self._nested(value)
        return found[0] if new is None else f"{name}{equals}{new}"

    def _pairs(self, text: str, *, form: bool = False) -> str:
        """A query or a form: the text of all other pairs stays as it is."""
        out, changed = [], False
        granted = ("grant_type=" if form else "state=") in text
        for pair in text.split("&"):
            raw, equals, value = pair.partition("=")
            name = unquote_plus(raw) if "%" in raw or "+" in raw else raw
            last = name.rpartition("[")[2].rstrip("]") if name.endswith("]") else name
            plain = unquote_plus(value) if "%" in value or "+" in value else value
            if self._holds(last, plain, query=True) or (last is not name and self._holds(name, plain)) or (value and granted and name in WITH_GRANT):
                new = self._replace(plain, name)
                new = None if new is None else quote(new, safe="")
            else:
                new = self._nested(value)
                if new is None:
                    out.append(pair)
                    continue
            changed = True
            if new is not None:
                out.append(f"{raw}{equals}{new}")
        return "&".join(out) if changed else text

    def _nested(self, value: str) -> str | None:
        """A URL or JSON in the value of a parameter, encoded again; None where there is no secret in it.

        What was encoded more than three times is left alone: so deep nobody goes, but those who want others to.
        """
        if "%" not in value or "%2525" in value:
            return None
        inside = unquote_plus(value)
        if inside == value:
            return None
        if "?" in inside:
            new = self.url(inside)
        elif '"' in inside:
            new = self.prose(inside)
        else:
            new = self._nested(inside) or self.text(inside, "URL")
        return None if new == inside else quote(new, safe="")

    def _in_pair(self, found: re.Match[str]) -> str:
        before, name, value = found.groups()
        return before + self._put(value, name) if self._holds(name, value) and any(map(str.isdigit, value)) else found[0]

    def _assignments(self, text: str) -> str:
        return ASSIGNED.sub(self._assigned, text) if ASSIGNS.search(text) else text

    def _assigned(self, found: re.Match[str]) -> str:
        name, between, mark, value, bare = found.groups()
        if not self._holds(name, value or bare):
            return found[0]
        if bare is not None:    # a word alone is prose, or code
            return f"{name}{between}{self._put(bare, name)}" if any(map(str.isdigit, bare)) else found[0]
        return found[0] if value.startswith((":", ",")) else f"{name}{between}{mark}{self._put(value, name)}{mark}"

    def _in_element(self, found: re.Match[str]) -> str:
        name, value = found["name"], found["value"]
        if not value.strip() or not self._holds(name, value.strip()):
            return found[0]
        start, end = (place - found.start() for place in found.span("value"))
        return found[0][:start] + self._put(value, name) + found[0][end:]

    def _in_part(self, found: re.Match[str]) -> str:
        head, name, value = found.groups()
        if not value:
            return found[0]
        return head + (self._put(value, name) if self._holds(name, value) else self._body(value))


def _is_empty(value: object) -> bool:
    """Whether there is nothing in `value`, of JSON, a form or a part."""
    if isinstance(value, dict | list):
        return all(map(_is_empty, value.values() if isinstance(value, dict) else value))
    return value is None or value in ("", b"")
