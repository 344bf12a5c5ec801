"""Where secrets stand in requests and answers.

A value is a secret by the name that it has in a header, a cookie, a query, a form, JSON, XML or a part of a multipart
body, or by its shape wherever it stands (a JWT, a key of a well-known service, a private key, a password in a URL).
"""
from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable
from urllib.parse import quote, unquote_plus

from ...models.message import Headers
from .pseudonyms import JWT

Replace = Callable[[str, str], str | None]    # (value, where it stands) -> what stands there instead; None: nothing at all

# Names, in lower case without anything but letters and digits -----------------------------------------------------------
_ENDINGS = ("token", "secret", "password", "passwd", "passphrase", "apikey", "accesskey", "privatekey", "secretkey", "sessionid",
            "sessionkey", "subscriptionkey")
_NAMES = frozenset({
    "authorization", "proxyauthorization", "bearer", "jwt", "pwd", "pin", "otp", "totp", "mfacode", "authcode", "authorizationcode",
    "assertion", "clientassertion", "samlresponse", "codeverifier", "devicecode", "credential", "accesskeyid", "secretaccesskey", "secretid",
    "signature", "sig", "xamzsignature", "xamzcredential", "jsessionid", "phpsessid", "sid", "connectionstring",
    "passwords", "secrets", "apikeys", "accesstokens",
})
_PUBLIC = frozenset({    # pages and positions, which are told by tokens too
    "nexttoken", "pagetoken", "nextpagetoken", "prevpagetoken", "previouspagetoken", "continuationtoken", "synctoken", "nextsynctoken",
})
_IN_QUERIES = frozenset({"key", "auth"})           # where a long value is one
_WITH_GRANT = frozenset({"code"})                  # of OAuth, beside a grant_type
# Each begins with a letter of its own, which lets the pattern of all of them skip what begins with no such letter.
_STEMS = ("token", "secret", "passw", "passphrase", r"api[\W_]?key", r"access[\W_]?key", r"private[\W_]?key", r"subscription[\W_]?key",
          "key=", "sess", "auth", "pwd", "assertion", "verifier", "signature", "credential", "jwt", "samlresponse", "bearer", "connection",
          r"device[\W_]?code", r"mfa[\W_]?code", "code=", r"pin\W", r"otp\W", r"sid\W", r"sig\W")
_WORDS = re.compile(rb"""(?<![\w.-])([\w.-]++)\s?["'=:>\\\]]""")    # what may be a name, in any of the layouts

# Shapes, each with the text that it begins with: only what is there is looked for -----------------------------------------
_SHAPES = {hint: re.compile(shape) for hint, shape in {
    "eyJ": JWT.pattern,
    **{f"gh{kind}_": rf"gh{kind}_[A-Za-z0-9]{{36,}}" for kind in "pousr"}, "github_pat_": r"github_pat_[A-Za-z0-9_]{22,}",
    "glpat-": r"glpat-[A-Za-z0-9_-]{20,}", "npm_": r"npm_[A-Za-z0-9]{36}", "xox": r"xox[abeoprs]-[A-Za-z0-9-]{10,}",
    "AKIA": r"AKIA[0-9A-Z]{16}(?![0-9A-Z])", "ASIA": r"ASIA[0-9A-Z]{16}(?![0-9A-Z])",
    "AIza": r"AIza[0-9A-Za-z_-]{35}", "ya29.": r"ya29\.[0-9A-Za-z_-]{20,}", "SG.": r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",
    "sk_": r"sk_(?:live|test)_[A-Za-z0-9]{16,}", "rk_": r"rk_(?:live|test)_[A-Za-z0-9]{16,}", "sk-": r"(?<![A-Za-z0-9])sk-[A-Za-z0-9_-]{20,}",
    "-----BEGIN": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----(?:[^-]|-(?!----END))*+-----END (?:[A-Z]+ )*PRIVATE KEY-----",
}.items()}
_HINTS = (*_SHAPES, "earer ", "asic ")
# The same in bytes, each from its rarest letter on: a body is looked through once, and most of it is skipped.
_RARE = re.compile(rb"J(?<=eyJ)|_(?<=gh[pousr]_)|_(?<=pat_)|_(?<=npm_)|_(?<=[sr]k_)|-(?<=glpat-)|-(?<=sk-)|-(?=----BEGIN)|x(?=ox)|I(?=A)|I(?=za)"
                   rb"|9(?<=ya29)|G(?<=SG)|B(?=earer |asic )|b(?=earer |asic )")
_BEARER = re.compile(r"(\b[Bb]earer +)([A-Za-z0-9._~+/-]{8,}=*)")
_BASIC = re.compile(r"(\b[Bb]asic +)([A-Za-z0-9+/]{8,}={0,2})")
_USERINFO = re.compile(r"(?<=://)([^/?#\s@:\"'<>]*):([^/?#\s@\"'<>]+)(?=@)")
_PARAMETER = re.compile(r"(?<=[?&;#])([A-Za-z][\w.\-]*)=([^\s&;#\"'<>\\,]+)")
_NAMED = re.compile(r"""\b([A-Za-z][\w.-]{0,60}+)(\s{0,8}+[:=]\s{0,8}+)(["'])([^"'\\\n]{1,4096}+)\3""")
_ELEMENT = re.compile(r"<(?:[\w.-]+:)?([A-Za-z][\w.-]*)(?:\s[^<>]*)?>([^<>]+)</")
_FIELD = re.compile(r"""<[^<>]*?\bname=["']([^"'<>]+)["'][^<>]*?\bvalue=["']([^"'<>]+)["']""")
_PART = re.compile(r"""(Content-Disposition:[^\r\n]*?\bname="?([^"\r\n;]+)"?[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n)(.*?)(?=\r\n--)""", re.I | re.S)
_FORM = re.compile(r"[^\s=&{}<>\"]+=[^\s<>\"]*")
_JSON = re.compile(r'"((?:[^"\\]|\\.|\\\Z)*+)(?:"|\Z)(\s*+:)?|[{}\[\]]|(?<![\w.])\d{4,}(?![\w.])', re.S)
_NOT_NAME = re.compile(r"[^a-z0-9]+")

_COOKIES = {"cookie": False, "set-cookie": True}
_LARGEST = 1 << 25    # characters of text that are looked through by name


class Scrubber:
    """Puts what `replace` says in the place of each secret. `names` are secret besides the usual ones, `keep` never are;
    `patterns` are regular expressions of secrets, of which the first group is one where there are groups."""

    def __init__(self, replace: Replace, names: Iterable[str] = (), patterns: Iterable[str] = (), keep: Iterable[str] = (), *,
                 number: Replace | None = None) -> None:
        self._replace = replace
        self._number = number or replace      # of a number of JSON
        self._extra = frozenset(map(_plain, names))
        self._keep = frozenset(map(_plain, keep))
        self._patterns = [re.compile(pattern) for pattern in patterns]
        stems = (*_STEMS, *(re.escape(max(re.split(r"[^a-z0-9]+", name.lower()), key=len)) for name in names))
        self._stems = re.compile("|".join(stems).encode())
        self._named: dict[str, bool] = {}
        self._urls: dict[str, str] = {}
        self._seen: dict[tuple[str, str], str | None] = {}      # headers, of which most come again

    def is_secret(self, name: str) -> bool:
        """Whether what is called `name` is a secret."""
        known = self._named.get(name)
        if known is None:
            plain = _plain(name)
            known = plain not in self._keep and (plain in self._extra or plain in _NAMES
                                                 or (plain.endswith(_ENDINGS) and plain not in _PUBLIC))
            if len(self._named) < 10_000:
                self._named[name] = known
        return known

    # Requests and answers ---------------------------------------------------------------------------------------------

    def url(self, url: str) -> str:
        """`url` without its secrets: a password, values in the query, shapes."""
        if not ("?" in url or "@" in url or "#" in url or self._patterns or _hinted(url)):
            return url
        found = self._urls.get(url)
        if found is None:
            head, mark, query = url.partition("?")
            query, hash_, fragment = query.partition("#")
            if mark:
                query = self._pairs(query)
                mark = mark if query else ""
            found = self.text(f"{head}{mark}{query}{hash_}{fragment}", "URL")
            if len(self._urls) < 10_000:
                self._urls[url] = found
        return found

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
            return self._cookies(name, value, only_first=_COOKIES[lower]) if _plain(name) not in self._keep else value
        if self.is_secret(name):
            return self._credentials(name, value)
        if len(value) < 12 or not (_hinted(value) or "=" in value or "@" in value or self._patterns):
            return value
        return self.text(value, name)

    def _credentials(self, name: str, value: str) -> str | None:
        """Scheme and credentials, or credentials alone (RFC 9110, section 11.6.2)."""
        scheme, blank, rest = value.partition(" ")
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
        pair = [self._replace(part, where) if part else part for part in (user, password)]
        if None in pair:
            return None
        return scheme + base64.b64encode(f"{pair[0]}{colon}{pair[1]}".encode()).decode()

    def _cookies(self, name: str, value: str, *, only_first: bool) -> str | None:
        out = []
        for number, pair in enumerate(value.split(";")):
            cookie, equals, content = pair.partition("=")
            if content and not (only_first and number):
                quoted = '"' if content[:1] == '"' == content[-1:] and len(content) > 1 else ""
                new = self._replace(content.strip('"') if quoted else content, f"{name} {cookie.strip()}")
                if new is None:
                    return None
                out.append(f"{cookie}{equals}{quoted}{new}{quoted}")
            else:
                out.append(pair)
        return ";".join(out)

    def body(self, body: bytes) -> bytes:
        """`body` without its secrets; the same object where there are none."""
        named = self._may_name(body)
        if not (named or self._patterns or (b"@" in body and b"://" in body) or _RARE.search(body)):
            return body
        if len(body) > _LARGEST:
            return body
        try:
            text, coding = body.decode(), "utf-8"
        except UnicodeDecodeError:
            text, coding = body.decode("latin-1"), "latin-1"
        new = self._body(text) if named else self.text(text, "body")
        return body if new == text else new.encode(coding)

    def _may_name(self, body: bytes) -> bool:
        """Whether `body` has the name of a secret in it: most have none, and are not looked at twice."""
        low = body.lower()
        if not self._stems.search(low):
            return False
        names = {word.decode("ascii", "replace") for word in _WORDS.findall(body)}
        return any(map(self.is_secret, names)) or b"key=" in low or b"auth=" in low or b"code=" in low

    def _body(self, text: str) -> str:
        if _FORM.fullmatch(text):
            text = self._pairs(text, form=True)
        elif text.startswith("--") and "\r\n" in text:
            text = _PART.sub(self._in_part, text)
        else:
            if '"' in text:
                text = self._json(text)
            if "<" in text:
                text = _FIELD.sub(self._last_group, _ELEMENT.sub(self._last_group, text))
            text = _NAMED.sub(self._in_quotes, text)
        return self.text(text, "body")

    # Places in text ---------------------------------------------------------------------------------------------------

    def text(self, text: str, where: str) -> str:
        """`text` without secrets that show by their shape, or stand as parameters of a URL."""
        if _hinted(text):
            for hint, shape in _SHAPES.items():
                if hint in text:
                    text = shape.sub(lambda found: self._put(found[0], where), text)
            if "earer " in text:
                text = _BEARER.sub(lambda found: found[1] + self._put(found[2], where), text)
            if "asic " in text:
                text = _BASIC.sub(lambda found: self._basic_text(found, where), text)
        if "@" in text and "://" in text:
            text = _USERINFO.sub(lambda found: f"{found[1]}:{self._put(found[2], where)}", text)
        if "=" in text:
            text = _PARAMETER.sub(self._parameter, text)
        for pattern in self._patterns:
            text = pattern.sub(self._matched, text)
        return text

    def _put(self, value: str, where: str) -> str:
        new = self._replace(value, where)
        return "" if new is None else new

    def _basic_text(self, found: re.Match[str], where: str) -> str:
        try:
            if b":" not in base64.b64decode(found[2], validate=True):
                return found[0]
        except ValueError:
            return found[0]
        return self._basic(where, found[1], found[2]) or found[1]

    def _matched(self, found: re.Match[str]) -> str:
        group = 1 if found.re.groups else 0
        start, end = found.span(group)
        if start < 0:
            return found[0]
        whole = found.start()
        return found[0][:start - whole] + self._put(found[group], "pattern") + found[0][end - whole:]

    def _parameter(self, found: re.Match[str]) -> str:
        name, value = found.groups()
        if not self._is_parameter(name, value):
            return found[0]
        new = self._put(unquote_plus(value), name)
        return f"{name}={quote(new, safe='')}"

    def _is_parameter(self, name: str, value: str) -> bool:
        return self.is_secret(name) or (len(value) >= 16 and name.lower() in _IN_QUERIES and _plain(name) not in self._keep)

    def _pairs(self, text: str, *, form: bool = False) -> str:
        """A query or a form: the text of all other pairs stays as it is."""
        out, changed = [], False
        granted = form and "grant_type=" in text
        for pair in text.split("&"):
            raw, equals, value = pair.partition("=")
            name = unquote_plus(raw) if "%" in raw or "+" in raw else raw
            last = name.rpartition("[")[2].rstrip("]") if name.endswith("]") else name
            if not (self.is_secret(last) or (value and (self._is_parameter(last, value) or (granted and name in _WITH_GRANT)))):
                out.append(pair)
                continue
            changed = True
            new = self._replace(unquote_plus(value), name)
            if new is not None:
                out.append(f"{raw}{equals}{quote(new, safe='')}")
        return "&".join(out) if changed else text

    def _json(self, text: str) -> str:
        """The strings and numbers that stand under secret names, at any depth; all else, and the layout, stays as it is."""
        out: list[str] = []
        done = depth = 0
        secret = False          # whether the value that comes is one
        name = ""
        for found in _JSON.finditer(text):
            token = found[0]
            if found[2] is not None:
                if not depth:
                    name = found[1]
                    secret = self.is_secret(name)
            elif token in "{[":
                depth += bool(depth or secret)
            elif token in "}]":
                depth -= bool(depth)
                secret = secret and bool(depth)
            else:
                new = self._json_value(found, name) if secret or depth else self._inner(found)
                secret = secret and bool(depth)
                if new is not None:
                    out += (text[done:found.start()], new)
                    done = found.end()
        if not done:
            return text
        return "".join((*out, text[done:]))

    def _json_value(self, found: re.Match[str], name: str) -> str | None:
        value = found[1]
        if value is None:
            return self._number(found[0], name) or '""'
        if not value:
            return None
        try:
            value = json.loads(f'"{value}"', strict=False) if "\\" in value else value
        except ValueError:
            pass
        return f'"{self._put(value, name)}"'

    def _inner(self, found: re.Match[str]) -> str | None:
        """JSON or other text with quotes, within a string of JSON."""
        inside = found[1]
        if not inside or '\\"' not in inside:
            return None
        try:
            value = json.loads(found[0], strict=False)
        except (ValueError, RecursionError):
            return None
        new = _NAMED.sub(self._in_quotes, self._json(value))
        return None if new == value else json.dumps(new)

    def _in_quotes(self, found: re.Match[str]) -> str:
        name, between, mark, value = found.groups()
        if not self.is_secret(name) or value.startswith((":", ",")):
            return found[0]
        return f"{name}{between}{mark}{self._put(value, name)}{mark}"

    def _last_group(self, found: re.Match[str]) -> str:
        name, value = found.groups()
        if not self.is_secret(name) or not value.strip():
            return found[0]
        start, end = found.start(2) - found.start(), found.end(2) - found.start()
        return found[0][:start] + self._put(value, name) + found[0][end:]

    def _in_part(self, found: re.Match[str]) -> str:
        head, name, value = found.groups()
        if not value:
            return found[0]
        return head + (self._put(value, name) if self.is_secret(name) else self._body(value))


def _plain(name: str) -> str:
    return _NOT_NAME.sub("", name.lower())


def _hinted(text: str) -> bool:
    for hint in _HINTS:    # noqa: SIM110 - a generator takes twice the time
        if hint in text:
            return True
    return False
