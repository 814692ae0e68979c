"""What a session has done, summed up over all its connections. One thread."""

from core.model.persona import PersonaCounts
from core.persona.conversation import Conversation
from core.persona.upstream import Upstream


class SessionCounts:
    """One session's. What is counted by connections that are over is kept here; the current one counts itself."""

    def __init__(self) -> None:
        self.connections = self.reconnections = self.hand_overs = self.renewals = 0
        self._malformed = self._refused = 0
        self.dropped_audio_s = 0.0

    def leave(self, former: Upstream) -> None:
        """A connection is over."""
        self._malformed += former.malformed
        self._refused += former.refused
        self.dropped_audio_s += former.dropped_audio_s

    def total(self, current: Upstream | None, conversation: Conversation, dropped_items: int) -> PersonaCounts:
        """Everything by now."""
        tokens = conversation.tokens
        return PersonaCounts(
            connections=self.connections,
            reconnections=self.reconnections,
            hand_overs=self.hand_overs,
            renewals=self.renewals,
            unknown_events=conversation.unknown,
            malformed_events=self._malformed + conversation.malformed + (current.malformed if current else 0),
            refused_events=self._refused + (current.refused if current else 0),
            dropped_audio_s=self.dropped_audio_s + (current.dropped_audio_s if current else 0.0),
            dropped_items=dropped_items,
            answers_usage=tokens.answers,
            transcripts_usage=tokens.transcripts,
            uncounted_transcripts=tokens.uncounted_transcripts,
        )
