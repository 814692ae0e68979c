"""The Doctor: what anybody who talks in calls may check of the own browser, and what others may of the server."""

from collections.abc import Collection

from core.desk.person import PersonDesk
from core.media.ice import IceConfiguration
from core.model.access import Right
from core.model.check import CheckReport, TrialAnswers


class DoctorDesk(PersonDesk):
    """Checks before a call."""

    def doctor_token(self) -> str:
        """A token for the page's own requests."""
        self.require(Right.SEE_OWN_CALLS)
        return self._backend.tokens.doctor_token(self.person)

    def check_report(self) -> CheckReport:
        """What the checks of the server have found."""
        self.require(Right.SEE_SERVER)
        return self._backend.doctor.report()

    def run_checks(self, ids: Collection[str] = ()) -> CheckReport:
        """Run these checks of the server, or all; nothing happens while a run goes on."""
        self.require(Right.SEE_SERVER)
        return self._backend.doctor.start(ids)

    def trial_ice(self) -> IceConfiguration:
        """The STUN and TURN servers that this person's browser uses in calls, with credentials."""
        self.require(Right.TALK)
        return self._backend.doctor.ice()

    def connect_trial(self, speaking: str, hearing: str) -> TrialAnswers:
        """Begin a trial call, in which a browser hears on one leg what it says on the other.

        Blocking, some seconds. Raises TrialsBusy, MediaError.
        """
        self.require(Right.TALK)
        return self._backend.doctor.connect(self.person.id, speaking, hearing)

    def end_trial(self) -> None:
        """End one's own trial call; returns at once."""
        self.require(Right.TALK)
        self._backend.doctor.end(self.person.id)
