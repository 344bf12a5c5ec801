"""The cassette route: modes, matching, recording, replaying and misses, over a live route that answers from a table."""
from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from sessionmock.errors import UNDERLYING, CassetteError, Code, InvalidArgumentException, url_error
from sessionmock.models.message import Request, ResponseHead
from sessionmock.routes.cassette import CassetteRoute, Interaction, OnExpiry, RecordedRequest, RecordedResponse, Tape, files
from sessionmock.routes.cassette.playback import PIECE

from .doubles import FakeHost, FakeLive, RecordingSink, Stream

URL = "http://api.test/things"


def answer(body: bytes = b"live", status: int = 200) -> list[tuple[Any, ...]]:
    return [("head", ResponseHead(status, [("Content-Length", str(len(body)))], "OK")), ("data", body), ("end", [])]


def get(route: CassetteRoute, url: str = URL, method: str = "GET", body: Any = None, kind: str = "") -> RecordingSink:
    """Ask once and let the engine run."""
    host, sink = FakeHost(), RecordingSink()
    headers = [("Content-Type", kind)] if kind else []
    sink.exchange = route.bind(None, host).open(Request(method, url, headers, body), sink)
    host.run()
    return sink


def item(body: bytes, url: str = URL, method: str = "GET", asked: bytes | None = None, kind: str = "") -> Interaction:
    headers = [("Content-Type", kind)] if kind else []
    return Interaction(RecordedRequest(method, url, headers, asked), RecordedResponse(200, "OK", [], body))


@pytest.fixture
def tape(tmp_path: Path):
    """Writes a cassette and gives its path."""
    def make(*interactions: Interaction) -> Path:
        files.save(tmp_path / "tape.yaml", Tape(list(interactions)))
        return tmp_path / "tape.yaml"
    return make


# Modes ---------------------------------------------------------------------------------------------------------------

def test_once_records_where_there_is_no_file_and_replays_then(tmp_path: Path):
    """Mode "once" records into a new file and, with the file there, plays it with no live route."""
    path = tmp_path / "new" / "tape.yaml"
    head = ResponseHead(201, [("A", "1"), ("b", "2"), ("A", "3")], "Made", "HTTP/1.0")
    early = ResponseHead(103, [("Link", "<x>")], "Early Hints")
    live = FakeLive([("informational", early), ("head", head), ("data", b"one"), ("wait", 250), ("data", b"\xff"),
                     ("end", [("T", "1")])])
    with CassetteRoute(path, live=live) as route:
        recorded = get(route, URL + "#part", "POST", b"asked")
        assert not path.exists()
        assert (1, 0, 1) == (route.recorded, route.played, len(route))
    route = CassetteRoute(path)
    replayed = get(route, URL, "POST", b"asked")
    assert recorded.calls[:3] == replayed.calls[:3] == [("sent", 5), ("informational", early), ("head", head)]
    assert [("data", b"one"), ("data", b"\xff"), ("end", [("T", "1")])] == replayed.calls[3:]
    assert (0, 1, 1) == (route.recorded, route.played, len(route))
    loaded = files.load(path)
    assert loaded is not None
    assert (URL, [(0, 0), (3, 250)]) == (loaded.interactions[0].request.uri, loaded.interactions[0].extra.chunks)


def test_once_does_not_record_into_a_file_that_is_there(tape):
    """Mode "once" with a file takes an unknown request for a miss, also with a live route."""
    path, live = tape(item(b"taped")), FakeLive()
    before = path.read_bytes()
    with CassetteRoute(path, live=live) as route:
        assert b"taped" == get(route).body
        assert "new_episodes" in str(get(route, URL + "/2").missed)
    assert [] == live.calls
    assert before == path.read_bytes()


def test_none_never_records(tmp_path: Path):
    """Mode "none" asks no live route and makes no file."""
    live = FakeLive(answer())
    with CassetteRoute(tmp_path / "a.yaml", "none", live=live) as route:
        assert "no such file" in str(get(route).missed)
    assert [] == live.requests
    assert [] == list(tmp_path.iterdir())


def test_new_episodes_adds_what_is_missing(tape):
    """Mode "new_episodes" plays what is there once, sends the rest live and appends it to the file."""
    path = tape(item(b"taped"))
    live = FakeLive(answer(b"second"), answer(b"other"))
    with CassetteRoute(path, "new_episodes", live=live) as route:
        assert [b"taped", b"second", b"other"] == [get(route).body, get(route).body, get(route, URL + "/2").body]
    tape_now = files.load(path)
    assert tape_now is not None
    assert [b"taped", b"second", b"other"] == [i.response.body for i in tape_now.interactions]


def test_all_records_anew_and_keeps_what_was_not_asked(tape):
    """Mode "all" replays nothing; what it recorded replaces what it matches, other interactions stay (vcrpy 9)."""
    path = tape(item(b"old"), item(b"kept", URL + "/other"))
    with CassetteRoute(path, "all", live=FakeLive(answer(b"new"))) as route:
        assert b"new" == get(route).body
    tape_now = files.load(path)
    assert tape_now is not None
    assert [b"kept", b"new"] == [i.response.body for i in tape_now.interactions]


def test_what_was_recorded_now_is_replayed_only_with_repeats(tmp_path: Path):
    """A second equal request goes live again, unless playback repeats are allowed."""
    with CassetteRoute(tmp_path / "a.yaml", live=FakeLive(answer(b"1"), answer(b"2"))) as route:
        assert [b"1", b"2"] == [get(route).body, get(route).body]
    with CassetteRoute(tmp_path / "b.yaml", live=FakeLive(answer(b"1")), allow_playback_repeats=True) as route:
        assert [b"1", b"1"] == [get(route).body, get(route).body]


@pytest.mark.parametrize(("options", "word"), [
    ({"mode": "any"}, "mode 'any'"), ({"match_on": ["verb"]}, "verb"), ({"match_on": []}, "match_on"),
])
def test_bad_options_are_named(tmp_path: Path, options: dict[str, Any], word: str):
    """An unknown mode or matcher is misuse, and the error lists the ones there are."""
    with pytest.raises(InvalidArgumentException, match=word):
        CassetteRoute(tmp_path / "a.yaml", **options)


def test_an_empty_route_is_a_route(tmp_path: Path):
    """A route with nothing recorded is true, so that nobody takes it for no route at all and goes live."""
    route = CassetteRoute(tmp_path / "a.yaml")
    assert 0 == len(route)
    assert route


def test_a_broken_file_is_an_error_at_once(tmp_path: Path):
    """A broken cassette fails when the route is made, not at the first request."""
    (tmp_path / "a.yaml").write_text("interactions: [\n")
    with pytest.raises(CassetteError, match="line 2"):
        CassetteRoute(tmp_path / "a.yaml")


# Recording -----------------------------------------------------------------------------------------------------------

def test_another_protocol_is_not_recorded(tmp_path: Path):
    """What a 101 leads to never reaches the file; the sink hears of it."""
    live = FakeLive([("head", ResponseHead(101, [])), ("end", [])])
    with CassetteRoute(tmp_path / "a.yaml", live=live) as route:
        assert ["head", "end"] == get(route).names
        assert 0 == route.recorded
    assert not (tmp_path / "a.yaml").exists()


@pytest.mark.parametrize("name", ["a.yaml", "a.json", "a.har"])
def test_failures_are_replayed_in_their_order(tmp_path: Path, name: str):
    """A client that tries again finds first the failure, amid a body or before, and then the answer."""
    lost, silent = url_error(Code.NETWORK_CONNECTION_LOST, URL, ConnectionResetError("reset")), url_error(Code.TIMED_OUT, URL)
    live = FakeLive([("fail", silent)], [("head", ResponseHead(200, [])), ("data", b"x"), ("fail", lost)], answer(b"whole"))
    with CassetteRoute(tmp_path / name, live=live) as route:
        recorded = [get(route) for _ in range(3)]
    with CassetteRoute(tmp_path / name, "none") as route:
        replayed = [get(route) for _ in range(3)]
    assert [["fail"], ["head", "data", "fail"], ["head", "data", "end"]] == [sink.names for sink in replayed]
    assert [sink.calls[-1][1].code for sink in recorded[:2]] == [sink.calls[-1][1].code for sink in replayed[:2]]
    assert [sink.body for sink in recorded] == [sink.body for sink in replayed]


@pytest.mark.parametrize("may_block", [False, True])
@pytest.mark.parametrize("mode", ["all", "new_episodes"])
def test_a_streamed_body_is_sent_and_kept(tmp_path: Path, may_block: bool, mode: str):
    """A request body stream reaches the live route with its length, is kept whole and is closed once."""
    stream, live = Stream(b"streamed body", may_block=may_block, length=13), FakeLive(answer())
    with CassetteRoute(tmp_path / "a.yaml", mode, live=live) as route:
        get(route, method="POST", body=stream)
    assert ([b"streamed body"], 1) == (live.bodies, stream.closed)
    body = live.requests[0].body
    assert not isinstance(body, bytes)
    assert body is not None
    assert (13, may_block) == (body.length, may_block and body.may_block)
    assert b"streamed body" == files.load(tmp_path / "a.yaml").interactions[0].request.body


def test_the_file_keeps_the_order_of_the_requests(tmp_path: Path):
    """Two overlapping exchanges stand in the file in the order they were asked, not in which they ended."""
    class Slow(FakeLive):
        def open(self, request, sink):
            self.answers.append((request, sink))
            return self

    live = Slow()
    with CassetteRoute(tmp_path / "a.yaml", live=live) as route:
        get(route, URL + "/1")
        get(route, URL + "/2")
        for _, sink in reversed(live.answers):
            sink.head(ResponseHead(200, []))
            sink.end([])
    assert [URL + "/1", URL + "/2"] == [i.request.uri for i in files.load(tmp_path / "a.yaml").interactions]


def test_two_recordings_do_not_mix(tmp_path: Path):
    """Routes in one process, used by turns, keep their own interactions."""
    with (CassetteRoute(tmp_path / "a.yaml", live=FakeLive(answer(b"a"), answer(b"A"))) as one,
          CassetteRoute(tmp_path / "b.yaml", live=FakeLive(answer(b"b"))) as other):
        get(one)
        get(other)
        get(one)
    assert [[b"a", b"A"], [b"b"]] == [
        [i.response.body for i in files.load(tmp_path / name).interactions] for name in ("a.yaml", "b.yaml")
    ]


def test_save_writes_once_and_again_only_when_dirty(tmp_path: Path):
    """`save` writes what is new; with nothing new it leaves the file alone."""
    path = tmp_path / "a.yaml"
    route = CassetteRoute(path, live=FakeLive(answer(b"1"), answer(b"2")))
    get(route)
    route.save()
    path.unlink()
    route.close()
    assert not path.exists()
    get(route)
    route.close()
    assert 2 == len(files.load(path).interactions)


def test_the_live_channel_is_bound_only_to_record(tape, tmp_path: Path):
    """Replay binds no live channel; recording passes flush and close on to it."""
    live = FakeLive()
    channel = CassetteRoute(tape(), live=live).bind(None, FakeHost())
    channel.flush()
    channel.close()
    assert [] == live.calls
    channel = CassetteRoute(tmp_path / "new.yaml", live=live).bind(None, FakeHost())
    channel.flush()
    channel.close()
    assert ["bind", "flush", "close"] == live.calls


def test_many_threads_record_every_exchange(tmp_path: Path):
    """Eight threads over one route lose nothing, and eight over its replay play every interaction once."""
    def storm(route: CassetteRoute, into: list[bytes]) -> None:
        def run(thread: int) -> None:
            into.extend(get(route, f"{URL}/{number}").body for number in range(25))
        threads = [threading.Thread(target=run, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    class Echo(FakeLive):
        def open(self, request, sink):
            self.answers.append(answer(request.url.encode()))
            return super().open(request, sink)

    sent: list[bytes] = []
    with CassetteRoute(tmp_path / "a.yaml", live=Echo()) as route:
        storm(route, sent)
        assert 200 == route.recorded
    played: list[bytes] = []
    route = CassetteRoute(tmp_path / "a.yaml")
    storm(route, played)
    assert (200, []) == (route.played, route.misses)
    assert sorted(sent) == sorted(played)


# Replay --------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_answers_without_a_body_bring_no_data(tape, method: str, status: int):
    """HEAD, 204 and 304 deliver a head and an end, whatever the file holds."""
    recorded = item(b"never", method=method)
    recorded.response.status = status
    assert ["head", "end"] == get(CassetteRoute(tape(recorded)), method=method).names


def test_a_large_body_comes_in_pieces(tape):
    """A body comes in pieces of at most 128 KiB: the first before `open` returns, the others from the engine."""
    body = bytes(range(256)) * 1200
    host, sink = FakeHost(), RecordingSink()
    CassetteRoute(tape(item(body))).bind(None, host).open(Request("GET", URL, []), sink)
    assert ["head", "data"] == sink.names
    host.run()
    assert ["head", "data", "data", "data", "end"] == sink.names
    assert body == sink.body
    assert [PIECE, PIECE, len(body) - 2 * PIECE] == [len(call[1]) for call in sink.calls[1:-1]]


def test_pause_holds_the_rest_back(tape):
    """After `pause` no piece comes, whoever runs; `resume` goes on on the thread that calls it, also from within a piece."""
    body = b"x" * (PIECE * 3 + 1)
    host, sink = FakeHost(), RecordingSink()
    exchange = CassetteRoute(tape(item(body))).bind(None, host).open(Request("GET", URL, []), sink)
    exchange.pause()
    host.run()
    assert ["head", "data"] == sink.names
    sink.on_data = lambda: (exchange.pause(), exchange.pause())
    exchange.resume()
    assert ["head", "data", "data"] == sink.names
    sink.on_data = lambda: (exchange.pause(), exchange.resume())
    exchange.resume()
    assert ["head", "data", "data", "data", "data", "end"] == sink.names
    exchange.resume()
    assert body == sink.body
    assert 1 == sink.names.count("end")


def test_cancel_ends_at_once(tape):
    """After `cancel` nothing more comes, not even the end."""
    host, sink = FakeHost(), RecordingSink()
    exchange = CassetteRoute(tape(item(b"x" * PIECE * 3))).bind(None, host).open(Request("GET", URL, []), sink)
    exchange.cancel()
    host.run()
    exchange.resume()
    assert ["head", "data"] == sink.names


def test_a_finished_exchange_takes_every_call(tape):
    """The exchange of a small answer may be paused, resumed and cancelled without effect."""
    sink = get(CassetteRoute(tape(item(b"x"))))
    sink.exchange.pause()
    sink.exchange.resume()
    sink.exchange.cancel()
    assert ["head", "data", "end"] == sink.names


def test_the_sink_may_ask_again_from_its_end(tape):
    """No lock is held while a sink is called: the end of one answer may open the next exchange."""
    route = CassetteRoute(tape(item(b"1"), item(b"2")))
    sink = RecordingSink()
    sink.on_data = lambda: bodies.append(get(route).body)
    bodies: list[bytes] = []
    route.bind(None, FakeHost()).open(Request("GET", URL, []), sink)
    assert [b"2"] == bodies


def test_a_change_to_an_answer_stays_out_of_the_tape(tape):
    """Headers handed out are the receiver's own: changing them changes no later replay."""
    route = CassetteRoute(tape(item(b"1")), allow_playback_repeats=True)
    get(route).calls[0][1].headers.append(("X", "1"))
    assert [] == get(route).calls[0][1].headers


# Matching ------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("recorded", "asked"), [
    ("http://h/p?b=2&a=1", "http://h/p?a=1&b=2"), ("http://h", "http://h/"), ("http://h:80/", "http://h/#x"), ("https://h/", "https://h:443/"),
    ("http://H/p", "http://h/p"), ("http://h/?a=%20", "http://h/?a=+"), ("http://h/é", "http://h/%C3%A9"),
])
def test_urls_that_mean_the_same_match(tape, recorded: str, asked: str):
    """Order of the query, default ports, an empty path, the fragment and escapes do not keep a URL from matching."""
    assert b"x" == get(CassetteRoute(tape(item(b"x", recorded))), asked).body


@pytest.mark.parametrize(("field", "method", "url"), [
    ("method", "PUT", URL), ("scheme", "GET", "https://api.test:80/things"), ("host", "GET", "http://b.test/things"),
    ("port", "GET", "http://api.test:81/things"), ("path", "GET", "http://api.test/Things"), ("query", "GET", URL + "?a="),
])
def test_each_field_matters_unless_left_out(tape, field: str, method: str, url: str):
    """A request that differs in one field is a miss that names it, and a hit where match_on leaves that field out."""
    path = tape(item(b"x"))
    assert f"    {field}: asked " in str(get(CassetteRoute(path), url, method).missed)
    fields = [name for name in ("method", "scheme", "host", "port", "path", "query", "body") if name != field]
    assert b"x" == get(CassetteRoute(path, match_on=fields), url, method).body


@pytest.mark.parametrize(("kind", "bodies", "asked"), [
    ("application/json", [b'{"n": 1, "m": [1]}', b'{"n": 2}'], [b'{ "n":2}', b'{"m":[1],"n":1}']),
    ("application/vnd.api+json; charset=utf-8", [b"[1]", b"[2]"], [b"[ 2 ]", b"[1]"]),
    ("application/x-www-form-urlencoded", [b"a=1&b=+", b"a=2"], [b"a=2", b"b=%20&a=1"]),
    ("application/octet-stream", [b"\xff", b"\xfe"], [b"\xfe", b"\xff"]),
    ("application/json", [b"{broken", b"{"], [b"{", b"{broken"]),
    ("", [b"one", b"two"], [b"two", b"one"]),
])
def test_posts_to_one_url_get_their_own_answers(tape, kind: str, bodies: list[bytes], asked: list[bytes]):
    """Bodies are told apart by what they mean, in whatever order they are asked for."""
    first, second = bodies
    route = CassetteRoute(tape(item(b"first", URL, "POST", first, kind), item(b"second", URL, "POST", second, kind)))
    assert [b"second", b"first"] == [get(route, method="POST", body=body, kind=kind).body for body in asked]


def test_a_body_never_recorded_is_a_miss(tape):
    """A POST with a body that no recording has gets nobody else's answer, and the miss shows both bodies."""
    path = tape(item(b"x", method="POST", asked=b'{"n": 1}', kind="application/json"))
    message = str(get(CassetteRoute(path), method="POST", body=b'{"n": 2}', kind="application/json").missed)
    assert 'body: asked {"n": 2}, recorded {"n": 1}' in message
    assert b"x" == get(CassetteRoute(path, match_on=["method", "path"]), method="POST", body=b"other").body


def test_a_stream_that_can_be_read_is_matched_by_its_body(tape):
    """A stream that does not block is read, told as sent, matched by what it holds, and closed."""
    route = CassetteRoute(tape(item(b"1", method="PUT", asked=b"one"), item(b"2", method="PUT", asked=b"two")))
    stream = Stream(b"two")
    sink = get(route, method="PUT", body=stream)
    assert ([("sent", 3)], b"2", 1) == (sink.calls[:1], sink.body, stream.closed)


def test_a_stream_that_fails_fails_the_load(tape):
    """An error of a request's stream ends the load with it, and the stream is closed."""
    class Failing(Stream):
        def read(self, size: int) -> bytes:
            raise OSError("gone")

    stream, route = Failing(b""), CassetteRoute(tape(item(b"1", method="PUT")))
    sink = get(route, method="PUT", body=stream)
    assert ["fail"] == sink.names
    assert isinstance(sink.calls[0][1].user_info[UNDERLYING], OSError)
    assert (1, []) == (stream.closed, route.misses)


def test_equal_requests_are_played_in_file_order(tape):
    """Interactions that match alike are played in the order of the file, each once; with repeats the last goes on."""
    path = tape(item(b"1"), item(b"other", URL + "/2"), item(b"2"))
    route = CassetteRoute(path)
    assert [b"1", b"2"] == [get(route).body, get(route).body]
    assert "used up" in str(get(route).missed)
    route = CassetteRoute(path, allow_playback_repeats=True)
    assert [b"1", b"2", b"2", b"2"] == [get(route).body for _ in range(4)]


def test_asking_with_and_without_a_body_plays_nothing_twice(tape):
    """What one way of matching has played, the other does not play again."""
    route = CassetteRoute(tape(item(b"1", method="POST", asked=b"a"), item(b"2", method="POST", asked=b"b")))
    assert [b"2", b"1"] == [get(route, method="POST", body=b"b").body, get(route, method="POST", body=b"a").body]
    assert "used up" in str(get(route, method="POST", body=b"a").missed)


# Misses --------------------------------------------------------------------------------------------------------------

def test_a_miss_tells_all(tape):
    """A miss names request, file, mode, the nearest recording, each difference and the cure, and is kept on the route."""
    path = tape(item(b"x", "http://other.test/"), item(b"x", URL + "?page=1"), item(b"x", URL + "?page=1", "DELETE"))
    route = CassetteRoute(path)
    missed = get(route, URL + "?page=2").missed
    assert f"""\
no recorded answer for GET {URL}?page=2
  cassette: {path} (mode once, 3 recorded, 0 of them played)
  never recorded; nearest is number 2, GET {URL}?page=1:
    query: asked page=2, recorded page=1
  then number 3, DELETE {URL}?page=1:
    method: asked GET, recorded DELETE
    query: asked page=2, recorded page=1
  then number 1, GET http://other.test/:
    host: asked api.test, recorded other.test
    path: asked /things, recorded /
    query: asked page=2, recorded (none)
  to record it: mode="new_episodes" adds it, mode="all" records everything anew""" == str(missed)
    assert [missed] == route.misses


def test_a_used_up_answer_is_told_from_one_never_recorded(tape):
    """A request whose recordings were all played says so, with their places and the option that repeats them."""
    route = CassetteRoute(tape(item(b"x"), item(b"x")))
    get(route)
    get(route)
    message = str(get(route).missed)
    assert "used up: recorded 2 times, number 1, 2, and played as often" in message
    assert "allow_playback_repeats=True" in message


@pytest.mark.parametrize(("mode", "cure"), [
    ("none", 'mode="once" makes the file'), ("once", 'mode="once", live=...'), ("new_episodes", 'mode="new_episodes", live=...'),
    ("all", 'mode="all", live=...'),
])
def test_a_miss_without_a_file_names_its_own_cure(tmp_path: Path, mode: str, cure: str):
    """With no file, what would record depends on the mode."""
    assert cure in str(get(CassetteRoute(tmp_path / "a.yaml", mode)).missed)


def test_all_without_a_live_route_says_that_it_replays_nothing(tape):
    """In mode "all" even a recorded request is a miss without a live route, and the miss says why."""
    message = str(get(CassetteRoute(tape(item(b"x")), "all")).missed)
    assert "this mode replays nothing" in message
    assert "live=..." in message


def test_a_url_that_cannot_be_split_is_a_miss(tape):
    """A URL with a port that is no number matches nothing, and breaks nothing."""
    assert "no recorded answer for GET http://h:x/" in str(get(CassetteRoute(tape(item(b"x"))), "http://h:x/").missed)


def test_a_long_body_is_cut_and_a_binary_one_shown_in_hex(tape):
    """A miss shows no more of a body than a reader needs."""
    route = CassetteRoute(tape(item(b"x", method="POST", asked=b"\xff" * 900)))
    message = str(get(route, method="POST", body=b"a" * 900).missed)
    assert "a" * 200 + "… (900 characters), recorded 900 bytes beginning ff ff" in message
    assert "a" * 201 not in message


# What it says of itself ------------------------------------------------------------------------------------------------

def test_its_options_can_be_read_again(tape):
    """What it was made with, and what it found."""
    route = CassetteRoute(tape(item(b"1")), "none", max_age=60, on_expiry="fail", allow_playback_repeats=True, trim=True, speed=2.0)
    assert (60, OnExpiry.FAIL, True, True, 2.0) == (route.max_age, route.on_expiry, route.allow_playback_repeats, route.trim, route.speed)
    assert (True, True, False, [0]) == (route.found, route.replays, route.records, route.unplayed)
    assert bool(CassetteRoute(tape(), "none"))


@pytest.mark.parametrize("options", [{"trim": True}, {"mode": "new_episodes", "live": FakeLive()},
                                     {"max_age": 1, "on_expiry": "rerecord", "live": FakeLive()}])
def test_a_file_of_another_recorder_is_not_written_over(tmp_path: Path, options):
    """It is replayed as it is; whatever would write into it is refused at once."""
    path = tmp_path / "a.json"
    path.write_text('{"http_interactions": [], "recorded_with": "VCR 6.0.0"}')
    with pytest.raises(CassetteError, match="a file of Ruby VCR is replayed, not recorded into; convert it first"):
        CassetteRoute(path, **{"mode": "none", **options})
    assert 0 == len(CassetteRoute(path, "none"))
