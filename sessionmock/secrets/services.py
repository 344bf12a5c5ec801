"""Which values are keys because the name of a service stands beside them: `datadog_api_key = "..."`, in code, settings, JSON and URLs.

Their form says nothing by itself. The name, the alphabet and the length together do, as scanners of secrets have them.
"""
from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from .shapes import expanded

# A part of a name, in lower case, with "_" for what may be "_", "-" or nothing, and the forms of its keys, in the signs of `shapes`.
_KEYS = r"""
adafruit            [%=]{32}
adobe               #{32}
airtable            @{17}
algolia             @{32}
alibaba             @{30}
asana               \d{16}  @{32}
atlassian           @{24}
confluence          @{24}
jira                @{24}
beamer              b_[%=]{44}
bitbucket           [%=]{32}  [%=]{64}
bittrex             @{32}
meraki              #{40}
cloudflare          %{40}  #{37}
codecov             @{32}
cohere              @{40}
co_api_key          @{40}
coinbase            %{64}
confluent           @{16}  @{64}
contentful          [%=]{43}
datadog             @{40}
discord             #{64}  \d{18}  [%=]{32}
droneci             @{32}
dropbox             @{15}  @{11}A{10}[%=]{43}  sl\.[%=]{135}
etsy                @{24}
facebook            #{32}
fastly              [%=]{32}
finicity            #{32}  @{20}
finnhub             @{20}
flickr              @{32}
freshbooks          @{64}
gitter              %{40}
gocardless          live_[%=]{40}
heroku              uuid
hubspot             uuid
intercom            [%=]{60}
jfrog               @{73}  @{64}
artifactory         @{73}  @{64}
bintray             @{73}  @{64}
xray                @{73}  @{64}
kraken              [%/=+]{80,90}
kucoin              #{24}  uuid
launchdarkly        [%=]{40}
linear              #{32}
linked_in           @{14}  @{16}
lob                 (?:live|test)_(?:pub_)?#{31,35}
looker              @{20}  @{24}
mailchimp           #{32}-us\d{2}
mailgun             (?:pub)?key-#{32}  #{32}-#{8}-#{8}
mapbox              [ps]k\.@{60}\.@{22}
mattermost          @{26}
message_bird        @{25}  uuid
netlify             [%=]{40,46}
new_relic           NRJS-#{19}  NRII-[@-]{32}  NRAK-@{27}  @{64}
nytimes             [%=]{32}
new_york_times      [%=]{32}
okta                00[%=]{40}
plaid               access-[a-z]{7,11}-uuid  @{24}  @{30}
private_ai          @{32}
rapidapi            %{50}
sendbird            uuid  #{40}
sentry              #{64}
snyk                uuid
sonar               (?:sq[upa]_)?[%=]{40}
sourcegraph         #{40}
squarespace         uuid
sumo                su@{12}  @{64}
telegr              \d{5,16}:A%{34}
travis              @{22}
twitch              @{30}
twitter             @{45}  \d{15,25}-@{20,40}  @{25}  @{50}  A{22}[@%]{80,100}
typeform            tfp_[%=.]{59}
yandex              t1\.%{1,200}=*\.%{86}=*  AQVN%{35,38}  YC%{38}
zendesk             @{40}
contribsys_com      #{8}:#{8}
"""


def _forms() -> dict[str, re.Pattern[str]]:
    rows = (re.split(r"\s{2,}", row) for row in _KEYS.strip().splitlines())
    return {name.replace("_", ""): re.compile("|".join(map(expanded, forms)), re.I | re.A) for name, *forms in rows}


_FORMS = _forms()
_NAMES = re.compile("|".join(_FORMS))
# What says that a name has a value, and a value that may be a key. The name is looked for before it, where there is one.
_VALUE = re.compile(r"""[=:>,|%\\](?:(?<=[=:>,|])|(?<=%)3[AaDd]|(?<=\\)u003[de])(?:\\*["'`]|%2[027]|[\s=+>]){0,6}+"""
                    r"""((?:[\w=.:/+-]|%(?!2[0267])){12,250}+)(?=[\s"'`;&\\<,)}\]]|%2|\Z)""", re.A)
# Of which a key has so many in a row; hosts and paths have not.
_SIGNS = bytes(ord("k" if re.match(r"[\w=:+%-]", chr(code), re.A) else " ") for code in range(256))
_LONG = b"k" * 12
_BETWEEN = "\"'`\\ \t\r\n=:>|?"
_BEFORE = 48      # characters in which a name stands
# The names of JSON, of which most come again and again, and what else may have a name before it.
_MEMBER = re.compile(r'"([\w .-]{3,48}+)"\s?:\s?"(?=[\w=.:+-]{12})', re.A)
_ELSEWHERE = re.compile(r"""[=>|:%\\](?:(?<=[=>|])|(?<=[^"]:)|(?<=%)3[AaDd]|(?<=\\)u003[de])(?=[\s"'`\\=+]{0,6}[\w=.:+-]{12})""", re.A)


def named(text: str) -> bool:
    """Whether a service is named in `text` where a key may follow: a quick look."""
    return named_in(text.encode("utf-8", "surrogatepass"))


def named_in(body: bytes) -> bool:
    """The same of a body."""
    if _LONG not in body.translate(_SIGNS):
        return False
    text = body.decode("latin-1")
    return (any(map(_services, set(_MEMBER.findall(text))))
            or any(_services(_before(text, found.start())) for found in _ELSEWHERE.finditer(text)))


def keys(text: str) -> Iterator[re.Match[str]]:
    """Where `text` has a key beside the name of its service: the first group is the key."""
    for found in _VALUE.finditer(text):
        if any(_FORMS[service].fullmatch(found[1]) for service in _services(_before(text, found.start()))):
            yield found


def _before(text: str, place: int) -> str:
    """What may be a name before `place`."""
    before = text[max(0, place - _BEFORE):place].rstrip(_BETWEEN)
    return before[max(before.rfind('"'), before.rfind("&")) + 1:]


@lru_cache(10_000)
def _services(name: str) -> tuple[str, ...]:
    """The services that `name` names."""
    return tuple(set(_NAMES.findall(re.sub("[-_]", "", name.lower()))))
