"""What whoever joins in the middle of a call has to know, in three lines, without asking anybody for it."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.model.insight import Summary
from core.model.utterance import Utterance

LONGEST_QUOTE = 160


@dataclass(frozen=True, slots=True)
class CatchUp:
    """Three lines; one is empty while the call has nothing for it. Times are on the call's clock."""

    wanted: str
    """What the customer called about."""
    done: str
    """What the agent does about it."""
    speaker: str
    said: str
    """What was said last, and by whom."""
    said_at_s: float
    at_s: float
    """When the call stood so."""


def catch_up(summary: Summary | None, utterances: Sequence[Utterance], now_s: float) -> CatchUp | None:
    """How a call stands, from its latest summary and its utterances in order; None where nothing was said. Pure."""
    said = [utterance for utterance in utterances if utterance.is_final]
    if not said:
        return None
    text, last = summary.text if summary else None, said[-1]
    return CatchUp(
        wanted=(text.customer_issue or text.summary) if text else "",
        done=text.agent_action if text else "",
        speaker=last.speaker,
        said=shortened(last.text, LONGEST_QUOTE),
        said_at_s=last.start_s,
        at_s=now_s,
    )


def shortened(text: str, limit: int) -> str:
    """A text within `limit` characters; what is cut off at the end is a mark."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
