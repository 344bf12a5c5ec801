"""Where secrets stand in JSON, and what is put in their place."""
from __future__ import annotations

import json
import re
from collections.abc import Callable

from .json_members import Value, unescaped, values
from .names import Names, is_signature
from .values import is_made, is_public_id
from .weighing import Kind, is_piece_of_text, is_secret, is_secret_number, signs_content

WITH_GRANT = frozenset({"code"})    # of OAuth, beside a grant_type, or a state in a URL
_LABELLED = frozenset({"value", "content"})    # beside a member that names them
_OF_JWK = frozenset({"d", "p", "q", "dp", "dq", "qi", "k"})    # the private members of a JSON Web Key (RFC 7518, section 6)
_PARTS = frozenset({"number"})    # of what they stand in: "card": {"number": ...}
_MAY_BE = _LABELLED | _OF_JWK | _PARTS
_SECRET_OBJECT = re.compile(r'"kind"\s?:\s?"Secret(?:List)?"')    # of Kubernetes, with what is secret in:
_SAYS_WHICH = re.compile(r"(?:name|type|kind|ref)$", re.I)    # of members within a secret, which of its kind it is
_DATA = frozenset({"data", "stringData"})


class JSONSecrets:
    """Puts what `replace` says in the place of each secret of JSON; what is text in it goes through `prose`."""

    def __init__(self, names: Names, replace: Callable[[str, str], str | None], prose: Callable[[str], str], *, answers: bool) -> None:
        self._names, self._replace, self._prose, self._answers = names, replace, prose, answers

    def scrubbed(self, text: str) -> str:
        """The strings and numbers that stand under secret names, at any depth; all else, and the layout, stays as it is."""
        granted = '"grant_type"' in text
        in_secret = _SECRET_OBJECT.search(text) is not None
        new: list[tuple[int, int, str]] = []
        candidates: list[Value] = []
        may_be: dict[str, bool] = {}      # by name
        for found, name, here in values(text, self._names.is_secret):
            if name not in may_be:
                may_be[name] = self._names.may_hold(name) or name.lower() in _MAY_BE or (granted and name in WITH_GRANT)
            if may_be[name] or here.under or (in_secret and here.name in _DATA):
                candidates.append(Value(found, name, here))
            elif "\\" in found[0] and (inner := self._inner(found)) is not None:
                new.append((*found.span(), inner))
        for value in candidates:
            sure = (granted and value.name in WITH_GRANT) or (in_secret and value.beside.name in _DATA)
            made = self._json_value(value) if sure or self._is_secret_member(value) else self._inner(value.found)
            if made is not None:
                new.append((*value.found.span(), made))
        if not new:
            return text
        out: list[str] = []
        done = 0
        for start, end, made in sorted(new):
            out += (text[done:start], made)
            done = end
        return "".join((*out, text[done:]))

    def _is_secret_member(self, value: Value) -> bool:
        """Whether a value of JSON is a secret by its name, or by that of what it stands in, and by what stands beside it."""
        name, here = value.name, value.beside
        text = value.found[1]
        if name.lower() in _LABELLED and here.label and not self._names.is_secret(name) and not here.under:
            name = here.label
        if name.lower() in _PARTS:
            name = here.name + name
        own = self._names.holds(name, text or "")
        if name in _OF_JWK and not own and not here.under:
            return "kty" in here.said and text is not None
        if not (own or here.under) or here.in_schema or (own and is_signature(name) and signs_content(here.said)):
            return False
        kind = self._names.kind(name if own else here.under)
        if own and kind is not Kind.GIVEN and (is_piece_of_text(here.said) or is_public_id(text or "") or (kind is Kind.LOOSE and here.is_of_pages)):
            return False
        if not self._answers:
            return True
        if text is None:
            return is_secret_number(kind, here.said)
        if here.is_list and text.isalpha() and self._names.is_secret(text):      # the name of a member
            return False
        if own or kind in (Kind.CHOSEN, Kind.GIVEN):
            return is_secret(kind, unescaped(text), here.said)
        return not (is_piece_of_text(here.said) or _SAYS_WHICH.search(name)) and is_made(unescaped(text))

    def _json_value(self, value: Value) -> str | None:
        text, name = value.found[1], value.name
        if text == "":
            return None
        new = self._replace(value.found[0] if text is None else unescaped(text), name) or ""
        return new if new and text is None else f'"{new}"'

    def _inner(self, found: re.Match[str]) -> str | None:
        """JSON or other text within a string of JSON, where that has to be unescaped to be read."""
        inside = found[1]
        if not inside or "\\" not in inside:
            return None
        try:
            value = json.loads(found[0], strict=False)
        except (ValueError, RecursionError):
            return None
        new = self._prose(value)
        return None if new == value else json.dumps(new)
