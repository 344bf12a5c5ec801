"""How a name and its value stand together in text: queries, settings, code, markup, parts of a body."""
from __future__ import annotations

import re

WORDS = re.compile(rb"""(?<![\w.-])([\w.-]++)\s?["'=:<>\\\]%\r\n]""")    # what may be a name, in any of the layouts
PARAMETER = re.compile(r"""(?:(?<=[?&;#"'])|(?<=\\u0026)|(?<=\\u003[fF]))([A-Za-z][\w.\-]*)(=|\\u003[dD])([^\s&;#"'<>\\,]+)""")
# A name and its value in code, in settings or in a header within text.
ASSIGNED = re.compile(r"""(?:\b|(?<=\\[nrt]))([A-Za-z][\w.-]{0,60}+)('?\s{0,8}+[:=]\s{0,8}+)(?:(["'])([^"'\\\n]{1,4096}+)\3"""
                       r"""|([A-Za-z0-9+/_.~-]{8,4096}+={0,2}+)(?![^\s;,"'<)}&\\]))""")
ASSIGNS = re.compile(r"""[:=](?<=[\w.'\s-].)(?!//)(?=\s{0,8}["'\w+/.~-])""")     # where one may be: a quick look
ELEMENTS = tuple(map(re.compile, (
    r"<(?:[\w.-]+:)?(?P<name>[A-Za-z][\w.-]*)(?:\s[^<>]*)?>(?:<!\[CDATA\[)?(?P<value>[^<>]+?)(?:\]\]>)?</",
    r"(?i:<(?:key|name)>(?P<name>[^<>]+)</(?:key|name)>\s*(?:<value>\s*)?(?:<(?:string|data)>)?(?P<value>[^<>\s][^<>]*)</)",    # of property lists
    r"""<[^<>]*?\bname=["'](?P<name>[^"'<>]+)["'][^<>]*?\b(?:value|content)=["'](?P<value>[^"'<>]+)["']""",
    r"""<[^<>]*?\b(?:value|content)=["'](?P<value>[^"'<>]+)["'][^<>]*?\bname=["'](?P<name>[^"'<>]+)["']""",
)))
PARTS = re.compile(r"(?:\A|\n)--[^\r\n]{1,80}+\r?\nContent-", re.I)
PART = re.compile(r"""(Content-Disposition:[^\r\n]{0,200}?\bname="?([^"\r\n;]+)"?[^\r\n]*+\r?\n(?:[^\r\n]++\r?\n){0,50}+\r?\n)"""
                   r"""(.*?)(?=\r?\n--|\Z)""", re.I | re.S)
FORM = re.compile(r"[^\s=&{}<>\"]+=[^\s<>\"]*")
ESCAPED = re.compile(rb"\\u00([2-7][0-9a-fA-F])")
ESCAPED_NAME = re.compile(r'"[\w. -]*+\\u00(?:[\w. -]|\\u00)*+"(?=\s*+:)')
PAIR = re.compile(r'(\[\s{0,8}+"([\w-]{1,60}+)"\s{0,8}+,\s{0,8}+")((?:[^"\\]|\\.){16,4096}+)(?="\s{0,8}+\])')    # ["X-Api-Key", "..."]
