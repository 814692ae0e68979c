"""Many calls at once, for those who may see all of them."""

from core.desk.person import PersonDesk
from core.model.access import Right
from core.quality.fleet import Fleet


class FleetDesk(PersonDesk):
    """Figures over all calls that have ended; listeners are not among them."""

    def fleet(self) -> Fleet:
        """Whom to ask about many calls."""
        self.require(Right.SEE_ALL_CALLS)
        return self._backend.fleet
