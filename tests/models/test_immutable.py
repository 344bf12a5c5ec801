from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

import sessionmock as sm

SPACE = sm.URLProtectionSpace("h", 443, "https")
VALUES = [
    (sm.HTTPCookie(name="a", value="b", domain="h", path="/"), "value"), (sm.URLCredential("u", "p"), "password"), (SPACE, "realm"),
    (sm.URLAuthenticationChallenge(protection_space=SPACE), "error"), (sm.ProxyConfiguration.socks5("h", 1), "port"),
    (sm.ServerSentEvent("text"), "data"), (sm.ServerTrust("h", 443, (b"chain",)), "host"), (sm.Answer(200), "status"),
]


@pytest.mark.parametrize(("made", "member"), [pytest.param(*each, id=type(each[0]).__name__) for each in VALUES])
def test_a_value_that_never_changes_says_so(made: Any, member: str) -> None:
    """And of what it has not, or what follows from the rest, what there is; it is copied and pickled all the same."""
    kind = type(made).__name__
    with pytest.raises(FrozenInstanceError, match=rf"{kind}\.{member} cannot be set: make another, as dataclasses\.replace"):
        setattr(made, member, 1)
    with pytest.raises(FrozenInstanceError, match=rf"{kind}\.misspelt cannot be set: a new one takes .*{member}"):
        made.misspelt = 1
    assert made == copy.deepcopy(made) == pickle.loads(pickle.dumps(made))
