"""Checks as they run: side by side or alone, within their time, and what is kept of them."""

import asyncio

from core.calls.checks.checkup import Check, Checkup
from core.model.check import CheckState, Finding, ServerCheck
from core.model.clock import SystemClock
from core.model.errors import DiskFull
from core.model.message import Message
from tests.fakes.clock import ManualClock

GOOD = Finding(CheckState.GOOD, (Message("It is well."),))


def states(checkup: Checkup) -> dict[str, CheckState]:
    return {result.id: result.finding.state for result in checkup.report.results}


async def finished(checkup: Checkup) -> None:
    async with asyncio.timeout(10):
        await asyncio.gather(*(task for task in asyncio.all_tasks() if task.get_name() == "doctor-run"))
    assert not checkup.report.is_running


def check(kind: ServerCheck, run: object, *, limit_s: float = 5.0, is_alone: bool = False, subject: str = "") -> Check:
    return Check(kind, run, limit_s, subject, is_alone)


async def test_checks_run_side_by_side_but_those_that_measure_alone() -> None:
    running: set[str] = set()
    together: list[set[str]] = []
    gate = asyncio.Event()

    def watched(name: str) -> object:
        async def run() -> Finding:
            running.add(name)
            together.append(set(running))
            if name in "ab":
                await gate.wait()
            else:
                await asyncio.sleep(0)
            running.discard(name)
            return GOOD

        return run

    checkup = Checkup(
        [
            check(ServerCheck.STUN, watched("a")),
            check(ServerCheck.LOOPBACK, watched("c"), is_alone=True),
            check(ServerCheck.DISK, watched("b")),
            check(ServerCheck.SPEECH, watched("d"), is_alone=True),
        ],
        SystemClock(),
    )
    assert set(states(checkup).values()) == {CheckState.NOT_RUN}
    checkup.start()
    assert set(states(checkup).values()) == {CheckState.RUNNING}
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert running == {"a", "b"}
    gate.set()
    await finished(checkup)
    assert together == [{"a"}, {"a", "b"}, {"c"}, {"d"}]
    assert set(states(checkup).values()) == {CheckState.GOOD}


async def test_one_run_at_a_time_and_one_check_alone_leaves_the_others_results() -> None:
    runs: list[str] = []
    clock = ManualClock()

    def counted(name: str) -> object:
        async def run() -> Finding:
            runs.append(name)
            clock.advance(2.0)
            await asyncio.sleep(0)
            return GOOD

        return run

    checkup = Checkup([check(ServerCheck.DISK, counted("disk")), check(ServerCheck.CLOCK, counted("clock"))], clock)
    checkup.start()
    checkup.start()
    await finished(checkup)
    assert runs == ["disk", "clock"]
    ended = {result.id: result.ended_at for result in checkup.report.results}
    clock.advance(60.0)
    checkup.start({"clock"})
    assert states(checkup) == {"disk": CheckState.GOOD, "clock": CheckState.RUNNING}
    await finished(checkup)
    assert runs == ["disk", "clock", "clock"]
    disk, other = checkup.report.results
    assert disk.ended_at == ended["disk"]
    assert (other.took_s, other.ended_at) == (2.0, clock.wall())
    checkup.start({"no such check"})
    assert not checkup.report.is_running


async def test_what_hangs_raises_or_breaks_is_a_finding_of_its_own() -> None:
    async def hangs() -> Finding:
        await asyncio.Event().wait()
        return GOOD

    async def raises() -> Finding:
        raise DiskFull(path="data")

    async def breaks() -> Finding:
        raise KeyError("no word of this is shown")

    checkup = Checkup(
        [
            check(ServerCheck.MODEL, hangs, limit_s=0.01),
            check(ServerCheck.DISK, raises),
            check(ServerCheck.CLOCK, breaks),
            check(ServerCheck.STUN, hangs, limit_s=0.01, subject="stun:a"),
        ],
        SystemClock(),
    )
    checkup.start()
    await finished(checkup)
    assert set(states(checkup).values()) == {CheckState.FAILED}
    told = {result.id: " ".join(map(str, result.finding.found)) for result in checkup.report.results}
    assert told["model"] == "It gave no result within 0 s."
    assert told["disk"].startswith("The disk of data is full") or "full" in told["disk"]
    assert "KeyError" in told["clock"]
    assert "no word" not in told["clock"]
    assert "stun:stun:a" in told


async def test_a_run_ends_with_the_server() -> None:
    ended = asyncio.Event()

    async def hangs() -> Finding:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return GOOD

    checkup = Checkup([check(ServerCheck.MODEL, hangs)], SystemClock())
    checkup.start()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await checkup.close()
    await checkup.close()
    assert ended.is_set()
