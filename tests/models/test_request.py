import copy
import io
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionmock.errors import InvalidArgumentException
from sessionmock.models.body import InputStream
from sessionmock.models.enums import Attribution, CachePolicy, NetworkServiceType
from sessionmock.models.request import URLRequest

URL = "https://api.example.com/me"

DEFAULTS = {
    "url": URL, "http_method": "GET", "cache_policy": CachePolicy.USE_PROTOCOL_CACHE_POLICY, "timeout_interval": 60.0,
    "explicit_timeout_interval": None, "main_document_url": None, "network_service_type": NetworkServiceType.DEFAULT,
    "allows_cellular_access": True, "allows_expensive_network_access": True, "allows_constrained_network_access": True,
    "allows_ultra_constrained_network_access": True, "assumes_http3_capable": False, "attribution": Attribution.DEVELOPER,
    "requires_dnssec_validation": False, "allows_persistent_dns": False, "cookie_partition_identifier": None,
    "all_http_header_fields": {}, "http_body": None, "http_body_stream": None, "http_should_handle_cookies": True,
    "http_should_use_pipelining": False,
}
OTHERS = {
    "url": "http://b/", "http_method": "PATCH", "cache_policy": CachePolicy.RELOAD_REVALIDATING_CACHE_DATA,
    "timeout_interval": 5.0, "main_document_url": "http://main/", "network_service_type": NetworkServiceType.VIDEO,
    "allows_cellular_access": False, "allows_expensive_network_access": False, "allows_constrained_network_access": False,
    "allows_ultra_constrained_network_access": False, "assumes_http3_capable": True, "attribution": Attribution.USER,
    "requires_dnssec_validation": True, "allows_persistent_dns": True, "cookie_partition_identifier": "p",
    "all_http_header_fields": {"A": "1"}, "http_body": b"x", "http_should_handle_cookies": False,
    "http_should_use_pipelining": True,
}
WRONG = {
    "url": [b"http://a/", 5], "http_method": ["", "GET POST", "A\r\nB", b"GET", 1], "cache_policy": [6, "reload", None],
    "timeout_interval": [0, -1, float("nan"), "5", True], "http_body": ["text", 5, [b"x"], io.BytesIO(b"x")],
    "http_body_stream": ["text", 5, io.StringIO("x")], "allows_cellular_access": [1, None], "main_document_url": [5, "http:///", "http://a b/"],
    "network_service_type": [5], "attribution": [2],
    "all_http_header_fields": [{"a b": "1"}, {"": "1"}, {"A": "1\r\nB: 2"}, {"A": "\0"}, {"A": 5}, {"A": "\ud800"}, {5: "a"}],
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_default(name):
    """A request of a URL alone has Apple's defaults."""
    assert DEFAULTS[name] == getattr(URLRequest(URL), name)


@pytest.mark.parametrize("name", OTHERS)
def test_given_at_construction_or_set_later(name):
    """Every member can be given to the constructor and set later, with the same result."""
    built = URLRequest(**{"url": URL, name: OTHERS[name]})
    request = URLRequest(URL)
    setattr(request, name, OTHERS[name])
    assert OTHERS[name] == getattr(built, name) == getattr(request, name)
    assert built == request
    assert URLRequest(URL) != request


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_wrong_values(name, value):
    """What can never be right raises where it is set, naming the value, and changes nothing."""
    request = URLRequest(URL, all_http_header_fields={"Kept": "1"})
    before = request.copy()
    with pytest.raises(InvalidArgumentException, match=r"URLRequest|body"):
        setattr(request, name, value)
    assert before == request
    with pytest.raises(InvalidArgumentException):
        URLRequest(**{"url": URL, name: value} if value is not None else {"url": 5})


def test_unknown_member():
    """A keyword that is no member is a TypeError that lists the members, and an unknown attribute cannot be set."""
    with pytest.raises(TypeError, match="http_should_handle_cookies"):
        URLRequest(URL, timeout=5)
    with pytest.raises(AttributeError):
        URLRequest(URL).timeout = 5


def test_method():
    """None is GET; the methods that Apple knows are written in capitals, others stay as typed."""
    request = URLRequest(URL, "post")
    assert "POST" == request.http_method
    request.http_method = "patch"
    assert "patch" == request.http_method
    request.http_method = None
    assert "GET" == request.http_method


def test_no_url():
    """A request without a URL can be made; the load tells."""
    assert URLRequest(None).url is None


def test_explicit_timeout():
    """A time-out that was set counts as set, also to 60; None unsets it (I16)."""
    request = URLRequest(URL, timeout_interval=60)
    assert 60.0 == request.explicit_timeout_interval
    request.timeout_interval = None
    assert (None, 60.0) == (request.explicit_timeout_interval, request.timeout_interval)


def test_body_and_stream_exclude_each_other():
    """Setting the body clears the stream and the other way round; both at once is refused."""
    request = URLRequest(URL, http_body=bytearray(b"one"))
    assert b"one" == request.http_body
    request.http_body_stream = InputStream(b"two")
    assert request.http_body is None
    assert b"two" == request.http_body_stream.read(9)
    request.http_body = b""
    assert (b"", None) == (request.http_body, request.http_body_stream)
    with pytest.raises(InvalidArgumentException, match="one of them"):
        URLRequest(URL, http_body=b"", http_body_stream=b"")


def test_body_is_a_copy():
    """Changing the buffer that a body was set from does not change the body."""
    buffer = bytearray(b"one")
    request = URLRequest(URL, http_body=buffer)
    buffer[0] = 0
    assert b"one" == request.http_body


def test_headers():
    """Names are found in any case and keep their first spelling; adding joins by a comma, None removes."""
    request = URLRequest(URL)
    request.set_value("a", for_http_header_field="X-One")
    request.set_value(" b\t", "x-one")
    assert "b" == request.value("X-ONE")
    request.add_value("c", for_http_header_field="x-One")
    request.add_value("", "Empty")
    assert {"X-One": "b,c", "Empty": ""} == request.all_http_header_fields
    assert [("X-One", "b,c"), ("Empty", "")] == request.header_pairs()
    request.set_value(None, "X-ONE")
    request.set_value(None, "never set")
    assert {"Empty": ""} == request.all_http_header_fields
    assert request.value("x-one") is None


def test_all_header_fields_is_a_copy_and_replaces_all():
    """The getter gives a copy; the setter replaces every field, and None clears them."""
    request = URLRequest(URL, all_http_header_fields={"A": "1", "a": "2"})
    assert {"A": "1,2"} == request.all_http_header_fields
    request.all_http_header_fields["B"] = "3"
    assert {"A": "1,2"} == request.all_http_header_fields
    request.all_http_header_fields = {"C": "4"}
    assert {"C": "4"} == request.all_http_header_fields
    request.all_http_header_fields = None
    assert {} == request.all_http_header_fields


@given(st.lists(st.tuples(st.sampled_from(["a", "A", "b-C", "B-c", "D"]), st.text("xyz, ", max_size=3)), max_size=8))
def test_headers_act_like_a_case_insensitive_map(fields):
    """Whatever is set in whatever case, the last value of a name holds."""
    request, model = URLRequest(URL), {}
    for name, value in fields:
        request.set_value(value, name)
        model[name.lower()] = value.strip()
    assert model == {name.lower(): value for name, value in request.header_pairs()}
    assert all(value == request.value(name.upper()) for name, value in model.items())


@pytest.mark.parametrize("copied", [URLRequest.copy, copy.copy])
def test_copy_is_independent(copied):
    """A copy is equal, and neither sees a change of the other; a stream is shared (I8)."""
    request = URLRequest(URL, "POST", b"x", timeout_interval=3, all_http_header_fields={"A": "1"}, allows_cellular_access=False)
    other = copied(request)
    assert request == other
    for name, value in {**OTHERS, "allows_cellular_access": True}.items():
        setattr(other, name, value)
    other.add_value("2", "A")
    assert (b"x", 3.0, {"A": "1"}, False) == \
        (request.http_body, request.timeout_interval, request.all_http_header_fields, request.allows_cellular_access)
    request.http_body_stream = b"stream"
    assert copied(request).http_body_stream is request.http_body_stream


def test_pickling_drops_the_stream():
    """A request survives pickling but for its stream, which is dropped."""
    request = URLRequest(URL, "POST", b"x", all_http_header_fields={"A": "1"}, main_document_url="http://m/")
    assert request == pickle.loads(pickle.dumps(request))
    request.http_body_stream = (piece for piece in [b"x"])
    assert pickle.loads(pickle.dumps(request)).http_body_stream is None


def test_equality_is_by_value():
    """A member set to its default equals one never set; header names compare in any case; no request is hashable."""
    one, other = URLRequest(URL), URLRequest(URL, allows_cellular_access=True)
    one.set_value("1", "A")
    other.set_value("1", "a")
    assert one == other
    assert one != URL
    with pytest.raises(TypeError):
        hash(one)


def test_repr():
    """The repr shows what was set and no header's value."""
    request = URLRequest(URL, "POST", b"abc", timeout_interval=2, all_http_header_fields={"Authorization": "Bearer s3cret"},
                         allows_cellular_access=False)
    assert ("URLRequest('https://api.example.com/me', 'POST', headers=['Authorization'], body of 3 bytes, timeout_interval=2, "
            "allows_cellular_access=False)") == repr(request)
    assert "URLRequest('u', 'GET', body from a stream)" == repr(URLRequest("u", http_body_stream=b"x"))


def test_form():
    """A form is a POST of its serialized fields with their content type."""
    request = URLRequest.form(URL, {"a": "b c"})
    assert ("POST", b"a=b+c", "application/x-www-form-urlencoded") == \
        (request.http_method, request.http_body, request.value("content-type"))


def test_multipart():
    """A multipart form in memory is a body, one with a file a stream; the content type names the boundary."""
    request = URLRequest.multipart(URL, {"a": "1"}, boundary="B")
    assert b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--B--\r\n' == request.http_body
    assert ("POST", "multipart/form-data; boundary=B") == (request.http_method, request.value("content-type"))
    assert URLRequest.multipart(URL, files={"f": io.BytesIO(b"x")}).http_body_stream.length > 0
