import pytest

from sessionmock.models import enums
from sessionmock.models.request import URLRequest

NUMBERS = {
    enums.CachePolicy: [0, 1, 2, 3, 4, 5],
    enums.NetworkServiceType: [0, 1, 2, 3, 4, 6, 8, 9, 11],
    enums.Attribution: [0, 1],
    enums.CookieAcceptPolicy: [0, 1, 2],
    enums.MultipathServiceType: [0, 1, 2, 3],
    enums.TLSProtocolVersion: [0x0301, 0x0302, 0x0303, 0x0304],
    enums.ResponseDisposition: [0, 1, 2, 3],
    enums.AuthChallengeDisposition: [0, 1, 2, 3],
    enums.DelayedRequestDisposition: [0, 1, 2],
    enums.TaskState: [0, 1, 2, 3],
}


@pytest.mark.parametrize("kind", NUMBERS, ids=lambda kind: kind.__name__)
def test_numbers(kind):
    """Members have the numbers of Apple's headers."""
    assert NUMBERS[kind] == [member.value for member in kind]


def test_names_that_decide():
    """The members whose order is easily mixed up stand where Apple has them."""
    assert (1, 2) == (enums.TaskState.SUSPENDED, enums.TaskState.CANCELING)
    assert (0, 1) == (enums.ResponseDisposition.CANCEL, enums.ResponseDisposition.ALLOW)
    assert enums.CachePolicy.RELOAD_IGNORING_CACHE_DATA is enums.CachePolicy.RELOAD_IGNORING_LOCAL_CACHE_DATA
    assert 2 == enums.AuthChallengeDisposition.CANCEL_AUTHENTICATION_CHALLENGE
    assert 3 == enums.CachePolicy.RETURN_CACHE_DATA_DONT_LOAD


def test_reached_through_the_request():
    """The enumerations of a request are members of URLRequest too."""
    assert enums.CachePolicy is URLRequest.CachePolicy
    assert enums.NetworkServiceType is URLRequest.NetworkServiceType
    assert enums.Attribution is URLRequest.Attribution
