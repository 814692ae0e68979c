"""What a persona's session tells, in the terms of the call: its clock, its participants, its rules of what is hidden.

Lives on the calls loop, but for the session's events, which any thread may ask for.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from core.language.masking import MaskingRules, masked
from core.model.call import Language
from core.model.persona import PersonaSide, PersonaUtterance, SessionEvent, ToolCall
from core.model.utterance import Recognition


class PersonaWords:
    """One call's.

    Args:
        engine: Names the session among the engines that give words.
        language: The call's.
        origin_s: Where the call's clock starts, monotonic.
        masking: What is hidden; None for nothing.
        span: When an item of the persona's is heard, monotonic; None where nothing of it was sent.
    """

    def __init__(
        self,
        engine: str,
        language: Language,
        origin_s: float,
        masking: MaskingRules | None,
        span: Callable[[str], tuple[float, float] | None],
    ) -> None:
        self.engine = engine
        self._language = language
        self._origin_s = origin_s
        self._masking = masking
        self._span = span
        self._open: dict[str, int] = {}
        self._next = 0

    def recognition(self, utterance: PersonaUtterance) -> Recognition:
        """An utterance as the call keeps it; the persona's in the time in which it is heard."""
        start_s, end_s = utterance.start_s, utterance.end_s
        if utterance.side is PersonaSide.PERSONA and (heard := self._span(utterance.item_id)) is not None:
            start_s, end_s = heard
        return Recognition(
            ordinal=self._ordinal(utterance),
            text=utterance.text,
            is_final=utterance.is_final,
            start_s=start_s - self._origin_s,
            end_s=end_s - self._origin_s,
            engine=self.engine,
            model=utterance.model,
            is_typed=utterance.is_typed,
            is_cut=utterance.is_cut,
        )

    def _ordinal(self, utterance: PersonaUtterance) -> int:
        ordinal = self._open.get(utterance.item_id)
        if ordinal is None:
            ordinal = self._open[utterance.item_id] = self._next
            self._next += 1
        if utterance.is_final:
            del self._open[utterance.item_id]
        return ordinal

    def tool_call(self, call: ToolCall) -> ToolCall:
        """A tool's call on the call's clock, without what is hidden."""
        return replace(
            call,
            called_s=call.called_s - self._origin_s,
            arguments={name: self._hide(value, numbers=True) for name, value in call.arguments.items()},
            output=None if call.output is None else masked(self._masking, call.output, self._language),
        )

    def events(self, events: Sequence[SessionEvent]) -> tuple[SessionEvent, ...]:
        """Events without what is hidden. A text that comes in pieces is left out then: no piece shows what it is of."""
        if self._masking is None:
            return tuple(events)
        return tuple(replace(event, body=self._hide_body(event.body)) for event in events)

    def _hide_body(self, body: Mapping[str, object]) -> Mapping[str, object]:
        return {name: "…" if name == "delta" else self._hide(value) for name, value in body.items()}

    def _hide(self, value: object, *, numbers: bool = False) -> object:
        match value:
            case str():
                return masked(self._masking, value, self._language)
            case bool() | None:
                return value
            case int() | float() if numbers:
                shown = masked(self._masking, str(value), self._language)
                return value if shown == str(value) else shown
            case dict():
                return {name: self._hide(each, numbers=numbers) for name, each in value.items()}
            case list() | tuple():
                return [self._hide(each, numbers=numbers) for each in value]
        return value
