"""The engine in processes of their own: interrupts, forks, exits, and what is left behind."""
from __future__ import annotations

import pytest

from tests.engine.server import run_program

START = """
import asyncio, os, signal, sys, threading, time
import sessionmock as sm
from sessionmock.engine import event_loop, loop
signal.signal(signal.SIGINT, signal.default_int_handler)     # as in a terminal: a shell's background job ignores it
url = sys.argv[1]
loop.policy = sys.argv[2]
configuration = sm.URLSessionConfiguration.ephemeral()
def interrupt_after(seconds):
    threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT)).start()
def wait_for(condition, seconds=10):
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "it has not happened"
        time.sleep(0.005)
"""
POLICIES = pytest.mark.parametrize("policy", ["waiter", "background"])


def run(program: str, server: str, policy: str = "waiter", *more: str, **environment: str) -> list[str]:
    return run_program(START + program, server, policy, *more, **environment).splitlines()


# interrupts -------------------------------------------------------------------------------------------------------

@POLICIES
def test_an_interrupt_cancels_the_load_that_the_main_thread_waits_for(server: str, policy: str) -> None:
    """KeyboardInterrupt comes out of `.result()`, its task ends with -999, and loads of other threads are not touched."""
    assert ["interrupted", "-999", "b'/slow/0.4'"] == run("""
with sm.URLSession(configuration) as session:
    others = []
    other = threading.Thread(target=lambda: others.append(session.data(url + "/slow/0.4").result()[0]))
    other.start()
    mine = session.data(url + "/hang")
    interrupt_after(0.1)
    try:
        mine.result()
    except KeyboardInterrupt:
        print("interrupted")
    wait_for(mine.done)
    print(int(mine.task.error.code))
    other.join()
    print(others[0])
""", server, policy)


def test_the_handler_is_put_back_with_the_last_session(server: str) -> None:
    """While sessions live SIGINT is ours; when the last one is invalid, the handler that was there is back."""
    assert ["False", "False", "True"] == run("""
first, second = sm.URLSession(configuration), sm.URLSession(configuration)
first.data(url + "/fast").result()
for session in (None, first, second):
    if session is not None:
        with session:
            pass
    print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)
""", server)


def test_the_handler_is_put_back_where_the_end_comes_on_another_thread(server: str) -> None:
    """The delegate hears of the end on its queue's thread, which may not set handlers: the waiting main thread does."""
    assert ["True"] == run("""
class Delegate:
    def session_did_become_invalid(self, session, error): pass
with sm.URLSession(configuration, Delegate()) as session:
    session.data(url + "/fast").result()
print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)
""", server)


def test_asyncios_own_handling_of_interrupts_is_intact_afterwards(server: str) -> None:
    """asyncio.run cancels its main task at SIGINT, as it does where no session ever was."""
    assert ["cancelled", "interrupted"] == run("""
with sm.URLSession(configuration) as session:
    session.data(url + "/fast").result()
async def main():
    interrupt_after(0.1)
    try:
        await asyncio.sleep(10)
    except asyncio.CancelledError:
        print("cancelled")
        raise
try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("interrupted")
""", server)


def test_a_handler_of_the_users_own_is_called_and_the_wait_goes_on(server: str) -> None:
    """A handler that does not raise hears of each signal on the main thread; `.result()` returns its answer."""
    assert ["SIGINT on MainThread", "b'/slow/0.3'"] == run("""
signal.signal(signal.SIGINT, lambda number, frame: print(signal.Signals(number).name, "on", threading.current_thread().name))
with sm.URLSession(configuration) as session:
    interrupt_after(0.1)
    print(session.data(url + "/slow/0.3").result()[0])
""", server)


def test_a_handler_may_call_the_one_that_it_found(server: str) -> None:
    """A handler set between two waits that goes on to the one before it, ours, reaches the one that was there at first."""
    assert ["mine", "interrupted", "mine", "interrupted outside"] == run("""
session = sm.URLSession(configuration)
session.data(url + "/fast").result()
found = signal.getsignal(signal.SIGINT)
def mine(number, frame):
    print("mine")
    found(number, frame)
signal.signal(signal.SIGINT, mine)
interrupt_after(0.1)
try:
    session.data(url + "/hang").result()
except KeyboardInterrupt:
    print("interrupted")
try:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(10)
except KeyboardInterrupt:
    print("interrupted outside")
session.invalidate_and_cancel()
""", server)


def test_an_interrupt_of_a_session_that_waits_for_its_end_cancels_its_tasks(server: str) -> None:
    """Ctrl-C while leaving `with` waits: nobody wants what the tasks would bring."""
    assert ["interrupted", "-999"] == run("""
interrupt_after(0.1)
try:
    with sm.URLSession(configuration) as session:
        load = session.data(url + "/hang")
except KeyboardInterrupt:
    print("interrupted")
wait_for(load.done)
print(int(load.task.error.code))
""", server)


def test_an_interrupt_ends_the_running_of_the_main_queue(server: str) -> None:
    """Ctrl-C in an operation comes out of `OperationQueue.main.run()`, though no wait is on the stack."""
    assert ["KeyboardInterrupt in an operation", "interrupted"] == run("""
threading.excepthook = lambda arguments: print(arguments.exc_type.__name__, "in an operation")
sm.OperationQueue.main.add_operation(lambda: time.sleep(10))
interrupt_after(0.1)
try:
    sm.OperationQueue.main.run()
except KeyboardInterrupt:
    print("interrupted")
""", server)


def test_an_interrupt_reaches_an_operation_on_the_main_thread_and_then_the_wait(server: str) -> None:
    """A delegate's callback on OperationQueue.main can be interrupted, and so is the `.result()` that ran it."""
    assert ["callback interrupted", "result interrupted", "[-1]"] == run("""
threading.excepthook = lambda arguments: None
class Delegate:
    def session_did_create_task(self, session, task):
        tasks.append(task)
    def data_task_did_receive_response(self, session, task, response):
        interrupt_after(0.1)
        try:
            time.sleep(10)
        except KeyboardInterrupt:
            print("callback interrupted")
            raise
tasks = []
with sm.URLSession(configuration, Delegate(), sm.OperationQueue.main) as session, sm.URLSession(configuration) as other:
    session.data_task(url + "/fast").resume()
    try:
        other.data(url + "/slow/0.5").result()
    except KeyboardInterrupt:
        print("result interrupted")
    wait_for(lambda: tasks[0].error)
    print([int(task.error.code) for task in tasks])
""", server)


@pytest.mark.parametrize("name", ["SIGALRM", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"])
def test_a_foreign_handler_keeps_the_main_thread_from_driving(server: str, name: str) -> None:
    """A handler that raises (pytest-timeout's for SIGALRM) comes out of `.result()`; the background thread drives on."""
    assert ["alarm", "sessionmock-engine", "b'/slow/0.3'"] == run("""
class Alarm(BaseException): pass
def ring(*_): raise Alarm
number = getattr(signal, sys.argv[3])
signal.signal(number, ring)
with sm.URLSession(configuration) as session:
    loading = session.data(url + "/slow/0.3")
    threading.Timer(0.1, os.kill, (os.getpid(), number)).start()
    try:
        loading.result()
    except Alarm:
        print("alarm")
    print(*{thread.name for thread in threading.enumerate() if thread.ident == loop.engine._thread})
    signal.signal(number, signal.SIG_DFL)
    print(loading.result()[0])
""", server, "waiter", name)


# forks --------------------------------------------------------------------------------------------------------------

@POLICIES
def test_a_fork_with_tasks_in_flight(server: str, policy: str) -> None:
    """The parent's tasks finish; the child's copies end with -1005, and a new task works there, in the same session."""
    assert ["child [-1005, -1005, -1005] b'/fast/child'", "parent 0 [b'/slow/0.3', b'/slow/0.3', b'/slow/0.3'] b'/fast/parent'"] == run("""
session = sm.URLSession(configuration)
session.data(url + "/fast").result()
loads = [session.data(url + "/slow/0.3") for _ in range(3)]
wait_for(lambda: loop.engine._live == 3)
child = os.fork()
if not child:
    codes = []
    for load in loads:
        try:
            load.result(10)
        except sm.URLError as error:
            codes.append(int(error.code))
    print("child", codes, session.data(url + "/fast/child").result(10)[0], flush=True)
    with session:
        pass
    sys.exit()
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print("parent", status, [load.result(10)[0] for load in loads], session.data(url + "/fast/parent").result(10)[0])
with session:
    pass
""", server, policy)


def test_a_fork_with_a_download_in_flight(server: str) -> None:
    """The child's copy ends with -1005 and leaves the file alone, which the parent goes on writing."""
    assert ["child -1005 None", "parent 0 30720"] == run("""
session = sm.URLSession(configuration)
load = session.download(url + "/drip/30/0.01")
wait_for(lambda: load.task.count_of_bytes_received > 0)
child = os.fork()
if not child:
    try:
        load.result(10)
    except sm.URLError as error:
        print("child", int(error.code), error.download_task_resume_data, flush=True)
    os._exit(0)
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
path = load.result(10)[0]
print("parent", status, path.stat().st_size)
path.unlink()
with session:
    pass
""", server)


def test_a_fork_while_trio_waits(server: str) -> None:
    """A lock of trio's that another thread holds at the fork keeps the child from nothing."""
    assert ["child b'/fast/child'", "parent 0 b'/slow/0.3'"] == run("""
import trio
session = sm.URLSession(configuration)
answers, tokens = [], []
async def main():
    tokens.append(trio.lowlevel.current_trio_token())
    answers.append((await session.data(url + "/slow/0.3"))[0])
thread = threading.Thread(target=trio.run, args=(main,))
thread.start()
wait_for(lambda: loop.engine._live == 1)
held, let_go = threading.Event(), threading.Event()
def hold():
    with tokens[0]._reentry_queue.lock:
        held.set()
        let_go.wait(10)
holder = threading.Thread(target=hold)
holder.start()
held.wait(10)
child = os.fork()
if not child:
    with sm.URLSession(configuration) as other:
        print("child", other.data(url + "/fast/child").result(5)[0], flush=True)
    os._exit(0)
let_go.set()
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
thread.join()
holder.join()
print("parent", status, answers[0])
with session:
    pass
""", server)


def test_a_child_that_ends_disturbs_the_parents_loop_by_nothing(server: str) -> None:
    """The child shares the parent's epoll set: when its copy of the loop is closed, the parent's wake-ups still come."""
    assert ["b'/fast/0'", "b'/fast/1'", "b'/fast/2'"] == run("""
session = sm.URLSession(configuration)
session.data(url + "/fast").result()
for n in range(3):
    child = os.fork()
    if not child:
        inherited = event_loop._graveyard[-1]
        inherited.is_running() or inherited.close()      # as its finalizer would
        sys.exit()
    assert not os.waitpid(child, 0)[1]
    done = threading.Event()
    results = []
    session.data_task(f"{url}/fast/{n}", lambda data, response, error: (results.append(data), done.set())).resume()
    assert done.wait(10)
    print(results[0])
with session:
    pass
""", server, PYTHONWARNINGS="error,ignore::ResourceWarning")


def test_a_fork_with_callbacks_on_their_way(server: str) -> None:
    """What the parent's queue has not delivered is the parent's to deliver: in the child such sessions end without it."""
    assert ["child completed", "parent [b'/fast', b'/fast', 'invalid']"] == run("""
gate = threading.Event()
told = []
class Delegate:
    def session_did_become_invalid(self, session, error):
        told.append("invalid")
session, ending = sm.URLSession(configuration), sm.URLSession(configuration, Delegate(), sm.OperationQueue())
for each in (session, ending):
    each.get_all_tasks(lambda tasks: gate.wait(10))
tasks = [session.data_task(url + "/fast", lambda data, *_: told.append(data)) for _ in range(2)]
for task in tasks:
    task.resume()
ending.finish_tasks_and_invalidate()
wait_for(lambda: all(task._life.inbox.machine.phase.name == "COMPLETING" for task in tasks))
child = os.fork()
if not child:
    with session, ending:
        pass
    print("child", *told, *{task.state.name.lower() for task in tasks}, flush=True)
    sys.exit()
assert not os.waitpid(child, 0)[1]
gate.set()
with session, ending:
    pass
print("parent", sorted(told, key=str))
""", server)


def test_multiprocessing_spawn_with_tasks_in_flight(server: str) -> None:
    """A spawned process imports the library anew and loads; the parent's task goes on."""
    assert ["child 200", "parent b'/slow/0.5'"] == run("""
import multiprocessing
from tests.engine.spawned import load
with sm.URLSession(configuration) as session:
    loading = session.data(url + "/slow/0.5")
    child = multiprocessing.get_context("spawn").Process(target=load, args=(url + "/fast",))
    child.start()
    child.join()
    print("parent", loading.result()[0])
""", server)


# exits --------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("left", [
    "sm.URLSession(configuration)",
    "session = sm.URLSession(configuration); session.data(url + '/fast').result()",
    "session = sm.URLSession(configuration); load = session.data(url + '/hang'); wait_for(lambda: loop.engine._live)",
    "session = sm.URLSession(configuration); session.data_task(url + '/hang', print).resume(); wait_for(lambda: loop.engine._live)",
])
def test_what_is_left_open_delays_the_exit_by_nothing(server: str, left: str) -> None:
    """A session left open, a task in flight, a background thread: the interpreter ends as soon as it would without."""
    printed = run(f"""
import atexit
{left}
began = time.monotonic()
class Last:
    def __del__(self, monotonic=time.monotonic, write=os.write):
        write(1, b"%d" % (1000 * (monotonic() - began)))
sys.last_of_all = Last()
""", server, PYTHONWARNINGS="error,ignore::ResourceWarning")
    assert int(printed[0]) < 800      # milliseconds; nothing to wait for takes a second or more


# nothing left behind ------------------------------------------------------------------------------------------------

@POLICIES
def test_nothing_is_left_behind(server: str, policy: str) -> None:
    """After the last session and the lingers no thread, socket, descriptor, asyncio task or handler of ours remains."""
    assert ["{'MainThread'}", "set()", "[]", "True", "{}"] == run("""
import gc
def descriptors():
    return {(name, os.readlink(f"/proc/self/fd/{name}")) for name in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{name}")}
before = descriptors()
class Delegate:
    def data_task_did_receive_data(self, session, task, data): pass
    async def task_did_complete(self, session, task, error): pass
async def awaited():
    async with sm.URLSession(configuration) as session:
        await asyncio.gather(*(session.data(f"{url}/fast/{n}").run() for n in range(8)))
with sm.URLSession(configuration, Delegate()) as session, sm.URLSession(configuration) as other:
    for n in range(8):
        session.data_task(f"{url}/fast/{n}").resume()
    for n in range(2):
        other.data_task(f"{url}/hang").resume()
    other.data(url + "/fast").result()
    other.download(url + "/fast").result()[0].unlink()
    other.data(url.replace("127.0.0.1", "localhost") + "/fast").result()
    asyncio.run(awaited())
    other.invalidate_and_cancel()
del session, other
wait_for(lambda: threading.active_count() == 1, 5)
gc.collect()
print({thread.name for thread in threading.enumerate()})
print({entry for entry in descriptors() - before if "/proc/" not in entry[1]})
print([kept for kept in gc.get_objects() if isinstance(kept, (asyncio.Task, asyncio.BaseTransport))
       or (isinstance(kept, asyncio.AbstractEventLoop) and not kept.is_closed())])
print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)
from sessionmock import registry
print(registry.sessions)
""", server, policy)


# asyncio's debug mode ------------------------------------------------------------------------------------------------

@POLICIES
def test_a_mix_of_everything_in_asyncios_debug_mode(server: str, policy: str) -> None:
    """asyncio checks there that its loop is used by the thread that runs it: never another one."""
    assert ["7 answers, 3 handlers, 2 errors"] == run("""
import logging
logging.getLogger("asyncio").setLevel(logging.ERROR)      # how slow the machine is, it tells by warnings
answers, handlers, errors = [], [], []
def load(path, limit=None):
    try:
        answers.append(session.data(url + path).result(limit))
    except (sm.URLError, TimeoutError) as error:
        errors.append(error)
async def awaited():
    answers.append(await session.data(url + "/fast"))
    try:
        await asyncio.wait_for(session.data(url + "/hang").run(), 0.05)
    except TimeoutError as error:
        errors.append(error)
with sm.URLSession(configuration) as session:
    threads = [threading.Thread(target=load, args=(path,)) for path in ("/slow/0.1", "/fast", "/closing", "/drip/3/0.02")]
    for thread in threads:
        thread.start()
    for n in range(3):
        session.data_task(f"{url}/fast/{n}", lambda *outcome: handlers.append(outcome)).resume()
    load("/fast")
    load("/slow/0.15")
    load("/hang", 0.05)
    asyncio.run(awaited())
    for thread in threads:
        thread.join()
    session.invalidate_and_cancel()
print(f"{len(answers)} answers, {len(handlers)} handlers, {len(errors)} errors")
""", server, policy, PYTHONASYNCIODEBUG="1")
