"""What is known of a call's legs beside their samples: when each was set up, and what its browser says about itself.

Lives on the calls loop; only `Measuring` touches it. Times are on the call's clock.
"""

from collections.abc import Mapping
from dataclasses import replace

from core.model.call import PRESENT, LegId, LegState
from core.model.leg_facts import BrowserFacts, LegFacts


class LegRegister:
    """The facts of every leg that the call ever had. What comes twice counts once: the first time is the true one."""

    def __init__(self) -> None:
        self._facts: dict[LegId, LegFacts] = {}
        self._changed: set[LegId] = set()

    @property
    def facts(self) -> Mapping[LegId, LegFacts]:
        """All legs as they are known now, in the order in which they were opened."""
        return dict(self._facts)

    def find(self, leg_id: LegId) -> LegFacts | None:
        """One leg; None for one that the call never had."""
        return self._facts.get(leg_id)

    def open(self, leg_id: LegId, at_s: float, is_listener: bool) -> None:
        """A leg is there."""
        self._put(LegFacts(leg_id, at_s, is_listener=is_listener))

    def offer(self, leg_id: LegId, at_s: float) -> None:
        """Its browser's offer was answered."""
        facts = self._facts.get(leg_id)
        if facts is not None and facts.offered_at_s is None:
            self._put(replace(facts, offered_at_s=at_s))

    def change(self, leg_id: LegId, state: LegState, at_s: float) -> None:
        """It has a new state."""
        facts = self._facts.get(leg_id)
        if facts is None:
            return
        if state is LegState.CONNECTED and facts.connected_at_s is None and facts.ended_at_s is None:
            self._put(replace(facts, connected_at_s=at_s))
        elif state not in PRESENT and facts.ended_at_s is None:
            self._put(replace(facts, ended_at_s=at_s))

    def set_listener(self, leg_id: LegId, is_listener: bool) -> None:
        """Its owner now means to be heard, or not to be."""
        facts = self._facts.get(leg_id)
        if facts is not None and facts.is_listener != is_listener:
            self._put(replace(facts, is_listener=is_listener))

    def describe(self, leg_id: LegId, browser: BrowserFacts) -> None:
        """Its browser tells about itself."""
        facts = self._facts.get(leg_id)
        if facts is not None and facts.browser != browser:
            self._put(replace(facts, browser=browser))

    def take_changed(self) -> tuple[LegFacts, ...]:
        """The legs of which something new became known since the last call."""
        changed = tuple(facts for facts in self._facts.values() if facts.leg_id in self._changed)
        self._changed.clear()
        return changed

    def _put(self, facts: LegFacts) -> None:
        self._facts[facts.leg_id] = facts
        self._changed.add(facts.leg_id)
