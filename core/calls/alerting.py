"""What the text alerts of all calls share: the rules in use, the thread that looks for them, and the webhook."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from core.assist.alert_rules import AlertRule
from core.assist.alert_rules_file import AlertRulesFile
from core.assist.rule_matching import Hits, RuleMatcher
from core.calls.webhook import Webhook, delivery
from core.model.call import Call
from core.model.errors import AlertPatternSlow
from core.model.health import PartHealth, PartState
from core.model.message import Message
from core.model.text_alert import TextAlert
from core.model.utterance import Utterance


class Alerting:
    """One a server. `hits` and `raised` are called on the calls loop and never hold it up."""

    def __init__(self, file: AlertRulesFile, webhook: Webhook | None, tells_words: bool = False) -> None:
        """`tells_words` lets the webhook have the words that raised an alert."""
        self._file = file
        self._webhook = webhook
        self._tells_words = tells_words
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="earshot-alerts")
        self._matcher: RuleMatcher | None = None
        self.failed = 0
        """Looks at a call that ended in an error that nobody foresaw."""

    async def hits(self, utterances: Sequence[Utterance]) -> tuple[RuleMatcher, tuple[Hits, ...]]:
        """What each of these utterances meets, by the rules that are in use now."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._hits, tuple(utterances))

    def _hits(self, utterances: tuple[Utterance, ...]) -> tuple[RuleMatcher, tuple[Hits, ...]]:
        rules = self._file.report().content
        if self._matcher is None or self._matcher.rules is not rules:
            self._matcher = RuleMatcher(rules)
        matcher = self._matcher
        return matcher, tuple(map(matcher.hits, utterances))

    def raised(self, call: Call, rule: AlertRule, alert: TextAlert) -> None:
        """Tell the webhook of a new alert, if there is one and the rule wants it."""
        if self._webhook is None or not rule.webhook:
            return
        roles = {each.id: each.role.value for each in call.participants}
        about: dict[str, object] = {
            "rule": alert.rule_id,
            "name": dict(alert.names),
            "category": alert.category,
            "level": alert.level.value,
            "raised_at": round(call.created_at + alert.raised_at_s, 3),
            "raised_at_s": round(alert.raised_at_s, 3),
            "said_by": roles.get(alert.participant_id) if alert.participant_id else None,
        }
        if self._tells_words:
            about["words"] = list(alert.words)
        self._webhook.send(delivery(f"{call.id}-{alert.id}", call.id, "alert.raised", {"alert": about}))

    @property
    def switched_off(self) -> tuple[AlertPatternSlow, ...]:
        """Rules of the file that are of no effect, because their patterns took too long. Any thread."""
        matcher = self._matcher
        return () if matcher is None else tuple(matcher.switched_off.values())

    @property
    def health(self) -> PartHealth:
        """DEGRADED while a rule is off, the file is wrong or the webhook fails. Any thread."""
        report = self._file.report()
        problems = [] if report.problem is None else [report.problem]
        webhook = () if self._webhook is None else self._webhook.troubles
        failed = [Message("{count} looks at calls failed; the log says why.", {"count": self.failed})] * bool(
            self.failed
        )
        is_degraded = bool(problems or self.switched_off or failed) or (
            self._webhook is not None and self._webhook.is_failing
        )
        in_use = Message("{count} alert rules are in use.", {"count": len(report.content.rules)})
        return PartHealth(
            name="alerts",
            state=PartState.DEGRADED if is_degraded else PartState.UP,
            needed=False,
            detail=(*problems, *self.switched_off, *failed, *webhook, in_use),
        )

    def close(self) -> None:
        """Stop both threads; idempotent."""
        self._executor.shutdown(wait=True, cancel_futures=True)
        if self._webhook is not None:
            self._webhook.close()
