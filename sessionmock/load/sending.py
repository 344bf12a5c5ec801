"""How a request of a load gets on its way: completed, answered by a protocol class or the cache, or given to a route."""
from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ..core import preparation
from ..core.caching import Verdict
from ..core.machine import Event
from ..errors import Code, URLError, url_error
from ..models.body import ChainedStream, FileStream, again
from ..models.credential import URLAuthenticationChallenge
from ..models.host import is_address
from ..models.message import BodyStream, ResponseHead, header
from ..models.request import URLRequest
from ..models.response import HTTPURLResponse
from ..path_monitor import is_want_of_network, obstacle
from ..routes.base import Route
from ..routes.local import file_error
from ..routes.url_protocol import consult
from .body import Body
from .caching import CacheVisit
from .callbacks import Callbacks
from .challenges import Challenges
from .context import Context
from .inbox import Inbox
from .responses import Responses
from .sink import Bodiless, LoadSink
from .transfer import Transfer
from .url_protocol import LoadOccasion


class Sending:
    """Sends the requests of one load. In turns of the load."""

    __slots__ = ("_body", "_callbacks", "_challenges", "_context", "_inbox", "_responses", "_route", "_transfer", "_unexpecting", "keeps")

    def __init__(self, context: Context, inbox: Inbox, callbacks: Callbacks, transfer: Transfer, body: Body, responses: Responses,
                 route: Route | None, *, keeps: bool) -> None:
        self._context = context
        self._inbox = inbox
        self._callbacks = callbacks
        self._transfer = transfer
        self._body = body
        self._responses = responses
        self._route = route                           # None: live
        self.keeps = keeps                            # whether the cache is looked into and filled
        self._challenges: Challenges | None = None    # made when the load has to do with one
        self._unexpecting = False                     # a server has refused `Expect: 100-continue`

    def dispatch(self, request: URLRequest, body: bytes | BodyStream | None, *, is_own: bool = True, answers_own: bool = True,
                 found: tuple[str | None] | None = None) -> None:
        """Complete `request`, to be sent with `body`, and load it (`body.Dispatch`). `found`: its cookies, where they were looked up."""
        context, inbox, callbacks, transfer = self._context, self._inbox, self._callbacks, self._transfer
        protocols = context.protocols()
        refused = preparation.refusal(request, body, redirected=transfer.redirects > 0, any_scheme=bool(protocols))
        if refused is not None:
            inbox.meet(Event.FAILED, refused)
            return
        if isinstance(body, FileStream | ChainedStream) and (problem := body.problem()) is not None:
            inbox.meet(Event.FAILED, file_error(request.url, problem))
            return
        engine, task, faults = context.engine, callbacks.task, callbacks.faults
        if faults is not None and found is None and context.sends_cookies(request):
            def go_on(cookies: str | None) -> None:
                self.dispatch(request, body, is_own=is_own, answers_own=answers_own, found=(cookies,))

            faults.on_store("cookies.get", partial(context.cookies_for, request, task), go_on)
            return
        if not is_own and answers_own:
            self._responses.stand_in(self.keeps)
        sink = inbox.sink = LoadSink(inbox, engine, transfer.begin(request, engine.clock.now()), callbacks.history, task)
        message = preparation.completed(
            request, body, cookies=context.cookies_for(request, task) if found is None else found[0],
            additional=context.additional.for_request(request, transfer.original_request, redirected=transfer.redirects > 0),
            defaults=context.defaults, is_upload=self._body.is_upload)
        if self._unexpecting:
            message.headers = [field for field in message.headers if field[0].lower() != "expect"]
        if self._challenges is not None or not context.accepted.empty:
            self.challenges().authorize(message)
        message.urgency = transfer.urgency
        transfer.message = message
        if protocols:
            sink.transaction.source = "protocol"
            sink.opened()
            exchange = consult(protocols, task, request, message, sink, LoadOccasion(self, sink, request, is_own), engine)
            if not sink.ended:
                sink.exchange = exchange
        else:
            self.carry(sink, request, is_own)

    def carry(self, sink: LoadSink, request: URLRequest, is_own: bool, verdict: Verdict | None = None) -> None:
        """Answer `request` from the cache, or open an exchange with the route for it. `verdict`: the cache's, where that was asked."""
        context, message, inbox, transaction = self._context, self._transfer.message, self._inbox, sink.transaction
        assert message is not None
        scheme, faults = message.parts.scheme, self._callbacks.faults
        if is_own and scheme in preparation.HTTP:
            if faults is not None and verdict is None and self.keeps and context.cache is not None:
                look = partial(self._responses.look, message, request, self.keeps)
                faults.on_store("cache.get", look, lambda found: self.carry(sink, request, is_own, found or look(fails=True)))
                return
            verdict = verdict or self._responses.look(message, request, self.keeps)
            if verdict in (Verdict.USE, Verdict.USE_STALE):
                self._responses.serve(sink)
                if verdict is Verdict.USE_STALE:
                    context.session._revalidations.begin(self._callbacks, request, self._route)
                return
            if verdict is Verdict.FAIL:
                inbox.meet(Event.FAILED, url_error(Code.RESOURCE_UNAVAILABLE, request.url))
                return
        if context.path_monitor is not None and scheme not in preparation.LOCAL and (path := context.path()) is not None:
            transaction.path = path
            if (blocked := obstacle(path, request, context.configuration)) is not None:
                waits = context.configuration.waits_for_connectivity
                if not waits and self._responses.spares(blocked):
                    self._responses.serve(sink)
                    return
                inbox.sink = None                # the request was not begun
                self._transfer.transactions.pop()
                inbox.meet(Event.UNREACHABLE if waits else Event.FAILED, None if waits else blocked)
                return
        if scheme in preparation.SECURE:
            self.challenges().secure(message, sink)
        if context.validates_names or (request._values and request.requires_dnssec_validation):
            message.validates_name = not is_address(message.parts.host)
        transaction.source, channel = context.channel(self._route, scheme)
        if self._callbacks.history is not None:
            sink.opened()
            message = sink.requested(message)
        if faults is not None and scheme not in preparation.LOCAL:
            message.faults = faults.of_task.exchange(message.method, message.url)
            if message.faults is not None:
                channel = context.faulty(self._route, channel)
        exchange = transaction.exchange = channel.open(message, sink if message.method != "HEAD" else Bodiless(sink))
        if not sink.ended:
            sink.exchange = exchange
            if sink.paused:              # while classes were asked
                exchange.pause()

    def waits_for_machine(self, error: URLError) -> bool:
        """Whether the load waits until this machine has another network, because a server was not reached for want of one."""
        context, transfer, inbox = self._context, self._transfer, self._inbox
        sink = inbox.sink
        if not context.waits_for_machine or sink is None or sink.transaction.source != "live" or not is_want_of_network(error):
            return False
        body = again(transfer.body)
        if body is None and transfer.body is not None:      # a stream that the route has closed
            return False
        transfer.body, inbox.sink = body, None               # the request was not begun
        transfer.transactions.pop()
        inbox.meet(Event.UNREACHABLE)
        return True

    # challenges ---------------------------------------------------------------------------------------------------
    def challenges(self) -> Challenges:
        """Those of this load."""
        if self._challenges is None:
            self._challenges = Challenges(self._context, self._inbox, self._callbacks, self._transfer, self._body, self._route)
        return self._challenges

    def meets(self, head: ResponseHead, response: HTTPURLResponse, then: Callable[[ResponseHead, HTTPURLResponse], None]) -> bool:
        """Whether a final head asks for another request, which is made then. What let this one in is kept: perhaps later, and `then` is
        called."""
        if head.status in (401, 407, 417) and (
                self._refused_to_wait() if head.status == 417 else self.challenges().refused(head, response)):
            return True
        return self._challenges is not None and self._challenges.accepted(head, partial(then, head, response))

    def _refused_to_wait(self) -> bool:
        """A 417: the request is made again without the expectation that its server does not meet (RFC 9110, section 10.1.1), where
        its body can be had again."""
        message, body = self._transfer.message, self._transfer.body
        if message is None or (header(message.headers, "expect") or "").lower() != "100-continue":
            return False
        if body is not None and again(body) is None and self._callbacks.method("task_need_new_body_stream") is None:
            return False
        self._unexpecting = True
        self._body.send_again()
        return True

    # for a protocol class (url_protocol.Lender) -----------------------------------------------------------------------
    def lend(self, request: URLRequest) -> CacheVisit | None:
        """What the class has of the cache for `request`, the load's own."""
        return self._responses.lend(request, self.keeps)

    def bring_challenge(self, sink: LoadSink, challenge: URLAuthenticationChallenge, answered: Callable[..., Any]) -> None:
        """Put `challenge` to the delegate, before the response; from any thread."""
        self._inbox.bring(sink, Event.CHALLENGE, lambda: self.challenges().ask_for(challenge, answered))

    def withdraw(self, challenge: URLAuthenticationChallenge) -> None:
        """No answer to it is wanted any more; from any thread."""
        self._inbox.instruct(lambda: self.challenges().withdraw(challenge))

    def pass_by(self, sink: LoadSink, request: URLRequest, is_own: bool) -> None:
        """No class takes `request`: the usual way, unless the load has ended meanwhile; from any thread."""
        self._inbox.instruct(lambda: self._go_on(sink, request, is_own))

    def _go_on(self, sink: LoadSink, request: URLRequest, is_own: bool) -> None:
        message = self._transfer.message
        if sink.wanted and not sink.ended and message is not None:
            if message.parts.scheme in preparation.HTTP | preparation.LOCAL:
                self.carry(sink, request, is_own)
            else:
                self._inbox.meet(Event.FAILED, url_error(Code.UNSUPPORTED_URL, request.url))
