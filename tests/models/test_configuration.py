import copy

import pytest

from sessionmock.errors import InvalidArgumentException
from sessionmock.models import configuration as module
from sessionmock.models.configuration import URLSessionConfiguration
from sessionmock.models.enums import CachePolicy, CookieAcceptPolicy, MultipathServiceType, NetworkServiceType, TLSProtocolVersion

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
    "http_additional_headers": None, "http_maximum_connections_per_host": 6,
    "should_use_extended_background_idle_mode": False, "protocol_classes": (),
    "multipath_service_type": MultipathServiceType.NONE, "uses_classic_loading_mode": True, "enables_early_data": False,
}
OTHERS = {
    "request_cache_policy": CachePolicy.RETURN_CACHE_DATA_ELSE_LOAD, "timeout_interval_for_request": 1.5,
    "timeout_interval_for_resource": float("inf"), "network_service_type": NetworkServiceType.VIDEO,
    "allows_cellular_access": False, "allows_expensive_network_access": False, "allows_constrained_network_access": False,
    "allows_ultra_constrained_network_access": True, "requires_dnssec_validation": True, "waits_for_connectivity": True,
    "is_discretionary": True, "shared_container_identifier": "group", "session_sends_launch_events": False,
    "connection_proxy_dictionary": {"HTTPProxy": "h"}, "proxy_configurations": ("http://proxy",),
    "tls_minimum_supported_protocol_version": TLSProtocolVersion.TLS_V10,
    "tls_maximum_supported_protocol_version": TLSProtocolVersion.TLS_V11,
    "tls_minimum_supported_protocol": TLSProtocolVersion.TLS_V13,
    "tls_maximum_supported_protocol": TLSProtocolVersion.TLS_V12, "http_should_use_pipelining": True,
    "http_should_set_cookies": False, "http_cookie_accept_policy": CookieAcceptPolicy.NEVER,
    "http_additional_headers": {"Accept": "a/b"}, "http_maximum_connections_per_host": 1,
    "should_use_extended_background_idle_mode": True, "protocol_classes": (int,),
    "multipath_service_type": MultipathServiceType.HANDOVER, "uses_classic_loading_mode": False, "enables_early_data": True,
}
WRONG = {
    "request_cache_policy": [9, None, "x"], "timeout_interval_for_request": [0, -1, None, "5", True, float("nan")],
    "timeout_interval_for_resource": [0], "allows_cellular_access": [1, None], "shared_container_identifier": [5],
    "connection_proxy_dictionary": ["x"],
    "proxy_configurations": ["x", None], "tls_minimum_supported_protocol_version": [2, "1.2"],
    "http_additional_headers": [{"a b": "1"}, {"A": "\n"}, {"A": 1}, [("A", "1")]],
    "http_maximum_connections_per_host": [0, 1.5, True],
    "protocol_classes": [int], "multipath_service_type": [4],
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
        return make
    monkeypatch.setattr(module, "STORE_FACTORIES", {name: factory(name) for name in STORES})
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
    configuration.url_cache = cache = object()
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
    configuration.protocol_classes = [int]
    with pytest.raises(TypeError):
        configuration.http_additional_headers["B"] = "2"
    assert (int,) == configuration.protocol_classes


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
    for value in (store := object(), None):
        setattr(configuration, name, value)
        assert value is getattr(configuration, name)
    assert [] == factories
    assert f"{name}=None" in repr(configuration)
    assert store is not None


def test_without_a_factory_there_is_no_store(monkeypatch):
    """Where nothing makes stores, there are none, and one that is registered later is used."""
    monkeypatch.setattr(module, "STORE_FACTORIES", {})
    configuration = URLSessionConfiguration.default()
    assert configuration.url_cache is None
    module.STORE_FACTORIES["url_cache"] = str
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
