"""The Doctor as pages and routes know it: checks of the server, and what a browser needs for its own."""

from collections.abc import Callable, Collection

from core.calls.checks.checkup import Checkup
from core.calls.checks.trial_calls import TrialCalls
from core.calls.loop import RunOnCalls
from core.media.ice import IceConfiguration
from core.model.check import CheckReport, TrialAnswers

TRIAL_TIMEOUT_S = 12.0
COMMAND_TIMEOUT_S = 5.0


class Doctor:
    """Any thread but the calls loop's. Running calls are not touched: trials belong to no call."""

    def __init__(
        self,
        checkup: Checkup,
        trials: TrialCalls,
        calls: RunOnCalls,
        browser_ice: Callable[[], IceConfiguration],
    ) -> None:
        """`browser_ice` gives the browser's STUN and TURN servers, with credentials that are good from now on."""
        self._checkup = checkup
        self._trials = trials
        self._calls = calls
        self._browser_ice = browser_ice

    def report(self) -> CheckReport:
        """What the last run of each check of the server has found, or that it goes on."""
        return self._checkup.report

    def start(self, ids: Collection[str] = ()) -> CheckReport:
        """Begin to run these checks, or all; nothing happens while another run goes on."""

        async def begin() -> None:
            self._checkup.start(ids)

        self._calls.wait(begin, COMMAND_TIMEOUT_S)
        return self._checkup.report

    def ice(self) -> IceConfiguration:
        """The browser's STUN and TURN servers."""
        return self._browser_ice()

    def connect(self, whose: str, speaking: str, hearing: str) -> TrialAnswers:
        """Begin a trial call for one browser, which ends by itself. Raises TrialsBusy, MediaError."""
        return self._calls.wait(lambda: self._trials.connect(whose, speaking, hearing), TRIAL_TIMEOUT_S)

    def end(self, whose: str) -> None:
        """End somebody's trial call; returns at once."""
        self._calls.post(lambda: self._trials.end(whose))
