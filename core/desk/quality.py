"""How calls sounded: all that was measured of them, as far as a person may see it."""

from core.calls.measures import CallMeasures, measures_without_listeners
from core.desk.calls import CallsDesk
from core.model.call import CallId


class QualityDesk(CallsDesk):
    """The figures of calls."""

    def quality(self, call_id: CallId, window_s: tuple[float, float] | None = None) -> CallMeasures:
        """All that was measured of a call, or what was between two times on its clock. Blocking, for the disk.

        The picture of an ended call in a window says nothing of its quality. Raises CallNotFound.
        """
        self._seen(call_id)
        measures = self._backend.measures(call_id, window_s)
        return measures_without_listeners(measures) if self._is_kept_from_listeners else measures
