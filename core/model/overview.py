"""A running call in one line, for whoever watches many of them."""

from dataclasses import dataclass

from core.model.call import Call
from core.model.diagnosis import Diagnosis
from core.model.persona import PersonaState
from core.model.quality import Alert
from core.model.text_alert import TextAlert
from core.model.utterance import Utterance


@dataclass(frozen=True, slots=True)
class CallOverview:
    """A call as of `revision`, which is that of its snapshots."""

    call: Call
    mos: float | None
    """The worst of the latest scores of any leg and direction; None without scores."""
    alerts: tuple[Alert, ...]
    """The open ones, worst first."""
    last_words: Utterance | None
    """The utterance that began last, interim or final."""
    revision: int
    text_alerts: tuple[TextAlert, ...] = ()
    """The open ones that rules raised, worst first."""
    cause: Diagnosis | None = None
    """The worst of the causes that are at work and are a fault."""
    persona_state: PersonaState | None = None
    """What the call's persona is doing; None for a call between people. Its name is `call.persona`."""
