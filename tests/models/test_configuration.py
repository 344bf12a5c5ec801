import copy
import http.cookiejar
import pydoc
import re
import ssl

import pytest

from sessionmock.errors import InvalidArgumentException
from sessionmock.models import configuration as module
from sessionmock.models.configuration import URLSessionConfiguration
from sessionmock.models.enums import CachePolicy, CookieAcceptPolicy, MultipathServiceType, NetworkServiceType, TLSProtocolVersion
from sessionmock.models.proxy import ProxyConfiguration
from sessionmock.models.request import URLRequest
from sessionmock.routes.url_protocol import URLProtocol

DEFAULTS = {
    "request_cache_policy": CachePolicy.USE_PROTOCOL_CACHE_POLICY, "timeout_interval_for_request": 60.0,
    "timeout_interval_for_resource": 604800.0, "network_service_type": NetworkServiceType.DEFAULT,
    "allows_cellular_access": True, "allows_expensive_network_access": True, "allows_constrained_network_access": True,
    "allows_ultra_constrained_network_access": False, "requires_dnssec_validation": False, "waits_for_connectivity": False,
    "is_discretionary": False, "shared_container_identifier": None, "session_sends_launch_events": True,
    "connection_proxy_dictionary": None, "proxy_configurations": (),
    "tls_minimum_supported_protocol_version": TLSProtocolVersion.TLS_V12,
    "tls_maximum_supported_protocol_version": TLSProtocolVersion.TLS_V13,
    "tls_minimum_supported_protocol": TLSProtocolVersion.TLS_V12,
    "tls_maximum_supported_protocol": TLSProtocolVersion.TLS_V13, "http_should_use_pipelining": False,
    "http_should_set_cookies": True, "http_cookie_accept_policy": CookieAcceptPolicy.ONLY_FROM_MAIN_DOCUMENT_DOMAIN,
    "http_additional_headers": None, "http_maximum_connections_per_host": 6, "maximum_redirects": 20,
    "maximum_body_size": 1 << 30,
    "should_use_extended_background_idle_mode": False, "protocol_classes": (),
    "multipath_service_type": MultipathServiceType.NONE, "uses_classic_loading_mode": True, "enables_early_data": False,
}
OTHERS = {
    "request_cache_policy": CachePolicy.RETURN_CACHE_DATA_ELSE_LOAD, "timeout_interval_for_request": 1.5,
    "timeout_interval_for_resource": float("inf"), "network_service_type": NetworkServiceType.VIDEO,
    "allows_cellular_access": False, "allows_expensive_network_access": False, "allows_constrained_network_access": False,
    "allows_ultra_constrained_network_access": True, "requires_dnssec_validation": True, "waits_for_connectivity": True,
    "is_discretionary": True, "shared_container_identifier": "group", "session_sends_launch_events": False,
    "connection_proxy_dictionary": {"HTTPProxy": "h"}, "proxy_configurations": (ProxyConfiguration.socks5("h", 1),),
    "tls_minimum_supported_protocol_version": TLSProtocolVersion.TLS_V10,
    "tls_maximum_supported_protocol_version": TLSProtocolVersion.TLS_V11,
    "tls_minimum_supported_protocol": TLSProtocolVersion.TLS_V13,
    "tls_maximum_supported_protocol": TLSProtocolVersion.TLS_V12, "http_should_use_pipelining": True,
    "http_should_set_cookies": False, "http_cookie_accept_policy": CookieAcceptPolicy.NEVER,
    "http_additional_headers": {"Accept": "a/b"}, "http_maximum_connections_per_host": 1, "maximum_redirects": 0,
    "maximum_body_size": None,
    "should_use_extended_background_idle_mode": True, "protocol_classes": (URLProtocol,),
    "multipath_service_type": MultipathServiceType.HANDOVER, "uses_classic_loading_mode": False, "enables_early_data": True,
}
WRONG = {
    "request_cache_policy": [9, None, "x", True, 1.0, CookieAcceptPolicy.NEVER],
    "timeout_interval_for_request": [0, -1, None, "5", True, float("nan")],
    "timeout_interval_for_resource": [0], "allows_cellular_access": [1, None], "shared_container_identifier": [5],
    "connection_proxy_dictionary": ["x"],
    "proxy_configurations": ["x", None, ["http://proxy"]],
    "tls_minimum_supported_protocol_version": [2, "1.2", ssl.TLSVersion.MINIMUM_SUPPORTED, ssl.VerifyMode.CERT_NONE],
    "http_additional_headers": [{"a b": "1"}, {"A": "\n"}, {"A": 1}, [("A", "1")]],
    "http_maximum_connections_per_host": [0, 1.5, True],
    "protocol_classes": [int, [object()]], "maximum_redirects": [-1, True, None, 1.0], "maximum_body_size": [-1, True, 1.5, "1 GiB"],
    "multipath_service_type": [4],
}
STORES = ("http_cookie_storage", "url_credential_storage", "url_cache")


@pytest.fixture
def factories(monkeypatch):
    """Store factories that make (name, kind) objects, and the list of what they made."""
    made = []

    def factory(name):
        def make(kind):
            made.append((name, kind))
            return [name, kind]
        return module.StoreKind(list, make)
    monkeypatch.setattr(module, "STORES", {name: factory(name) for name in STORES})
    return made


def each_kind():
    return [URLSessionConfiguration.default(), URLSessionConfiguration.ephemeral(), URLSessionConfiguration.background("b")]


def test_the_tables_are_complete():
    """Every setting of the class stands in both tables of this module."""
    declared = {name for name, value in vars(URLSessionConfiguration).items() if isinstance(value, module.Setting)}
    assert declared == set(DEFAULTS) == set(OTHERS)


@pytest.mark.parametrize("name", DEFAULTS)
def test_default(name):
    """The three factories give Apple's defaults."""
    assert [DEFAULTS[name]] * 3 == [getattr(configuration, name) for configuration in each_kind()]


@pytest.mark.parametrize("name", OTHERS)
def test_set(name):
    """Every property can be set, and shows in the repr then."""
    configuration = URLSessionConfiguration.default()
    setattr(configuration, name, OTHERS[name])
    assert OTHERS[name] == getattr(configuration, name)
    assert name in repr(configuration)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_wrong_values(name, value):
    """A wrong value is refused with the property, the value and what it takes, and changes nothing."""
    configuration = URLSessionConfiguration.default()
    with pytest.raises(InvalidArgumentException, match=rf"URLSessionConfiguration\.{name} was given .*; it takes "):
        setattr(configuration, name, value)
    assert DEFAULTS[name] == getattr(configuration, name)


def test_numbers_become_members():
    """A number of an enumeration is taken for its member."""
    configuration = URLSessionConfiguration.default()
    configuration.request_cache_policy = 1
    assert configuration.request_cache_policy is CachePolicy.RELOAD_IGNORING_LOCAL_CACHE_DATA


def test_the_older_tls_names_are_the_same_settings():
    """The deprecated names of the TLS versions set the newer ones."""
    configuration = URLSessionConfiguration.default()
    configuration.tls_minimum_supported_protocol = TLSProtocolVersion.TLS_V13
    assert TLSProtocolVersion.TLS_V13 == configuration.tls_minimum_supported_protocol_version


def test_no_bare_construction():
    """The constructor names the three factories instead of making a configuration of no kind."""
    with pytest.raises(InvalidArgumentException, match=r"default\(\), ephemeral\(\) or background\(identifier\)"):
        URLSessionConfiguration()


def test_identifier():
    """Only a background configuration has an identifier, which cannot be empty nor changed."""
    assert [None, None, "b"] == [configuration.identifier for configuration in each_kind()]
    for wrong in ("", None, 5):
        with pytest.raises(InvalidArgumentException, match="a str that is not empty"):
            URLSessionConfiguration.background(wrong)
    with pytest.raises(AttributeError):
        URLSessionConfiguration.background("b").identifier = "c"


def test_misspelt_property():
    """A name that is no property cannot be set."""
    with pytest.raises(AttributeError):
        URLSessionConfiguration.default().timeout = 5


@pytest.mark.parametrize("copied", [URLSessionConfiguration.copy, copy.copy, copy.deepcopy])
def test_copy_is_independent(copied, factories):
    """Neither a configuration nor its copy sees a change of the other, but both have the same stores, made or not yet (I7)."""
    configuration = URLSessionConfiguration.ephemeral()
    configuration.http_additional_headers = headers = {"A": "1"}
    configuration.url_cache = cache = []
    other = copied(configuration)
    headers["B"] = "2"
    other.timeout_interval_for_request = 1
    configuration.http_maximum_connections_per_host = 2
    assert (60.0, 2) == (configuration.timeout_interval_for_request, configuration.http_maximum_connections_per_host)
    assert (1.0, 6) == (other.timeout_interval_for_request, other.http_maximum_connections_per_host)
    assert {"A": "1"} == other.http_additional_headers == configuration.http_additional_headers
    assert other.http_cookie_storage is configuration.http_cookie_storage
    assert cache is other.url_cache is configuration.url_cache
    other.url_cache = None
    assert cache is configuration.url_cache


def test_mappings_and_lists_are_read_only():
    """What a getter returns cannot be changed behind the configuration's back."""
    configuration = URLSessionConfiguration.default()
    configuration.http_additional_headers = {"A": "1"}
    configuration.protocol_classes = [URLProtocol]
    with pytest.raises(TypeError):
        configuration.http_additional_headers["B"] = "2"
    assert (URLProtocol,) == configuration.protocol_classes


def test_stores_are_made_at_their_first_use(factories):
    """A store is made once, at its first use, for the kind of the configuration; a background one has no cache."""
    default, ephemeral, background = each_kind()
    assert [] == factories
    assert default.url_cache is default.url_cache
    assert ["http_cookie_storage", "ephemeral"] == ephemeral.http_cookie_storage
    assert background.url_cache is None
    assert ["url_credential_storage", "background"] == background.url_credential_storage
    assert [("url_cache", "default"), ("http_cookie_storage", "ephemeral"), ("url_credential_storage", "background")] == factories


@pytest.mark.parametrize("name", STORES)
def test_stores_can_be_set_and_taken_away(name, factories):
    """A store that was set, also to None, is never replaced by one that is made."""
    configuration = URLSessionConfiguration.background("b")
    for value in (store := [], None):
        setattr(configuration, name, value)
        assert value is getattr(configuration, name)
    assert [] == factories
    assert f"{name}=None" in repr(configuration)
    assert store is not None


def test_without_a_factory_there_is_no_store(monkeypatch):
    """Where nothing makes stores, there are none, and one that is registered later is used."""
    monkeypatch.setattr(module, "STORES", {})
    configuration = URLSessionConfiguration.default()
    assert configuration.url_cache is None
    module.STORES["url_cache"] = module.StoreKind(str, str)
    assert "default" == configuration.url_cache


def test_repr():
    """The repr shows the kind and what differs from the defaults, of headers the names alone."""
    configuration = URLSessionConfiguration.background("b")
    configuration.timeout_interval_for_request = 60
    assert "URLSessionConfiguration.background('b')" == repr(configuration)
    configuration.timeout_interval_for_request = 5
    configuration.http_additional_headers = {"Authorization": "s3cret"}
    assert ("URLSessionConfiguration.background('b', timeout_interval_for_request=5.0, "
            "http_additional_headers=['Authorization'])") == repr(configuration)


def test_versions_of_tls_may_be_those_of_ssl():
    """The numbers are the same."""
    configuration = URLSessionConfiguration.default()
    configuration.tls_minimum_supported_protocol_version = ssl.TLSVersion.TLSv1_3
    assert TLSProtocolVersion.TLS_V13 is configuration.tls_minimum_supported_protocol_version


@pytest.mark.parametrize(("name", "kind"), [
    ("http_cookie_storage", "HTTPCookieStorage"), ("url_credential_storage", "URLCredentialStorage"), ("url_cache", "URLCache")])
@pytest.mark.parametrize("wrong", [{}, True, "x", http.cookiejar.CookieJar(), object], ids=repr)
def test_what_is_no_store_is_refused_where_it_is_set(name, kind, wrong):
    """Not when a task first asks it for something; the message says what would do."""
    configuration = URLSessionConfiguration.default()
    with pytest.raises(InvalidArgumentException, match=rf"{name} was given .*; it takes a {kind}, or None to do without"):
        setattr(configuration, name, wrong)


@pytest.mark.parametrize("kind", [URLSessionConfiguration, URLRequest])
def test_every_setting_says_what_it_takes_and_what_it_is_unless_set(kind):
    """Where `help` finds it."""
    for name, setting in vars(kind).items():
        if isinstance(setting, module.Setting):
            assert re.match(r"[A-Z].*\.\n\nTakes .+; .+ unless it is set\.$", setting.__doc__, re.DOTALL), name
            assert ("No effect here" in setting.__doc__) == bool(setting.idle)
            assert setting.__doc__.partition("\n")[0] in pydoc.render_doc(kind, renderer=pydoc.plaintext)
        elif isinstance(setting, module.Store):
            assert "Unless it is set" in setting.__doc__


def test_what_has_no_effect_is_remarked_on_once_it_differs():
    """With the reason; the default, set again, is not."""
    configuration = URLSessionConfiguration.default()
    configuration.is_discretionary = False
    configuration.waits_for_connectivity = True
    assert [] == configuration._remarks()
    configuration.is_discretionary = True
    request = URLRequest("http://a/", assumes_http3_capable=True, http_should_handle_cookies=False)
    assert ["URLSessionConfiguration.is_discretionary has no effect here: only background sessions heed it"] == configuration._remarks()
    assert ["URLRequest.assumes_http3_capable has no effect here: HTTP/3 is not spoken"] == request._remarks()


def test_reserved_header_fields_are_remarked_on():
    """Those that Apple's documentation lists, in any case (I26)."""
    configuration = URLSessionConfiguration.default()
    configuration.http_additional_headers = {"Accept": "a/b", "content-Length": "1", "Host": "h"}
    assert ["content-Length", "Host"] == [remark.split(" has ")[1].split(",")[0] for remark in configuration._remarks()]
