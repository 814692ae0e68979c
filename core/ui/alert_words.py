"""Every word about alerts that rules raise, and about browser notifications. English sentences are keys."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.assist.alert_rules import (
    AlertRule,
    Condition,
    RiskFlagged,
    Said,
    SaidCondition,
    SentimentBelow,
    Silence,
    SpeakingShare,
    TalkOver,
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
        "unsupported": _("This browser cannot show notifications of a page. Use one of a computer."),
        "body": _("Critical alert in the call of {people}."),
        "body_nobody": _("Critical alert in a call."),
    }


@dataclass(frozen=True, slots=True)
class ConditionLine:
    """What a rule looks for, or a part of it."""

    sentence: str
    """In the reader's language; where `{what}` stands in it, what is looked for is shown."""
    quoted: tuple[str, ...] = ()
    """What is looked for, as it is written in the file."""


def condition_lines(rule: AlertRule, translate: Translate) -> tuple[ConditionLine, ...]:
    """What a rule looks for; of what is said one line for each condition."""
    _ = translate
    condition: Condition = rule.condition
    if isinstance(condition, Said):
        lines = [_said(each, condition, _) for each in condition.conditions]
        if sum(not each.is_negated for each in condition.conditions) > 1:
            within = _("all within {seconds:g} s of each other").format(seconds=condition.within_s)
            lines.append(ConditionLine(within))
        return tuple(lines)
    if isinstance(condition, RiskFlagged):
        if not condition.kind:
            return (ConditionLine(_("the language model sees any risk")),)
        return (ConditionLine(_("the language model sees the risk {what}"), (condition.kind,)),)
    return (ConditionLine(_measured(condition, _)),)


def _measured(condition: SentimentBelow | Silence | TalkOver | SpeakingShare, translate: Translate) -> str:
    _ = translate
    if isinstance(condition, SentimentBelow):
        text = _("the customer's sentiment is below {score:g} for {seconds:g} s")
        return text.format(score=condition.below, seconds=condition.for_s)
    if isinstance(condition, Silence):
        return _("nobody speaks for {seconds:g} s").format(seconds=condition.for_s)
    if isinstance(condition, TalkOver):
        return _("two speak at the same time for {seconds:g} s").format(seconds=condition.for_s)
    text = _("{who} has more than {share:g} % of all speech in {seconds:g} s")
    return text.format(who=_(WHO[condition.by]), share=condition.above_pct, seconds=condition.within_s)


def _said(each: SaidCondition, said: Said, translate: Translate) -> ConditionLine:
    _ = translate
    who = _(WHO[each.by]) if each.by else _("anybody")
    if not each.is_negated:
        text = _("{who} says: {what}")
    elif all(one.is_negated for one in said.conditions):
        text = _("{who} does not say within {seconds:g} s of the beginning: {what}")
    else:
        text = _("{who} does not say within {seconds:g} s after that: {what}")
    sentence = text.format(who=who, seconds=said.within_s, what="{what}")
    return ConditionLine(sentence, (each.pattern,) if each.pattern else each.words)
