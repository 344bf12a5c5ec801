"""The header fields that a configuration adds to requests, and which of them go where (I26)."""
from __future__ import annotations

from collections.abc import Mapping

from ..models.message import Headers
from ..models.request import URLRequest
from .redirects import BOUND_TO_ORIGIN, have_one_origin

Pairs = tuple[tuple[str, str], ...]


class AdditionalFields:
    """Those of one configuration: `anywhere` go with every request, `bound` to the origin of a task's original request alone."""

    __slots__ = ("anywhere", "bound")

    bound: Pairs
    anywhere: Pairs

    def __init__(self, fields: Mapping[str, str] | None) -> None:
        if not fields:
            self.bound = self.anywhere = ()
            return
        pairs = tuple(fields.items())
        self.bound = tuple([pair for pair in pairs if pair[0].lower() in BOUND_TO_ORIGIN])
        self.anywhere = tuple(pair for pair in pairs if pair not in self.bound) if self.bound else pairs

    def for_request(self, request: URLRequest, original: URLRequest, *, redirected: bool) -> Pairs:
        """What `request` of a task gets where it lacks it; after a redirect it has those that are bound, as the delegate was shown it."""
        if not self.bound or redirected or not have_one_origin(request.url, original.url):
            return self.anywhere
        return self.anywhere + self.bound

    def fit(self, following: URLRequest, original: URLRequest) -> None:
        """Give `following`, the next hop of a task, what is bound to its origin, and take it away from one that goes elsewhere. A field
        that the `original` request has itself is not the configuration's."""
        if self.bound:
            stays = have_one_origin(following.url, original.url)
            for name, value in self.bound:
                if original.value(name) is None and following.value(name) == (None if stays else value):
                    following.set_value(value if stays else None, name)

    def removed_from(self, headers: Headers) -> Headers:
        """`headers` without what is bound: what resume data keeps of a request is the user's own."""
        return [pair for pair in headers if pair not in self.bound] if self.bound else headers
