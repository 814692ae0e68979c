"""Every word about alerts that rules raise, and about browser notifications. English sentences are keys."""

from collections.abc import Mapping

from core.assist.alert_rules import (
    AlertRule,
    Condition,
    RiskFlagged,
    Said,
    SaidCondition,
    SentimentBelow,
    Silence,
    SpeakingShare,
)
from core.language.catalogue import Translate, message
from core.model.call import Role
from core.model.text_alert import AlertLevel

LEVELS: Mapping[AlertLevel, str] = {
    AlertLevel.CRITICAL: message("Critical"),
    AlertLevel.WARNING: message("Warning"),
    AlertLevel.INFO: message("Notice"),
}
WHO: Mapping[Role, str] = {
    Role.CUSTOMER: message("Customer"),
    Role.AGENT: message("Agent"),
    Role.SUPERVISOR: message("Supervisor"),
    Role.PERSONA: message("AI persona"),
}
MOST_SHOWN = 12
"""Words of one condition that a description has room for."""


def text_alert_words(translate: Translate) -> dict[str, object]:
    """What scripts say of alerts that rules raise."""
    _ = translate
    return {
        "levels": {level.value: _(text) for level, text in LEVELS.items()},
        "mark_tip": _("{level}: {name} ({category}), found here by an alert rule."),
        "line_tip": _("{level}, category {category}. Raised by an alert rule."),
        "show": _("Show where it was said"),
    }


def notice_words(translate: Translate) -> dict[str, str]:
    """What assets/notices.js says: the switch for browser notifications, and the notifications themselves."""
    _ = translate
    return {
        "switch": _("Notify me"),
        "tip": _("A notification of this browser at every new critical alert whose rule asks for one."),
        "denied": _(
            "The browser does not allow notifications for this page. Allow them in the settings beside the address."
        ),
        "unavailable": _("This browser gives notifications to secure pages only: open this page with https://."),
        "body": _("Critical alert in the call of {people}."),
        "body_nobody": _("Critical alert in a call."),
    }


def condition_words(rule: AlertRule, locale: str, translate: Translate) -> tuple[str, ...]:
    """What a rule looks for, in sentences; of what is said one for each condition."""
    _ = translate
    condition: Condition = rule.condition
    if isinstance(condition, Said):
        lines = [_said(each, condition, _) for each in condition.conditions]
        if sum(not each.is_negated for each in condition.conditions) > 1:
            lines.append(_("all within {seconds:g} s of each other").format(seconds=condition.within_s))
        return tuple(lines)
    if isinstance(condition, SentimentBelow):
        text = _("the customer's sentiment is below {score:g} for {seconds:g} s")
        return (text.format(score=condition.below, seconds=condition.for_s),)
    if isinstance(condition, RiskFlagged):
        named = _("the language model sees the risk “{kind}”").format(kind=condition.kind)
        return (named if condition.kind else _("the language model sees any risk"),)
    if isinstance(condition, Silence):
        return (_("nobody speaks for {seconds:g} s").format(seconds=condition.for_s),)
    if isinstance(condition, SpeakingShare):
        text = _("{who} has more than {share:g} % of all speech in {seconds:g} s")
        return (text.format(who=_(WHO[condition.by]), share=condition.above_pct, seconds=condition.within_s),)
    return (_("two speak at the same time for {seconds:g} s").format(seconds=condition.for_s),)


def _said(each: SaidCondition, said: Said, translate: Translate) -> str:
    _ = translate
    what = each.pattern or ", ".join(each.words[:MOST_SHOWN]) + (" …" if len(each.words) > MOST_SHOWN else "")
    who = _(WHO[each.by]) if each.by else _("anybody")
    if not each.is_negated:
        return _("{who} says: {what}").format(who=who, what=what)
    is_absence = all(one.is_negated for one in said.conditions)
    text = (
        _("{who} does not say within {seconds:g} s of the beginning: {what}")
        if is_absence
        else _("{who} does not say within {seconds:g} s after that: {what}")
    )
    return text.format(who=who, seconds=said.within_s, what=what)
