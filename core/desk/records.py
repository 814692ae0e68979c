"""What is kept of calls: read, corrected, wrapped up, measured, taken along, deleted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from core.calls.archive import Export
from core.calls.costs import Prices
from core.calls.export import ExportFormat
from core.calls.questions import AnswerReport
from core.calls.wrap_ups import WrapUpReport
from core.desk.calls import CallsDesk
from core.model.access import Right
from core.model.archive import CallQuery
from core.model.audit import AuditAction
from core.model.call import Call, CallId, CallState, Language
from core.model.cost import Cost
from core.model.errors import CallRunning
from core.model.turn_trace import Paint, TurnRecord
from core.model.utterance import Utterance
from core.model.wrap_up import WrapUp, WrapUpText

MOST_TURN_CALLS = 200
"""Calls whose turns are looked at together."""


class RecordsDesk(CallsDesk):
    """Records of calls, and questions about them."""

    def correct(self, call_id: CallId, utterance_id: str, text: str) -> Utterance:
        """Let an utterance read differently; the original is kept. Raises CallError, TextInvalid."""
        self.require(Right.CORRECT, call_id)
        self._seen(call_id)
        corrected = self._backend.correct(call_id, utterance_id, text, self.person.name)
        self._write(AuditAction.CORRECTED, call_id, utterance=utterance_id)
        return corrected

    def ask(self, call_id: CallId, question: str) -> AnswerReport:
        """Ask something about a call so far. Blocking, as long as the language model takes.

        Raises CallNotFound, QuestionInvalid, QuestionsBusy.
        """
        return self._backend.ask(self.snapshot(call_id), question)

    def wrap_up(self, call_id: CallId) -> WrapUpReport:
        """The record of a call that is over. Raises CallNotFound."""
        self._seen(call_id)
        return self._backend.wrap_up(call_id)

    def call_types(self, language: Language) -> Sequence[str]:
        """What the type of a call in a language is chosen from."""
        return self._backend.call_types(language)

    def draft_wrap_up(self, call_id: CallId) -> None:
        """Have a wrap-up drafted (again) from what was said; returns at once. Raises CallNotFound, CallRunning."""
        self.require(Right.WRAP_UP, call_id)
        if self._seen(call_id).state is not CallState.ENDED:
            raise CallRunning(call_id=call_id)
        self._backend.draft_wrap_up(call_id)

    def is_wrap_up_due(self, call_id: CallId) -> bool:
        """Whether a wrap-up's draft is being written, cheaply."""
        self.require(Right.SEE_OWN_CALLS)
        return self._backend.is_wrap_up_due(call_id)

    def file_wrap_up(self, call_id: CallId, text: WrapUpText) -> WrapUp:
        """File the record of a call for good; its draft is kept beside it.

        Raises CallNotFound, CallRunning, WrapUpFiled.
        """
        self.require(Right.WRAP_UP, call_id)
        self._seen(call_id)
        filed = self._backend.file_wrap_up(call_id, text, self.person.name)
        self._write(AuditAction.WRAP_UP_FILED, call_id)
        return filed

    def found_turns(self, query: CallQuery) -> tuple[tuple[Call, TurnRecord], ...]:
        """The newest of the calls that fit a query and that this person may see, each with its turns."""
        page = self.search(replace(query, limit=MOST_TURN_CALLS, offset=0))
        calls = tuple(found.call for found in page.calls)
        return tuple(zip(calls, self._backend.turn_records([call.id for call in calls]), strict=True))

    def turns(self, call_id: CallId) -> TurnRecord:
        """What is kept of the turns of a call, a running one up to a second ago. Raises CallNotFound."""
        self._seen(call_id)
        (record,) = self._backend.turn_records([call_id])
        return record

    def costs(self, calls: Iterable[Call]) -> Mapping[CallId, Cost]:
        """What each of these calls cost, as far as this person may see them."""
        self.require(Right.SEE_OWN_CALLS)
        records = self._backend.used_in([call.id for call in calls if self._may_see(call)])
        return {record.call_id: self.prices.cost_of(record) for record in records}

    @property
    def prices(self) -> Prices:
        """The table of prices in force."""
        return self._backend.prices

    def painted(self, call_id: CallId, paints: Sequence[Paint]) -> None:
        """This person's page has painted something, just now. Raises CallNotFound, CallEnded."""
        self._seen(call_id)
        self._backend.painted(call_id, paints)

    def export(self, call_id: CallId, kind: ExportFormat, locale: str = "en") -> Export:
        """A call as a file; `locale` is the language of a report. Raises CallNotFound."""
        self.require(Right.EXPORT, call_id)
        self._seen(call_id)
        export = self._backend.archive.export(call_id, kind, locale, is_discreet=self._is_kept_from_listeners)
        self._write(AuditAction.EXPORTED, call_id, format=kind.value)
        return export

    def delete_call(self, call_id: CallId) -> None:
        """Delete everything that is kept of a call that has ended. Raises CallNotFound, CallRunning."""
        self.require(Right.DELETE, call_id)
        self._backend.delete_call(call_id)
        self._write(AuditAction.DELETED, call_id)
