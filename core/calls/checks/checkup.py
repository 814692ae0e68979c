"""Runs the server's checks, and keeps what the last run of each has found."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace

from core.model.check import NOT_RUN, CheckReport, CheckResult, CheckState, Finding, ServerCheck
from core.model.clock import Clock
from core.model.errors import EarshotError
from core.model.message import Message

logger = logging.getLogger(__name__)

RUNNING = Finding(CheckState.RUNNING, ())


@dataclass(frozen=True, slots=True)
class Check:
    """Something that can be checked."""

    check: ServerCheck
    run: Callable[[], Awaitable[Finding]]
    """Called on the calls loop, which it must not block. What it raises of the error tree is a finding, too."""
    limit_s: float
    """It is given up after this long."""
    subject: str = ""
    is_alone: bool = False
    """Whether it measures times that others at the same moment would spoil."""

    @property
    def id(self) -> str:
        """Names it among all checks."""
        return f"{self.check.value}:{self.subject}" if self.subject else self.check.value


class Checkup:
    """One run at a time. Lives on the calls loop; `report` may be read from any thread."""

    def __init__(self, checks: Sequence[Check], clock: Clock) -> None:
        self._checks = tuple(checks)
        self._clock = clock
        self._results = {each.id: CheckResult(each.id, each.check, each.subject, NOT_RUN) for each in checks}
        self._running: asyncio.Task[None] | None = None

    @property
    def report(self) -> CheckReport:
        """What the last run of each check has found, or that it goes on."""
        return CheckReport(tuple(self._results.values()))

    def start(self, ids: Collection[str] = ()) -> None:
        """Begin a run of the checks with these ids, or of all; nothing happens while another run goes on."""
        chosen = [each for each in self._checks if not ids or each.id in ids]
        if not chosen or self.report.is_running:
            return
        for each in chosen:
            self._results[each.id] = replace(self._results[each.id], finding=RUNNING)
        self._running = asyncio.create_task(self._run(chosen), name="doctor-run")

    async def _run(self, chosen: Sequence[Check]) -> None:
        await asyncio.gather(*(self._one(each) for each in chosen if not each.is_alone))
        for each in chosen:
            if each.is_alone:
                await self._one(each)

    async def _one(self, check: Check) -> None:
        began_s = self._clock.monotonic()
        try:
            async with asyncio.timeout(check.limit_s):
                finding = await check.run()
        except TimeoutError:
            limit = {"seconds": f"{check.limit_s:.0f}"}
            finding = Finding(CheckState.FAILED, (Message("It gave no result within {seconds} s.", limit),))
        except EarshotError as error:
            finding = Finding(CheckState.FAILED, (error,))
        except Exception as error:
            # A fault of the check itself is shown as such: its row must not stay at "running" for ever.
            logger.exception("the check %s broke off", check.id)
            broken = Message("The check itself broke off ({kind}). The server's log has more.", {"kind": _kind(error)})
            finding = Finding(CheckState.FAILED, (broken,))
        self._results[check.id] = replace(
            self._results[check.id],
            finding=finding,
            took_s=self._clock.monotonic() - began_s,
            ended_at=self._clock.wall(),
        )

    async def close(self) -> None:
        """End a run that goes on; idempotent."""
        running, self._running = self._running, None
        if running is not None:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


def _kind(error: Exception) -> str:
    return type(error).__name__
