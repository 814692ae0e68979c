"""The text alerts of one call: the rules look at its record once a second. Owned by the call's session.

Lives on the calls loop. What takes time, looking for words, is done on a thread that all calls share.
"""

import asyncio
import logging
from dataclasses import replace
from functools import partial

from core.assist.alert_evidence import Moment
from core.assist.text_alerts import TextAlertWatch
from core.calls.record import CallRecord
from core.calls.services import CallServices
from core.model.call import CallState
from core.model.insight import Summary
from core.model.text_alert import TextAlert

logger = logging.getLogger(__name__)


class TextAlerts:
    """Raises, clears and keeps them."""

    def __init__(self, record: CallRecord, services: CallServices) -> None:
        self._record = record
        self._services = services
        self._watch = TextAlertWatch()
        self._alerts: dict[str, TextAlert] = {}
        self._seen: set[str] = set()
        self._looking: asyncio.Task[None] | None = None
        self._judged: Summary | None = None
        """The latest summary that was looked at."""
        self._end_s: float | None = None
        """When `close` was called: nothing is judged by a later time."""

    def tick(self) -> None:
        """Look at the record, unless that is still being done. Never waits.

        Once the call is over, only at a summary that came since: what the model says of the last words comes after the
        end, for which nobody waits. It is looked at for as long as the call's session is kept.
        """
        is_over = self._record.call.state is CallState.ENDED
        if is_over and (self._end_s is None or self._record.latest_summary is self._judged):
            return
        if self._looking is None or self._looking.done():
            looking = self._look_again(self._end_s) if self._end_s is not None else self._look_safely()
            self._looking = asyncio.create_task(looking, name=f"call-{self._record.call.id}-alerts")

    async def close(self) -> None:
        """Look at the last words, and clear what is open; idempotent."""
        await self.settled()
        if self._end_s is None:
            self._end_s = self._record.now_s()
        await self._look_again(self._end_s)

    async def settled(self) -> None:
        """Wait for the look that is being taken, if there is one."""
        if self._looking is not None:
            # Whoever waits may be given up on; the look belongs to the call.
            await asyncio.shield(self._looking)

    async def _look_again(self, end_s: float) -> None:
        await self._look_safely()
        self._take(self._watch.finish(end_s))

    async def _look_safely(self) -> None:
        try:
            await self._look()
        except Exception as error:  # noqa: BLE001 - an alert that fails must not end the call
            self._services.alerting.failed += 1
            # Only the kind: the message may quote what a caller said.
            logger.error("call %s: looking for alerts failed with %s", self._record.call.id, type(error).__name__)

    async def _look(self) -> None:
        picture = self._record.snapshot()
        summary = self._judged = picture.summaries[-1] if picture.summaries else None
        now_s = picture.now_s
        if self._end_s is not None:
            now_s = self._end_s
            # It is about what was said by the end.
            summary = summary and replace(summary, at_s=min(summary.at_s, now_s))
        new = tuple(each for each in picture.utterances if each.is_final and each.id not in self._seen)
        self._seen.update(each.id for each in new)
        matcher, hits = await self._services.alerting.hits(new)
        call = picture.call
        moment = Moment(
            now_s=now_s,
            live_s=None if call.live_at is None else call.live_at - call.created_at,
            new=tuple(zip(new, hits, strict=True)),
            spoken=picture.utterances,
            summary=summary,
        )
        before = set(self._alerts)
        changed = self._watch.look(matcher.rules, moment, matcher.switched_off)
        self._take(changed)
        rules = {rule.id: rule for rule in matcher.rules.rules}
        for alert in changed:
            if alert.id not in before:
                self._services.alerting.raised(call, rules[alert.rule_id], alert)

    def _take(self, changed: tuple[TextAlert, ...]) -> None:
        if not changed:
            return
        self._alerts.update((alert.id, alert) for alert in changed)
        self._record.set_text_alerts(tuple(self._alerts.values()))
        call_id, store = self._record.call.id, self._services.store
        for alert in changed:
            self._services.durable.post(partial(store.save_text_alert, call_id, alert))
