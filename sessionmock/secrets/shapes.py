"""Which text is a secret wherever it stands: keys of services, which begin as no other text does, a JWT, a private key, credentials.

A key of a service is told by its first letters, its alphabet and its length, as each service documents them; what scanners
of secrets look for is a part of it. The letters that a key begins with are looked for in one pass, and most texts have none.
"""
from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

from .looks import any_of
from .pseudonyms import JWT

# In `_KEYS`: "@" is a letter or digit, "%" these or one of "_-", "#" a hexadecimal digit, "&" a capital or digit, "uuid" a UUID.
_UUID = "#{8}(?:-#{4}){3}-#{12}"
_ALPHABETS = str.maketrans({"@": "[A-Za-z0-9]", "%": r"[\w-]", "#": "[0-9A-Fa-f]", "&": "[A-Z0-9]"})
# Service, what its keys begin with, and how they go on. With "^" a key stands at the beginning of a word.
_KEYS = r"""
1Password             ^A3-                                      &{6}-[A-Z0-9-]{20,}
1Password             ops_                                      eyJ[@+/]{100,}={0,3}
Adobe                 ^p8e-                                     @{32}
Age                   AGE-SECRET-KEY-                           1&{50,}
Akamai                ^akab-                                    @{16}-@{16}
Alibaba               ^LTA                                      I@{12,20}(?!@)
Amazon                ^AKI ^ASI ^ABI ^ACC                           A&{16}(?!&)
Amazon                ^A3T                                      &[A-Z2-7]{16}(?!&)
Amazon Bedrock        ^ABSK                                     [@+/]{100,}={0,2}
Amazon Bedrock        bedrock-api-key-                          [@+/=_-]{20,}
Anthropic, OpenAI     ^sk-                                      %{20,250}+(?!%)
Anyscale              esecret_                                  @{20,}
Apify                 apify_api_                                @{30,}
Artifactory           ^AKC                                      p@{10,}
Atlassian             ^ATATT3 ^ATCTT3 ^ATBB ^ATSTT3                 [\w=-]{24,}
Authress              ^sc_ ^ext_ ^scauth_ ^authress_            @{5,30}\.@{4,6}\.acc[_-][@-]{10,32}\.[@+/_=-]{30,120}
Beamer                ^b_                                       [\w=-]{44}(?![\w=-])
Bitbucket             BBDC-                                     [@+/]{20,}
Braintree             access_token$                             (?:production|sandbox)\$@{16}\$#{32}
Brevo                 xkeysib- xsmtpsib-                        #{64}-@{10,}
Buildkite             bkua_ bkct_ bkaa_                         @{20,}
Cerebras              ^csk-                                     @{30,}
Checkly               ^cu_                                      #{32}
CircleCI              CCIPAT_ CCIPRJ_                           @{20,}_#{30,}
ClickUp               ^pk_                                      \d{5,}_&{20,}
Clojars               CLOJARS_ clojars_                         @{60}
Cloudflare            ^v1.0-                                    #{24}-#{146}
CockroachDB           CCDB1_                                    @{20,}_?@{20,}
Contentful            CFPAT-                                    %{40,}
Datadog               ddapp_                                    @{30,}
Defined Networking    dnkey-                                    [\w=-]{26}-[\w=-]{52}
DigitalOcean          dop_v1_ doo_v1_ dor_v1_                   #{64}
Discord               /api/webhooks/                            (\d{17,20}/%{60,})
Docker                dckr_pat_ dckr_oat_                       %{20,}
Doppler               dp.pt. dp.st. dp.ct. dp.sa. dp.scim. dp.audit. [\w.]{40,}
Dropbox               ^sl. ^sl.u.                               [\w=-]{100,}
Duffel                duffel_test_ duffel_live_                 [\w=-]{40,}
Dynatrace             dt0c01. dt0s01. dt0s02. dt0s16. dt0e02.   @{8,24}\.@{60,}
EasyPost              ^EZA ^EZT                                 K@{54}
Facebook              ^EAA                                      [A-Z]@{80,}
Figma                 figd_ figr_ figo_                         %{30,}
Fireworks             ^fw_                                      @{20,}
Flutterwave           FLWSECK- FLWPUBK- FLWSECK_TEST- FLWPUBK_TEST- #{12,32}(?:-X)?
Fly.io                fo1_ fm1a_ fm1r_ fm2_                     [\w+/-]{43,}={0,3}
Frame.io              fio-u-                                    [\w=-]{60,}
GitHub                ghp_ gho_ ghu_ ghs_ ghr_                  @{36,}
GitHub                github_pat_                               \w{22,}
GitLab                glpat- gldt- glft- glffct- glimt- glagent- glcbt- gloas- glptt- glrt- glsoat- glwt- [\w.-]{20,}
GitLab                ^GR1348941                                %{20,}
GitLab                _gitlab_session=                          @{32}
GoCardless            ^live_                                    [\w=-]{40}(?![\w=-])
Google                ^AIz                                      a%{30,}
Google                ya29.                                     %{20,}
Google                GOCSPX-                                   %{20,}
Google                ^1//                                      0%{40,}
Grafana               ^eyJrIjoi                                 @{40,}={0,3}
Grafana               glsa_                                     \w{30,}
Grafana               glc_                                      [@+/]{32,}={0,3}
Groq                  gsk_                                      @{40,}
Harness               ^pat. ^sat.                               %{22}\.@{24}\.@{20}
HashiCorp             hvs. hvb. hvr.                            %{20,}
HashiCorp             ^s.                                       (?=@*\d)@{24}(?![\w.-])
Heroku                HRKU-                                     AA?%{36,}
Honeycomb             hcaik_ hcxik_ hcamk_ hcxlk_               @{32,}
HubSpot               pat-na1- pat-na2- pat-na3- pat-eu1- pat-ap1- uuid
Hugging Face          hf_ api_org_                              @{30,}
Infracost             ^ico-                                     @{32}
Inngest               signkey-prod- signkey-test-               @{20,}
Intra 42              s-s4t2ud- s-s4t2af-                       #{64}
Jina                  jina_                                     %{40,}
LangSmith             lsv2_pt_ lsv2_sk_                         [\w]{40,}
Langfuse              sk-lf-                                    uuid
LaunchDarkly          ^api- ^sdk-                               uuid
Linear                lin_api_ lin_oauth_                       @{40,}
Mailgun               ^key-                                     #{32}(?!#)
Mailgun               ^pubkey-                                  #{32}(?!#)
Mapbox                ^pk. ^sk. ^tk.                            eyJ%{20,}\.%{20,}
Mapbox                ^pk. ^sk. ^tk.                            @{60}\.@{22}
Neon                  ^napi_                                    @{40,}
Netlify               ^nfp_ ^nfo_ ^nfc_ ^nfu_                   @{30,}
New Relic             NRAK- NRJS- NRII- NRRA- NRIQ- NRSP-       [@-]{19,}
Notion                ntn_                                      @{40,}
Notion                ^secret_                                  @{43}(?!@)
NVIDIA                nvapi-                                    %{40,}
Octopus               ^API-                                     &{26,}
OpenShift             sha256~                                   %{43}
Perplexity            pplx-                                     @{40,}
Pinecone              pcsk_                                     \w{40,}
Plaid                 access-sandbox- access-development- access-production- link-sandbox- link-production- uuid
PlanetScale           pscale_tkn_ pscale_oauth_ pscale_pw_ pscale_app_secret_ [\w=.-]{32,}
PostHog               phx_ phs_                                 @{30,}
Postman               PMAK-                                     #{24}-#{34}
Prefect               ^pnu_ ^pnb_                               @{36}
Pulumi                ^pul-                                     #{40}
PyPI                  pypi-                                     AgE%{50,}
Razorpay              rzp_live_ rzp_test_                       @{14,}
ReadMe                rdme_                                     @{70}
Render                ^rnd_                                     @{24,}
Replicate             ^r8_                                      @{30,}
Resend                ^re_                                      @{8}_@{20,}
Riot                  RGAPI-                                    uuid
RubyGems              rubygems_                                 #{48}
Scalingo              tk-us-                                    %{48}
SendGrid              SG.                                       [\w=-]{16,}\.[\w=.-]{16,}|[\w=.-]{60,}
Sentry                sntrys_ sntryu_                           [@+/=_]{60,}
SettleMint            sm_aat_ sm_pat_ sm_sat_                   @{16}
Shippo                shippo_live_ shippo_test_                 #{40}
Shopify               shpat_ shpca_ shppa_ shpss_               #{32}
Shopify               shpua_ shptka_ shpcka_                    @{24,}
Slack                 xoxa- xoxb- xoxe- xoxo- xoxp- xoxr- xoxs- xoxc- xoxd- [@%/+-]{8,}
Slack                 xapp- XAPP-                               %{20,}
Slack                 hooks.slack.                              com\\?/(?:services|workflows|triggers)\\?/([\w+/\\-]{30,})
SonarQube             ^squ_ ^sqp_ ^sqa_                         #{40}
Sourcegraph           sgp_ slk_ sgd_                            (?:(?:#{16}|local)_)?#{40,64}
Square                ^EAAA                                     %{22,}
Square                sq0atp- sq0csp- sq0idp-                   %{22,}
Stripe                ^sk_live_ ^sk_test_ ^sk_prod_ ^rk_live_ ^rk_test_ ^rk_prod_ @{10,}
Stripe                whsec_                                    [@+/=]{24,}
Stytch                secret-live- secret-test-                 [\w=-]{30,}
Supabase              sbp_ sb_secret_                           %{20,}
Tailscale             tskey-                                    (?:api|auth|client|scim|webhook)-@{8,}-@{20,}
Tavily                tvly-                                     %{20,}
Tencent               ^AKID                                     @{32}(?!@)
Trello                ^ATTA                                     @{60,}
Trigger.dev           tr_dev_ tr_prod_ tr_pat_                  @{20,}
Twilio                ^SK                                       #{32}(?!#)
Typeform              tfp_                                      [\w.=-]{40,}
Vercel                ^vcp_ ^vci_ ^vca_ ^vcr_ ^vck_             @{24,}
Volcengine            ^AKLT                                     [@=]{40,}
WakaTime              waka_                                     uuid
xAI                   ^xai-                                     @{60,}
Xata                  ^xau_                                     @{30,}
Xendit                xnd_                                      (?:development|production)_@{40,}
Yandex                ^t1.                                      %{10,}={0,2}\.%{86}={0,2}
Yandex                ^AQVN                                     %{35,38}(?!%)
Yandex                ^YC                                       (?=%*\d)%{38}(?!%)
Zoho                  ^1000.                                    #{32}\.#{32}
npm                   npm_                                      @{36}
"""

_BEGINS = r"(?:(?<![A-Za-z0-9_])|(?<=\\[bfnrt])|(?<=%[0-9A-Fa-f][0-9A-Fa-f]))"     # after an escape of JSON, or of a URL, too
# The same where a key does not begin as no other text does, with what is the rarest in it, for `RARE`. The first group is the key, if there is one.
_OTHERS = {
    r"b(?<=4b)(?=1d[A-Za-z0-9]{38})": rf"{_BEGINS}4b1d[A-Za-z0-9]{{38}}(?![A-Za-z0-9])",      # ClickHouse
    r"D(?<=00D)(?=[A-Za-z0-9]{12,15}!)": rf"{_BEGINS}00D[A-Za-z0-9]{{12,15}}![\w.]{{60,}}",      # Salesforce
    r"\.(?<=[A-Za-z0-9]{14}\.)(?=[0-9a-f]{64})": r"(?<![A-Za-z0-9])pat[A-Za-z0-9]{14}\.[0-9a-f]{64}(?![A-Za-z0-9])",      # Airtable
    r"~(?<=Q~)": r"(?<![\w.~-])[\w.~]{3}\dQ~[\w.~-]{31,40}",     # Azure
    r"\|(?<=\d\d\|)(?=[\w-]{27})": r"(?<![A-Za-z0-9])\d{15,16}\|[\w-]{27,40}(?![\w-])",      # Facebook
    r"%(?<=\d\d%)(?=[\w-]{27})": r"(?<![A-Za-z0-9])\d{15,16}%(?:7C)?[\w-]{27,40}(?![\w-])",
    r"\.(?=atlasv1\.)": r"[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{60,}",      # HashiCorp
    r"V(?<=cmV)(?=md)": r"(?<![A-Za-z0-9])cmVmd[A-Za-z0-9]{59}(?![A-Za-z0-9])",      # Artifactory
    r"p(?=i[0-9a-f]{32})(?<=dap)": r"(?<![A-Za-z0-9])dapi[0-9a-f]{32}(?:-\d)?(?![A-Za-z0-9])",      # Databricks
    r"y(?=2[a-z0-9]{43})(?<=oy)": r"(?<![A-Za-z0-9])oy2[a-z0-9]{43}(?![A-Za-z0-9])",      # NuGet
    r"-(?=us\d\d?\b)": r"(?<![A-Za-z0-9])[0-9a-f]{32}-us\d{1,2}(?![\w-])",      # Mailchimp
    r"_(?=mmk\b)": r"(?<![A-Za-z0-9])[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk(?![A-Za-z0-9])",       # MaxMind
    r"-(?=(?:u|-user)[\s=+\"'%])": r"(?<=-u|er)[\s=+]{1,5}(?:%20)?\\?[\"']?[^\s\"':]*:([^\s\"'\\&%]{3,})",      # curl's
    r"W(?=ebhook/)": r"(?<=\.webhook\.office\.com/webhookb2/)[\w@-]{70,}/IncomingWebhook/[\w/-]{60,}",        # Teams
    r"A(?<=:A)(?=[\w-]{33})": r"(?:(?<![A-Za-z0-9])|(?<=/bot))\d{5,16}:A[\w-]{33,34}(?![\w-])",      # Telegram, in its URLs too
    r"\.(?<=[\w-]{20}\.)(?=[\w-]{6}\.[\w-]{27})": r"(?<![\w.-])[MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,40}(?![\w.-])",     # Discord
    r"y(?<=\.ey)": r"(?<![A-Za-z0-9])ey[A-Za-z0-9]{17,}\.ey[\w/\\-]{17,}\.[\w/\\-]*={0,2}",     # a JWT, however its JSON begins
    r"K(?<=ZXlK)": r"(?<![A-Za-z0-9+/])ZXlK[A-Za-z0-9+/_-]{40,}={0,2}",      # and one in base64
    r"J(?<=eyJ)": JWT.pattern,
    # Also where its end was lost.
    r"-(?<=-----)(?=BEGIN[ A-Z])": (r"-----BEGIN[ A-Z0-9_-]{0,80}PRIVATE KEY(?: BLOCK)?-----"
                                         r"(?:[^-]|-(?!----(?:BEGIN|END)))*+(?:-----END[ A-Z0-9_-]{0,80}KEY(?: BLOCK)?-----)?"),
}
_ENDING = 8    # letters of a beginning that are looked for


class Shape(NamedTuple):
    """What a key looks like that begins with `hint`."""

    hint: str
    goes_on: str
    pattern: str


def expanded(body: str) -> str:
    """`body` as a regular expression."""
    body = re.sub(r"\[[^]]*]", lambda found: found[0].replace("@", "A-Za-z0-9").replace("%", r"\w"), body.replace("uuid", _UUID))
    return body.translate(_ALPHABETS)


def _shapes() -> Iterator[Shape]:
    for row in _KEYS.strip().splitlines():
        _, *columns = re.split(r"\s{2,}", row)
        *hints, body = " ".join(columns).split()
        for hint in hints:
            plain, goes_on = hint.lstrip("^"), expanded(body)
            yield Shape(plain, goes_on, f"{_BEGINS if plain != hint else ''}{re.escape(plain)}(?:{goes_on})")


def _looks(shapes: Iterable[Shape]) -> Iterator[str]:
    """What `_RARE` looks for: one look for all beginnings that end in the same sign, from that sign on."""
    signs: dict[str, dict[str, list[str]]] = {}      # by the letter before it
    thirds: dict[str, str] = {}
    for shape in shapes:
        sign, ending = re.escape(shape.hint[-1]), f"(?<={re.escape(shape.hint[-_ENDING:])})"
        if len(shape.hint) < 3:    # which alone says too little
            yield f"{sign}{ending}(?={shape.goes_on})"
        else:
            signs.setdefault(sign, {}).setdefault(re.escape(shape.hint[-2]), []).append(ending)
            thirds[sign] = thirds.get(sign, "") + re.escape(shape.hint[-3])
    for sign, letters in signs.items():
        endings = "|".join(rf"(?<={letter}.)(?:{'|'.join(endings)})" for letter, endings in letters.items())
        yield rf"{sign}(?<=[{thirds[sign]}][{''.join(letters)}].)(?=[\w.+/=$:\\-]{{8}})(?:{endings})"


def _begun(shapes: Iterable[Shape]) -> Iterator[str]:
    """The same of keys that begin as a word does: from its first letter on."""
    letters: dict[str, list[str]] = {}
    for shape in shapes:
        letters.setdefault(shape.hint[0], []).append(f"{shape.hint[1:]}(?={shape.goes_on})")
    for letter, rest in letters.items():
        yield rf"{letter}(?:(?<!\w.)|(?<=\\[bfnrt].)|(?<=%[0-9A-Fa-f][0-9A-Fa-f].))(?=[\w+/=-]{{16}})(?:{'|'.join(rest)})"


_SHAPES = tuple(_shapes())
_MARKED = [shape for shape in _SHAPES if not shape.hint[-1].isalnum()]     # by the sign that ends what they begin with
_BY_ENDING: dict[str, list[str]] = {}
for _shape in _MARKED:
    _BY_ENDING.setdefault(_shape.hint[-_ENDING:], []).append(_shape.pattern)
_WORDS = [shape for shape in _SHAPES if shape.hint[-1].isalnum()]
_compiled = cache(re.compile)      # few of them are ever asked for
_RARE = re.compile(any_of((*_looks(_MARKED), *_begun(word for word in _WORDS if not word.hint.startswith("eyJ")), *_OTHERS,
                           "H(?=4sI[A-Za-z0-9+/_-]{13})", "B(?=earer |asic )", "b(?=earer |asic )")))
_RARE_BYTES = re.compile(_RARE.pattern.encode())      # a body is looked through once, and most of it is skipped
BEARER = re.compile(r"((?:\b|(?<=\\[nrt]))[Bb]earer +)([A-Za-z0-9._~+/-]{8,}=*)")
BASIC = re.compile(r"((?:\b|(?<=\\[nrt]))[Bb]asic +)([A-Za-z0-9+/]{8,}={0,2})")
USERINFO = re.compile(r"(?<=//)([^/?#\s@:\"'<>]*)(?::([^/?#\s\"'<>]*))?(?=@)")
ENCODED = re.compile(r"(?<![\w+/.-])(?:eyJ|H4sI)[A-Za-z0-9+/_-]{13,}+={0,2}(?![\w+/=.-])")    # an object of JSON, or gzip, in base64


def hinted(text: str) -> bool:
    """Whether a secret may show in `text` by its shape."""
    return _RARE.search(text) is not None


def hinted_bytes(body: bytes) -> bool:
    """The same of a body."""
    return _RARE_BYTES.search(body) is not None


def likely(text: str) -> list[re.Pattern[str]]:
    """The shapes that secrets in `text` may have. The first group is the secret, where there is one."""
    endings = {text[max(0, found.end() - _ENDING):found.end()] for found in _RARE.finditer(text)}
    endings |= {ending[-length:] for ending in endings for length in range(2, _ENDING)}
    patterns = (*(pattern for ending in endings for pattern in _BY_ENDING.get(ending, ())), *(word.pattern for word in _WORDS if word.hint in text),
                *(pattern for look, pattern in _OTHERS.items() if _compiled(look).search(text)))
    return list(map(_compiled, patterns))
