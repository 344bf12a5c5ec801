"""Runs one conformance scenario and prints its trace: `python -m tests.conformance.trace SCENARIO.json BASE_URL TEMP_DIR`.

The port of tracer.swift to sessionmock: the same actions, the same events, the same fields. What a scenario may hold is in
README.md. The scenario's actions run on the main thread, its delegate on a serial queue of its own. With `--serve`, the
three arguments are read from standard input, a JSON list a line, and each scenario runs in a forked child.
"""
from __future__ import annotations

import base64
import json
import os
import signal
import sys
import threading
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import sessionmock as sm

Values = dict[str, Any]
Action = dict[str, Any]

COMPARED = frozenset({
    "content-type", "content-length", "location", "etag", "last-modified", "www-authenticate", "cache-control",
    "accept-ranges", "content-range", "set-cookie", "sec-websocket-protocol",
})
FOR_SESSION = 1
PERSISTENCE = {"none": 0, "permanent": 2}     # URLCredential's, by Apple's numbers
SHOWN_BYTES = 256
SETTLE = 0.15     # what comes late would be missing from the trace
LIMIT = 60        # seconds for a scenario


def digest(data: bytes) -> str:
    """A short text as it is, everything else by length and checksum."""
    if len(data) <= SHOWN_BYTES:
        try:
            return data.decode()
        except UnicodeDecodeError:
            pass
    return f"{len(data)} bytes adler32:{zlib.adler32(data)}"


class Places:
    """The base URL and the temporary folder, put into what a scenario says and taken out of what is printed."""

    def __init__(self, base: str, temporary: str) -> None:
        sockets = base.replace("http://", "ws://")
        self.base, self.temporary = base, temporary
        self._names = (("{base}", base), ("{ws}", sockets), ("{tmp}", temporary))

    def expand(self, text: str) -> str:
        for name, place in self._names:
            text = text.replace(name, place)
        return text

    def shorten(self, text: str) -> str:
        for name, place in self._names:
            text = text.replace(place, name)
        return text

    def error(self, error: Any) -> Values | None:
        if error is None:
            return None
        shown: Values = {"domain": getattr(error, "domain", type(error).__name__), "code": int(getattr(error, "code", 0))}
        info = getattr(error, "user_info", {})
        if (url := info.get("NSErrorFailingURLStringKey")) is not None:
            shown["failing_url"] = self.shorten(url)
        if info.get("NSURLSessionDownloadTaskResumeData") is not None:
            shown["resume_data"] = True
        return shown

    def response(self, response: Any) -> Values | None:
        if response is None:
            return None
        shown: Values = {
            "url": self.shorten(response.url or ""),
            "mime_type": response.mime_type,
            "expected_content_length": response.expected_content_length,
            "suggested_filename": response.suggested_filename,
            "text_encoding_name": response.text_encoding_name,
        }
        if isinstance(response, sm.HTTPURLResponse):
            headers = {name.lower(): value for name, value in response.all_header_fields.items()}
            shown["status"] = response.status_code
            shown["headers"] = {k: self.shorten(v) for k, v in headers.items() if k in COMPARED or k.startswith("x-")}
        return shown

    def request(self, request: Any) -> Values | None:
        if request is None:
            return None
        return {
            "url": self.shorten(request.url or ""),
            "method": request.http_method,
            "headers": {k.lower(): self.shorten(v) for k, v in (request.all_http_header_fields or {}).items()},
            "has_body": request.http_body is not None or request.http_body_stream is not None,
        }

    def challenge(self, challenge: Any) -> Values:
        space, proposed, failed = challenge.protection_space, challenge.proposed_credential, challenge.failure_response
        return {
            "method": space.authentication_method, "realm": space.realm, "is_proxy": space.is_proxy,
            "previous_failure_count": challenge.previous_failure_count,
            "proposed_user": None if proposed is None else proposed.user,
            "status": getattr(failed, "status_code", None), "error": self.error(challenge.error),
        }


class Events:
    """The trace: appended to from any thread, waited for by the main one."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._events: list[tuple[str, str | None, Values]] = []

    def add(self, name: str, task: str | None = None, values: Values | None = None) -> None:
        with self._condition:
            self._events.append((name, task, values or {}))
            self._condition.notify_all()

    def wait(self, names: list[str], task: str | None, seconds: float, count: int = 1) -> bool:
        """Whether, within `seconds`, `count` events of these names came for `task` or for no task (None: for any)."""
        def there() -> bool:
            return sum(n in names and (None in (task, t) or t == task) for n, t, _ in self._events) >= count
        with self._condition:
            return self._condition.wait_for(there, seconds)

    def snapshot(self) -> list[tuple[str, str | None, Values]]:
        with self._condition:
            return list(self._events)


class Delegate:
    """Notes every callback and answers by the scenario's rules."""

    def __init__(self, run: Run, rules: Values) -> None:
        self.run, self.rules = run, rules
        self.challenges = list(rules.get("challenge", []))
        self.session_challenges = list(rules.get("session_challenge", []))
        self.data: dict[str, bytearray] = {}
        self.kept: dict[str, Path] = {}
        self._reactions: dict[str, list[Action]] = dict(rules.get("on", {}))
        self._lock = threading.Lock()

    def note(self, callback: str, task: Any, values: Values | None = None) -> None:
        """Write the callback down; the first time, also do what the scenario wants done in it."""
        self.run.events.add(callback, None if task is None else label_of(task), values)
        with self._lock:
            actions = self._reactions.pop(callback, [])
        for action in actions:
            self.run.perform(action)

    def answer(self, rules: list[Any], completion_handler: Callable[[Any, Any], None]) -> None:
        disposition = sm.AuthChallengeDisposition
        match rules.pop(0) if rules else "default":
            case {"user": user, "password": password, **more}:
                persistence = PERSISTENCE.get(more.get("persistence", ""), FOR_SESSION)
                completion_handler(disposition.USE_CREDENTIAL, sm.URLCredential(user, password, persistence))
            case "cancel":
                completion_handler(disposition.CANCEL_AUTHENTICATION_CHALLENGE, None)
            case "reject":
                completion_handler(disposition.REJECT_PROTECTION_SPACE, None)
            case "use_none":
                completion_handler(disposition.USE_CREDENTIAL, None)
            case _:
                completion_handler(disposition.PERFORM_DEFAULT_HANDLING, None)

    # the session and its tasks
    def session_did_become_invalid(self, session: Any, error: Any) -> None:
        self.note("session_did_become_invalid", None, {"error": self.run.places.error(error)})

    def task_did_receive_challenge(self, session: Any, task: Any, challenge: Any, completion_handler: Any) -> None:
        self.note("task_did_receive_challenge", task, self.run.places.challenge(challenge))
        self.answer(self.challenges, completion_handler)

    def task_will_perform_http_redirection(
        self, session: Any, task: Any, response: Any, new_request: Any, completion_handler: Any,
    ) -> None:
        places = self.run.places
        self.note("task_will_perform_http_redirection", task, {
            "response": places.response(response), "new_request": places.request(new_request)})
        rule = self.rules.get("redirect")
        if rule == "refuse":
            completion_handler(None)
            return
        if isinstance(rule, dict):
            if "url" in rule:
                new_request.url = places.expand(rule["url"])
            for name, value in rule.get("headers", {}).items():
                new_request.set_value(value, for_http_header_field=name)
        completion_handler(new_request)

    def task_need_new_body_stream(self, session: Any, task: Any, completion_handler: Any) -> None:
        self.run.events.add("task_need_new_body_stream", label_of(task))
        text = self.rules.get("new_body_stream")
        completion_handler(None if text is None else sm.InputStream(text.encode()))

    def task_did_send_body_data(
        self, session: Any, task: Any, bytes_sent: int, total_bytes_sent: int, total_bytes_expected_to_send: int,
    ) -> None:
        self.note("task_did_send_body_data", task, {"total": total_bytes_sent, "expected": total_bytes_expected_to_send})

    def task_did_receive_informational_response(self, session: Any, task: Any, response: Any) -> None:
        self.note("task_did_receive_informational_response", task, {"status": response.status_code})

    def task_did_finish_collecting_metrics(self, session: Any, task: Any, metrics: Any) -> None:
        self.run.events.add("task_did_finish_collecting_metrics", label_of(task), {
            "transactions": len(metrics.transaction_metrics), "redirect_count": metrics.redirect_count})

    def task_did_complete(self, session: Any, task: Any, error: Any) -> None:
        values: Values = {"error": self.run.places.error(error)}
        if (received := self.data.get(label_of(task))) is not None:
            values["data"] = digest(bytes(received))
        self.note("task_did_complete", task, values)

    # data
    def data_task_did_receive_response(self, session: Any, task: Any, response: Any, completion_handler: Any) -> None:
        self.note("data_task_did_receive_response", task, {"response": self.run.places.response(response)})
        disposition = {"cancel": sm.ResponseDisposition.CANCEL, "become_download": sm.ResponseDisposition.BECOME_DOWNLOAD}
        completion_handler(disposition.get(self.rules.get("response", ""), sm.ResponseDisposition.ALLOW))

    def data_task_did_become_download_task(self, session: Any, task: Any, download_task: Any) -> None:
        download_task.task_description = label_of(task)
        self.run.events.add("data_task_did_become_download_task", label_of(task))

    def data_task_did_receive_data(self, session: Any, task: Any, data: bytes) -> None:
        self.data.setdefault(label_of(task), bytearray()).extend(data)
        self.note("data_task_did_receive_data", task, {"bytes": len(data)})

    def data_task_will_cache_response(self, session: Any, task: Any, proposed: Any, completion_handler: Any) -> None:
        self.run.events.add("data_task_will_cache_response", label_of(task), {"bytes": len(proposed.data)})
        completion_handler(None if self.rules.get("will_cache") == "deny" else proposed)

    # downloads
    def download_task_did_finish_downloading(self, session: Any, task: Any, location: Any) -> None:
        self.run.events.add("download_task_did_finish_downloading", label_of(task), {"data": digest(Path(location).read_bytes())})
        self.kept[label_of(task)] = Path(location)

    def download_task_did_write_data(
        self, session: Any, task: Any, bytes_written: int, total_bytes_written: int, total_bytes_expected_to_write: int,
    ) -> None:
        self.note("download_task_did_write_data", task, {
            "total": total_bytes_written, "expected": total_bytes_expected_to_write})

    def download_task_did_resume_at_offset(
        self, session: Any, task: Any, file_offset: int, expected_total_bytes: int,
    ) -> None:
        self.run.events.add("download_task_did_resume", label_of(task), {"offset": file_offset, "expected": expected_total_bytes})

    # WebSockets
    def web_socket_task_did_open(self, session: Any, task: Any, protocol: str | None) -> None:
        self.note("web_socket_task_did_open", task, {"protocol": protocol})

    def web_socket_task_did_close(self, session: Any, task: Any, close_code: Any, reason: bytes | None) -> None:
        self.run.events.add("web_socket_task_did_close", label_of(task), {
            "code": int(close_code), "reason": None if reason is None else digest(reason)})


class SessionChallengeDelegate(Delegate):
    """Also answers for the session; a delegate without the method is asked for each task instead."""

    def session_did_receive_challenge(self, session: Any, challenge: Any, completion_handler: Any) -> None:
        self.run.events.add("session_did_receive_challenge", None, self.run.places.challenge(challenge))
        self.answer(self.session_challenges, completion_handler)


def label_of(task: Any) -> str:
    return task.task_description or "?"


class Run:
    """One scenario: its session, its tasks by label, and the actions."""

    def __init__(self, scenario: Values, places: Places) -> None:
        self.scenario, self.places = scenario, places
        self.events = Events()
        self.limit: float = scenario.get("limit", 8)
        self.tasks: dict[str, Any] = {}
        self.resume_data: dict[str, bytes | None] = {}
        rules = scenario.get("delegate", {})
        self.delegate: Delegate | None = None
        if rules is not None:
            self.delegate = (SessionChallengeDelegate if "session_challenge" in rules else Delegate)(self, rules)
        if scenario.get("shared"):
            self.session = sm.URLSession.shared
        else:
            self.session = sm.URLSession(self.configuration(), self.delegate, sm.OperationQueue())

    def play(self) -> list[tuple[str, str | None, Values]]:
        for action in self.scenario["actions"]:
            self.perform(action)
        time.sleep(self.scenario.get("settle", SETTLE))
        return self.events.snapshot()

    def perform(self, action: Action) -> None:
        label = action.get("as") or action.get("task") or "t"
        getattr(self, f"do_{action['do']}")(action, label, self.tasks.get(label))

    # what the session and its requests are made of
    def configuration(self) -> Any:
        wanted: Values = self.scenario.get("configuration", {})
        kind = sm.URLSessionConfiguration
        made = kind.ephemeral() if wanted.get("kind") == "ephemeral" else kind.default()
        for name in ("timeout_interval_for_request", "timeout_interval_for_resource", "http_should_set_cookies",
                     "http_maximum_connections_per_host"):
            if name in wanted:
                setattr(made, name, wanted[name])
        if "http_additional_headers" in wanted:
            made.http_additional_headers = {k: self.places.expand(str(v)) for k, v in wanted["http_additional_headers"].items()}
        if "http_cookie_accept_policy" in wanted:
            made.http_cookie_accept_policy = sm.HTTPCookie.AcceptPolicy[wanted["http_cookie_accept_policy"].upper()]
        if "request_cache_policy" in wanted:
            made.request_cache_policy = cache_policy(wanted["request_cache_policy"])
        if "url_cache" in wanted:
            made.url_cache = None if wanted["url_cache"] is None else sm.URLCache(memory_capacity=4 << 20, disk_capacity=0)
        if "http_cookie_storage" in wanted:
            made.http_cookie_storage = None
        for item in wanted.get("credentials", []):
            scheme = "HTTPDigest" if item.get("scheme") == "digest" else "HTTPBasic"
            space = sm.URLProtectionSpace(
                "127.0.0.1", urlsplit(self.places.base).port, "http", item["realm"], f"NSURLAuthenticationMethod{scheme}")
            credential = sm.URLCredential(item["user"], item["password"], FOR_SESSION)
            made.url_credential_storage.set_default_credential(credential, space)
        return made

    def request(self, wanted: str | Values) -> Any:
        if isinstance(wanted, str):
            return sm.URLRequest(self.places.expand(wanted))
        made = sm.URLRequest(self.places.expand(wanted["url"]))
        if "method" in wanted:
            made.http_method = wanted["method"]
        for name, value in wanted.get("headers", {}).items():
            made.set_value(self.places.expand(value), for_http_header_field=name)
        if "body" in wanted:
            made.http_body = wanted["body"].encode()
        if "body_stream" in wanted:
            made.http_body_stream = sm.InputStream(data=wanted["body_stream"].encode())
        if "timeout_interval" in wanted:
            made.timeout_interval = wanted["timeout_interval"]
        if "cache_policy" in wanted:
            made.cache_policy = cache_policy(wanted["cache_policy"])
        if "http_should_handle_cookies" in wanted:
            made.http_should_handle_cookies = wanted["http_should_handle_cookies"]
        return made

    def handler(self, action: Action, label: str) -> Callable[[Any, Any, Any], None] | None:
        """The completion handler that the action asks for; its first argument is data, or a download's file."""
        if not action.get("completion_handler"):
            return None

        def completed(result: Any, response: Any, error: Any) -> None:
            values: Values = {"response": self.places.response(response), "error": self.places.error(error)}
            if action["do"].startswith("download"):
                values["file"] = None if result is None else digest(Path(result).read_bytes())
                if result is not None and self.delegate is not None:
                    self.delegate.kept[label] = Path(result)
            else:
                values["data"] = None if result is None else digest(result)
            self.events.add("completion_handler", label, values)
        return completed

    def made(self, task: Any, action: Action, label: str) -> None:
        task.task_description = label
        self.tasks[label] = task
        if action.get("resume"):
            task.resume()

    def heard(self, name: str, label: str) -> Callable[[Any], None]:
        """A handler that notes the error it is given, or its absence."""
        return lambda error: self.events.add(name, label, {"error": self.places.error(error)})

    # actions: making tasks
    def do_data_task(self, action: Action, label: str, task: Any) -> None:
        self.made(self.session.data_task(self.request(action["request"]), self.handler(action, label)), action, label)

    def do_upload_task(self, action: Action, label: str, task: Any) -> None:
        request, handler = self.request(action["request"]), self.handler(action, label)
        text, times = action.get("body_repeat", (action.get("body", ""), 1))
        body = (text * times).encode()
        match action.get("from", "data"):
            case "stream":
                made = self.session.upload_task(streamed_request=request)
            case "file":
                file = Path(self.places.temporary, f"upload-{label}")
                file.write_bytes(body)
                made = self.session.upload_task(request, from_file=file, completion_handler=handler)
            case _:
                made = self.session.upload_task(request, from_data=body, completion_handler=handler)
        self.made(made, action, label)

    def do_download_task(self, action: Action, label: str, task: Any) -> None:
        self.made(self.session.download_task(self.request(action["request"]), self.handler(action, label)), action, label)

    def do_download_task_with_resume_data(self, action: Action, label: str, task: Any) -> None:
        data = self.resume_data.get(action.get("of", "")) or action.get("resume_data", "").encode()
        made = self.session.download_task(resume_data=data, completion_handler=self.handler(action, label))
        self.made(made, action, label)

    def do_web_socket_task(self, action: Action, label: str, task: Any) -> None:
        if "protocols" in action:
            made = self.session.web_socket_task(self.places.expand(action["url"]), protocols=action["protocols"])
        elif "request" in action:
            made = self.session.web_socket_task(self.request(action["request"]))
        else:
            made = self.session.web_socket_task(self.places.expand(action["url"]))
        if "maximum_message_size" in action:
            made.maximum_message_size = action["maximum_message_size"]
        self.made(made, action, label)

    # actions: tasks
    def do_resume(self, action: Action, label: str, task: Any) -> None:
        task.resume()

    def do_suspend(self, action: Action, label: str, task: Any) -> None:
        task.suspend()

    def do_cancel(self, action: Action, label: str, task: Any) -> None:
        task.cancel()

    def do_cancel_by_producing_resume_data(self, action: Action, label: str, task: Any) -> None:
        if not isinstance(task, sm.URLSessionDownloadTask):     # as in the original
            return

        def produced(data: bytes | None) -> None:
            self.resume_data[label] = data
            self.events.add("resume_data", label, {"present": data is not None})
        task.cancel_by_producing_resume_data(produced)

    def do_snapshot(self, action: Action, label: str, task: Any) -> None:
        shown: dict[str, Callable[[], Any]] = {
            "state": lambda: int(task.state),
            "identifier": lambda: task.task_identifier,
            "count_of_bytes_received": lambda: task.count_of_bytes_received,
            "count_of_bytes_sent": lambda: task.count_of_bytes_sent,
            "count_of_bytes_expected_to_receive": lambda: task.count_of_bytes_expected_to_receive,
            "count_of_bytes_expected_to_send": lambda: task.count_of_bytes_expected_to_send,
            "original_request": lambda: self.places.request(task.original_request),
            "current_request": lambda: self.places.request(task.current_request),
            "response": lambda: self.places.response(task.response),
            "error": lambda: self.places.error(task.error),
            "priority": lambda: task.priority,
        }
        only = action.get("only", shown)
        self.events.add("snapshot", label, {name: value() for name, value in shown.items() if name in only})

    def do_file_exists(self, action: Action, label: str, task: Any) -> None:
        file = self.delegate.kept.get(label) if self.delegate else None
        self.events.add("file_exists", label, {"exists": None if file is None else file.exists()})

    # actions: the session
    def do_finish_tasks_and_invalidate(self, action: Action, label: str, task: Any) -> None:
        self.session.finish_tasks_and_invalidate()

    def do_invalidate_and_cancel(self, action: Action, label: str, task: Any) -> None:
        self.session.invalidate_and_cancel()

    def do_reset(self, action: Action, label: str, task: Any) -> None:
        self.session.reset(lambda: self.events.add("reset"))
        self.events.wait(["reset"], None, self.limit)

    def do_flush(self, action: Action, label: str, task: Any) -> None:
        self.session.flush(lambda: self.events.add("flush"))
        self.events.wait(["flush"], None, self.limit)

    def do_get_all_tasks(self, action: Action, label: str, task: Any) -> None:
        self.session.get_all_tasks(lambda tasks: self.events.add("get_all_tasks", None, {"tasks": sorted(map(label_of, tasks))}))
        self.events.wait(["get_all_tasks"], None, self.limit)

    def do_get_tasks(self, action: Action, label: str, task: Any) -> None:
        def got(data: Any, upload: Any, download: Any) -> None:
            groups = {"data": data, "upload": upload, "download": download}
            self.events.add("get_tasks", None, {kind: sorted(map(label_of, tasks)) for kind, tasks in groups.items()})
        self.session.get_tasks(got)
        self.events.wait(["get_tasks"], None, self.limit)

    def do_set_cookie(self, action: Action, label: str, task: Any) -> None:
        properties = {"name": action["name"], "value": action["value"],
                      "domain": action.get("domain", "127.0.0.1"), "path": action.get("path", "/")}
        if action.get("secure"):
            properties["secure"] = "TRUE"
        if storage := self.session.configuration.http_cookie_storage:
            storage.set_cookie(sm.HTTPCookie(properties))

    def do_get_cookies(self, action: Action, label: str, task: Any) -> None:
        storage = self.session.configuration.http_cookie_storage
        found = storage.cookies_for(self.places.expand(action.get("url", "{base}/"))) if storage else []
        shown = [{"name": c.name, "value": c.value, "path": c.path, "secure": c.is_secure, "http_only": c.is_http_only}
                 for c in found]
        self.events.add("get_cookies", None, {"cookies": sorted(shown, key=lambda cookie: str(cookie["name"]))})

    # actions: waiting
    def do_wait(self, action: Action, label: str, task: Any) -> None:
        names = action.get("events", ["task_did_complete", "completion_handler"])
        if not self.events.wait(names, label, action.get("seconds", self.limit), action.get("count", 1)):
            self.events.add("wait_timed_out", label)

    def do_wait_invalid(self, action: Action, label: str, task: Any) -> None:
        if not self.events.wait(["session_did_become_invalid"], None, action.get("seconds", self.limit)):
            self.events.add("wait_timed_out")

    def do_sleep(self, action: Action, label: str, task: Any) -> None:
        time.sleep(action.get("seconds", self.limit))

    def do_note(self, action: Action, label: str, task: Any) -> None:
        self.events.add("note", None, {"text": action["text"]})

    # actions: WebSockets
    def do_web_socket_send(self, action: Action, label: str, task: Any) -> None:
        message = (sm.WebSocketMessage(string=action["text"]) if "text" in action
                   else sm.WebSocketMessage(data=base64.b64decode(action["base64"])))
        task.send(message, self.heard("web_socket_sent", label))

    def do_web_socket_receive(self, action: Action, label: str, task: Any) -> None:
        def received(message: Any, error: Any) -> None:
            if error is not None:
                values: Values = {"error": self.places.error(error)}
            elif message.string is not None:
                text = message.string
                values = {"text": text if len(text) <= SHOWN_BYTES else f"{len(text.encode())} bytes"}
            else:
                values = {"base64": base64.b64encode(message.data).decode()}
            self.events.add("web_socket_received", label, values)
        task.receive(received)

    def do_web_socket_ping(self, action: Action, label: str, task: Any) -> None:
        task.send_ping(self.heard("web_socket_pong", label))

    def do_web_socket_cancel(self, action: Action, label: str, task: Any) -> None:
        reason = action.get("reason")
        task.cancel(action["code"], None if reason is None else reason.encode())

    def do_web_socket_state(self, action: Action, label: str, task: Any) -> None:
        reason = task.close_reason
        self.events.add("web_socket_state", label, {
            "close_code": int(task.close_code), "close_reason": None if reason is None else digest(reason)})


def cache_policy(name: str) -> Any:
    return sm.URLRequest.CachePolicy[name.upper()]


def main(file: str, base: str, temporary: str) -> None:
    scenario = json.loads(Path(file).read_text())
    events = Run(scenario, Places(base, temporary)).play()
    print(json.dumps({"events": events}))


def serve() -> None:
    """Each scenario in a child of its own, that has what is imported and nothing else; how it ended is told in a line after its trace."""
    for line in sys.stdin:
        if not (child := os.fork()):
            signal.alarm(LIMIT)
            main(*json.loads(line))
            return
        _, status = os.waitpid(child, 0)
        print(json.dumps({"exit": os.waitstatus_to_exitcode(status)}), flush=True)


if __name__ == "__main__":
    serve() if sys.argv[1:] == ["--serve"] else main(*sys.argv[1:])
