"""Which text is a secret wherever it stands: a JWT, a key of a well-known service, a private key, credentials, a password in a URL."""
from __future__ import annotations

import re

from .pseudonyms import JWT

# Each with the text that it begins with: only what is there is looked for.
SHAPES = {hint: re.compile(shape) for hint, shape in {
    "eyJ": JWT.pattern,
    **{f"gh{kind}_": rf"gh{kind}_[A-Za-z0-9]{{36,}}" for kind in "pousr"}, "github_pat_": r"github_pat_[A-Za-z0-9_]{22,}",
    "glpat-": r"glpat-[A-Za-z0-9_-]{20,}", "npm_": r"npm_[A-Za-z0-9]{36}", "xox": r"xox[abeoprs]-[A-Za-z0-9-]{10,}",
    "xapp-": r"xapp-[A-Za-z0-9-]{20,}", "hooks.slack.com/services/": r"(?<=hooks\.slack\.com/services/)T\w+/B\w+/\w{20,}",
    "/api/webhooks/": r"(?<=/api/webhooks/)\d{17,20}/[\w-]{60,}", ":AA": r"\d{6,12}:AA[A-Za-z0-9_-]{33}",    # Discord's, Telegram's
    "AKIA": r"AKIA[0-9A-Z]{16}(?![0-9A-Z])", "ASIA": r"ASIA[0-9A-Z]{16}(?![0-9A-Z])",
    "AIza": r"AIza[0-9A-Za-z_-]{35}", "ya29.": r"ya29\.[0-9A-Za-z_-]{20,}", "SG.": r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",
    "hvs.": r"hvs\.[A-Za-z0-9_-]{20,}", "hf_": r"hf_[A-Za-z0-9]{30,}", "gsk_": r"gsk_[A-Za-z0-9]{40,}", "glsa_": r"glsa_[A-Za-z0-9_]{30,}",
    "shp": r"shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{32}", "pypi-AgE": r"pypi-AgE[A-Za-z0-9_-]{50,}", "nvapi-": r"nvapi-[A-Za-z0-9_-]{40,}",
    "sk_": r"sk_(?:live|test)_[A-Za-z0-9]{16,}", "rk_": r"rk_(?:live|test)_[A-Za-z0-9]{16,}",
    # After \n and the like of JSON too; what is longer is of base64.
    "sk-": r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt]))sk-[A-Za-z0-9_-]{20,250}+(?![A-Za-z0-9_-])",
    "-----BEGIN": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----(?:[^-]|-(?!----(?:BEGIN|END)))*+-----END (?:[A-Z]+ )*PRIVATE KEY-----",
}.items()}
_HINTS = (*SHAPES, "earer ", "asic ")
# The same in bytes, each from its rarest letter on: a body is looked through once, and most of it is skipped.
RARE = re.compile(rb"J(?<=eyJ)|_(?<=gh[pousr]_)|_(?<=pat_)|_(?<=npm_)|_(?<=[sr]k_)|_(?<=hf_)|_(?<=lsa_)|_(?<=shp(?:at|ca|pa|ss)_)"
                  rb"|-(?<=glpat-)|-(?<=sk-)|-(?=----BEGIN)|-(?<=xapp-)|-(?=AgE)|-(?<=nvapi-)|-(?<=xox[abeoprs]-)|I(?=A)|I(?=za)|9(?<=ya29)"
                  rb"|G(?<=SG)|v(?<=hv)(?=s\.)|A(?<=:A)|k(?<=slack)(?=\.com/services/)|k(?<=/api/webhook)(?=s/)"
                  rb"|B(?=earer |asic )|b(?=earer |asic )")
BEARER = re.compile(r"((?:\b|(?<=\\[nrt]))[Bb]earer +)([A-Za-z0-9._~+/-]{8,}=*)")
BASIC = re.compile(r"((?:\b|(?<=\\[nrt]))[Bb]asic +)([A-Za-z0-9+/]{8,}={0,2})")
USERINFO = re.compile(r"(?<=//)([^/?#\s@:\"'<>]*)(?::([^/?#\s\"'<>]*))?(?=@)")
ENCODED = re.compile(r"(?<![\w+/.-])eyJ[A-Za-z0-9+/_-]{13,}+={0,2}(?![\w+/=.-])")    # an object of JSON in base64


def hinted(text: str) -> bool:
    """Whether a secret may show in `text` by its shape."""
    for hint in _HINTS:    # noqa: SIM110 - a generator takes twice the time
        if hint in text:
            return True
    return False
