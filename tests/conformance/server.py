"""The scenario server: answers each request of a conformance scenario from its script, on loopback.

Standard library only. `serve(script)` starts it on a free port; `Server.log` holds one entry for each
request that arrived, in order, reduced to what a conformance trace compares.

A script maps a path to a list of responses: the first request of that path gets the first, the next
the second, and the last one repeats. A response is an object; every key is optional:

    status, reason        numbers the status line (200)
    headers               list of [name, value]; the value may hold {base} and {port}
    body | body_base64    the body; body_repeat: [text, times] builds a large one
    chunked               true: Transfer-Encoding: chunked, one chunk for each item of `chunks`
    chunks                list of [text, seconds before it is sent]
    informational         list of [status, headers] sent before the final response
    delay                 seconds before the status line
    body_delay            seconds between the headers and the body
    close_after           drop the connection after this many body bytes (Content-Length still says all)
    pace, pace_seconds    send the body in pieces of this size, this far apart (0.01)
    no_continue           true: do not answer Expect: 100-continue
    answer_before_body    true: answer without reading the request's body
    drop                  "before_response": close at once; "reset": RST at once; "never": say nothing
    raw                   send these characters (latin-1) instead of a response, then close (header values are sent as UTF-8)
    keep_alive            false: answer Connection: close
    handler               "echo": a JSON body of what was received; "range": honours Range and If-Range;
                          "conditional": honours If-None-Match and If-Modified-Since;
                          "websocket": see `websocket`
    auth                  {"scheme": "basic"|"digest", "realm", "user", "password"}: 401 until right
    proxy_auth            the same with 407
    websocket             list of steps: {"expect": text}, {"send": text}, {"send_base64": ...}, {"echo": n},
                          {"close": [code, reason]}, {"expect_close": true}, {"drop": true}, {"ping": text},
                          {"send_fragments": [text, ...]}, {"send_repeat": [text, times]}, {"sleep": seconds},
                          {"raw_base64": bytes of your own}; a close frame of the client is answered
    subprotocol           the Sec-WebSocket-Protocol that the server picks
"""
from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
import socket
import struct
import threading
from dataclasses import dataclass, field
from typing import Any

COMPARED = ("content-type", "content-length", "transfer-encoding", "cookie", "range", "if-range",
            "if-none-match", "if-modified-since", "referer", "cache-control",
            "sec-websocket-protocol", "sec-websocket-version", "upgrade")


@dataclass
class Request:
    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes = b""

    def get(self, name: str) -> str | None:
        values = [v for k, v in self.headers if k.lower() == name]
        return ", ".join(values) if values else None


@dataclass
class Server:
    """A running scenario server. Close it, or use it as a context manager."""
    script: dict[str, list[dict[str, Any]]]
    port: int = 0
    log: list[dict[str, Any]] = field(default_factory=list)
    connections: int = 0
    _counts: dict[str, int] = field(default_factory=dict)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Server:
        ready = threading.Event()
        self._loop = asyncio.new_event_loop()

        async def start() -> None:
            self._server = await asyncio.start_server(self._connection, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]
            ready.set()

        def run() -> None:
            asyncio.set_event_loop(self._loop)
            self._loop.run_until_complete(start())
            self._loop.run_forever()

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()
        ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        async def stop() -> None:
            self._server.close()
            for task in asyncio.all_tasks():
                if task is not asyncio.current_task():
                    task.cancel()
            await asyncio.sleep(0)
        asyncio.run_coroutine_threadsafe(stop(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    # one connection -------------------------------------------------------------------------------
    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while (request := await self._read(reader, writer)) is not None:
                if not await self._answer(request, reader, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request | None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")[:-2]
        method, target, _ = first.split(" ", 2)
        if target.startswith("http://"):
            target = "/" + target.split("/", 3)[3]
        headers = [(n.strip(), v.strip()) for n, _, v in (line.partition(":") for line in lines)]
        request = Request(method, target, headers)
        early = self._response(request, peek=True)
        if (request.get("expect") or "").lower() == "100-continue" and not early.get("no_continue"):
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if early.get("answer_before_body"):
            return request
        if length := request.get("content-length"):
            request.body = await reader.readexactly(int(length))
        elif "chunked" in (request.get("transfer-encoding") or "").lower():
            while size := int((await reader.readline()).split(b";")[0], 16):
                request.body += await reader.readexactly(size)
                await reader.readline()
            await reader.readline()
        return request

    def _response(self, request: Request, peek: bool = False) -> dict[str, Any]:
        path = request.target.split("?")[0]
        responses = self.script.get(path) or self.script.get("*") or [{"status": 404, "body": "no such path"}]
        index = self._counts.get(path, 0)
        if not peek:
            self._counts[path] = index + 1
        return responses[min(index, len(responses) - 1)]

    def _record(self, request: Request) -> None:
        compared = {k.lower(): v for k, v in request.headers if k.lower() in COMPARED or k.lower().startswith("x-")}
        for name in ("authorization", "proxy-authorization"):
            if value := request.get(name):
                compared[name] = value if value.lower().startswith("basic") else value.split(" ")[0]
        if "referer" in compared:
            compared["referer"] = compared["referer"].replace(self.base, "{base}")
        body = request.body.decode("utf-8", "replace") if len(request.body) <= 256 else (
            f"{len(request.body)} bytes sha256:{hashlib.sha256(request.body).hexdigest()[:16]}")
        self.log.append({"method": request.method, "target": request.target,
                         "headers": dict(sorted(compared.items())), "body": body})

    async def _answer(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        response = dict(self._response(request))
        self._record(request)
        if response.get("delay"):
            await asyncio.sleep(response["delay"])
        drop = response.get("drop")
        if drop == "reset":
            sock = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            return False
        if drop == "before_response":
            return False
        if drop == "never":
            await asyncio.sleep(60)
            return False
        if raw := response.get("raw"):
            writer.write(raw.encode("latin-1"))
            await writer.drain()
            return False
        for kind in ("auth", "proxy_auth"):
            if (wanted := response.get(kind)) and not authorised(request, wanted, kind == "proxy_auth"):
                response = unauthorised(wanted, kind == "proxy_auth", response)
                break
        if response.get("handler") == "websocket":
            await self._websocket(request, response, reader, writer)
            return False
        for status, headers in response.get("informational", []):
            writer.write(head(status, "", headers))
        body, response = self._body(request, response)
        headers = [[n, v.replace("{base}", self.base).replace("{port}", str(self.port))] for n, v in response.get("headers", [])]
        keep = response.get("keep_alive", True) and (request.get("connection") or "").lower() != "close"
        status = response.get("status", 200)
        chunked = response.get("chunked") or "chunks" in response
        bodiless = request.method == "HEAD" or status in (204, 304) or status < 200
        if chunked:
            headers.append(["Transfer-Encoding", "chunked"])
        elif not any(n.lower() == "content-length" for n, _ in headers) and status not in (204, 304) and keep:
            headers.append(["Content-Length", str(len(body))])
        if not keep:
            headers.append(["Connection", "close"])
        writer.write(head(status, response.get("reason", "OK" if status == 200 else "Status"), headers))
        await writer.drain()
        if bodiless:
            return keep
        if response.get("body_delay"):
            await asyncio.sleep(response["body_delay"])
        if chunked:
            for text, seconds in response.get("chunks") or [[body.decode("latin-1"), 0]]:
                await asyncio.sleep(seconds)
                data = text.encode()
                writer.write(b"%x\r\n%s\r\n" % (len(data), data))
                await writer.drain()
            writer.write(b"0\r\n\r\n")
        else:
            cut = response.get("close_after")
            piece = response.get("pace", 0)
            sent = body if cut is None else body[:cut]
            if piece:
                for at in range(0, len(sent), piece):
                    writer.write(sent[at:at + piece])
                    await writer.drain()
                    await asyncio.sleep(response.get("pace_seconds", 0.01))
            else:
                writer.write(sent)
            await writer.drain()
            if cut is not None:
                return False
        await writer.drain()
        return keep

    def _body(self, request: Request, response: dict[str, Any]) -> tuple[bytes, dict[str, Any]]:
        handler = response.get("handler")
        if "body_repeat" in response:
            text, times = response["body_repeat"]
            body = (text * times).encode()
        elif "body_base64" in response:
            body = base64.b64decode(response["body_base64"])
        else:
            body = response.get("body", "").encode()
        headers = [list(pair) for pair in response.get("headers", [])]
        etag = next((v for n, v in headers if n.lower() == "etag"), None)
        modified = next((v for n, v in headers if n.lower() == "last-modified"), None)
        if handler == "echo":
            body = json.dumps(self.log[-1], sort_keys=True).encode()
            headers.append(["Content-Type", "application/json"])
        elif handler == "conditional":
            if (etag and request.get("if-none-match") == etag) or (
                    not request.get("if-none-match") and modified and request.get("if-modified-since") == modified):
                return b"", {**response, "status": 304, "headers": headers}
        elif handler == "range":
            headers.append(["Accept-Ranges", "bytes"])
            wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", request.get("range") or "")
            if wanted and request.get("if-range") in (None, etag, modified):
                start, end = int(wanted[1]), int(wanted[2] or len(body) - 1)
                if start >= len(body):
                    headers.append(["Content-Range", f"bytes */{len(body)}"])
                    return b"", {**response, "status": 416, "headers": headers, "close_after": None}
                headers.append(["Content-Range", f"bytes {start}-{end}/{len(body)}"])
                return body[start:end + 1], {**response, "status": 206, "headers": headers, "close_after": None}
        return body, {**response, "headers": headers}

    # WebSocket ------------------------------------------------------------------------------------
    async def _websocket(self, request: Request, response: dict[str, Any], reader: asyncio.StreamReader,
                         writer: asyncio.StreamWriter) -> None:
        key = request.get("sec-websocket-key") or ""
        accept = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest())
        headers = [["Upgrade", "websocket"], ["Connection", "Upgrade"], ["Sec-WebSocket-Accept", accept.decode()]]
        if picked := response.get("subprotocol"):
            headers.append(["Sec-WebSocket-Protocol", picked])
        writer.write(head(101, "Switching Protocols", headers + response.get("headers", [])))

        def send(opcode: int, data: bytes, fin: bool = True) -> None:
            size = len(data)
            first = (0x80 if fin else 0) | opcode
            prefix = (struct.pack("!BB", first, size) if size < 126 else struct.pack("!BBH", first, 126, size)
                      if size < 65536 else struct.pack("!BBQ", first, 127, size))
            writer.write(prefix + data)

        async def receive() -> tuple[int, bytes]:
            data, opcode = b"", 0
            while True:
                a, b = await reader.readexactly(2)
                if not b & 0x80:
                    self.log.append({"websocket": "unmasked frame"})
                size = b & 0x7F
                if size == 126:
                    size = struct.unpack("!H", await reader.readexactly(2))[0]
                elif size == 127:
                    size = struct.unpack("!Q", await reader.readexactly(8))[0]
                mask = await reader.readexactly(4) if b & 0x80 else b"\0\0\0\0"
                payload = await reader.readexactly(size)
                data += bytes(x ^ mask[i % 4] for i, x in enumerate(payload))
                opcode = opcode or a & 0x0F
                if a & 0x0F == 9:
                    send(10, payload if not b & 0x80 else bytes(x ^ mask[i % 4] for i, x in enumerate(payload)))
                    self.log.append({"websocket": "ping"})
                    data, opcode = b"", 0
                    continue
                if a & 0x80:
                    return opcode, data

        def note(kind: str, opcode: int, data: bytes) -> None:
            shown = data.decode("utf-8", "replace") if len(data) <= 256 else f"{len(data)} bytes"
            if opcode == 8:
                shown = [struct.unpack("!H", data[:2])[0] if len(data) >= 2 else None, data[2:].decode("utf-8", "replace")]
            self.log.append({"websocket": kind, "opcode": opcode, "data": shown})

        for step in response.get("websocket", [{"echo": 1}]):
            if "expect" in step or "expect_close" in step:
                opcode, data = await receive()
                note("received", opcode, data)
                if opcode == 8:
                    send(8, data)
            elif "echo" in step:
                for _ in range(step["echo"]):
                    opcode, data = await receive()
                    note("received", opcode, data)
                    send(opcode, data)
            elif "send" in step:
                send(1, step["send"].encode())
            elif "send_base64" in step:
                send(2, base64.b64decode(step["send_base64"]))
            elif "send_fragments" in step:
                pieces = step["send_fragments"]
                for i, piece in enumerate(pieces):
                    send(1 if i == 0 else 0, piece.encode(), i == len(pieces) - 1)
            elif "send_repeat" in step:
                text, times = step["send_repeat"]
                send(1, (text * times).encode())
            elif "ping" in step:
                send(9, step["ping"].encode())
                opcode, data = await receive()
                note("received", opcode, data)
            elif "close" in step:
                code, reason = step["close"]
                send(8, struct.pack("!H", code) + reason.encode())
                await writer.drain()
                try:
                    note("received", *await asyncio.wait_for(receive(), 2))
                except (TimeoutError, asyncio.IncompleteReadError):
                    pass
            elif "sleep" in step:
                await writer.drain()
                await asyncio.sleep(step["sleep"])
            elif "raw_base64" in step:
                writer.write(base64.b64decode(step["raw_base64"]))
            elif "drop" in step:
                writer.transport.abort()
                return
            await writer.drain()


def head(status: int, reason: str, headers: list[list[str]]) -> bytes:
    lines = [f"HTTP/1.1 {status} {reason}"] + [f"{n}: {v}" for n, v in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8")


def unauthorised(wanted: dict[str, str], proxy: bool, response: dict[str, Any]) -> dict[str, Any]:
    challenge = f'{wanted["scheme"].capitalize()} realm="{wanted["realm"]}"'
    if wanted["scheme"] == "digest":
        challenge += f', qop="auth", nonce="{wanted.get("nonce", "abcdef0123456789")}", algorithm={wanted.get("algorithm", "MD5")}'
    if wanted.get("raw_challenge"):
        challenge = wanted["raw_challenge"]
    name = "Proxy-Authenticate" if proxy else "WWW-Authenticate"
    return {"status": 407 if proxy else 401, "reason": "Unauthorized", "headers": [[name, challenge]],
            "body": "not authorised", "keep_alive": response.get("keep_alive", True)}


def authorised(request: Request, wanted: dict[str, str], proxy: bool) -> bool:
    sent = request.get("proxy-authorization" if proxy else "authorization") or ""
    if wanted["scheme"] == "basic":
        return sent == "Basic " + base64.b64encode(f'{wanted["user"]}:{wanted["password"]}'.encode()).decode()
    if not sent.lower().startswith("digest "):
        return False
    fields = dict(re.findall(r'(\w+)="?([^",]+)"?', sent[7:]))
    if fields.get("uri") != request.target or fields.get("nonce") != wanted.get("nonce", "abcdef0123456789"):
        return False
    if (fields.get("realm"), fields.get("username")) != (wanted["realm"], wanted["user"]):
        return False
    algorithm = hashlib.sha256 if wanted.get("algorithm", "MD5").upper() == "SHA-256" else hashlib.md5
    digest = lambda text: algorithm(text.encode()).hexdigest()  # noqa: E731
    ha1 = digest(f'{wanted["user"]}:{wanted["realm"]}:{wanted["password"]}')
    ha2 = digest(f'{request.method}:{fields.get("uri", "")}')
    right = digest(f'{ha1}:{fields.get("nonce")}:{fields.get("nc")}:{fields.get("cnonce")}:{fields.get("qop")}:{ha2}')
    return fields.get("response") == right


def serve(script: dict[str, list[dict[str, Any]]], port: int = 0) -> Server:
    """A server for one scenario's script, to be used as a context manager."""
    return Server(script, port)
