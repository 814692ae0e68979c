"""The alert rules on the settings page: their file, what is in use of it, and what each rule means."""

from collections.abc import Callable
from html import escape
from typing import Protocol

import streamlit as st

from core.assist.alert_rules import AlertRule, AlertRules
from core.assist.alert_rules_file import RULES_FORM, SAMPLE, AlertRulesReport
from core.language.catalogue import Translate, describe
from core.model.access import Right
from core.model.errors import AlertPatternSlow
from core.ui.alert_words import LEVELS, ConditionLine, condition_lines
from core.ui.file_editor import EditorWords, FileEditor, as_written
from core.ui.page_errors import said_on_the_page
from core.ui.reader import Reader

MOST_SHOWN = 20
"""Words of one condition that a row has room for."""


class AlertsDesk(Protocol):
    """What the editor asks for. Any thread."""

    def may(self, right: Right) -> bool:
        """Whether to offer something."""

    def alert_rules(self) -> AlertRulesReport:
        """The rules in use, and their file as it is now."""

    def switched_off_rules(self) -> tuple[AlertPatternSlow, ...]:
        """Rules that are of no effect, because their patterns took too long."""

    def save_alert_rules(self, text: str, digest: str) -> AlertRulesReport:
        """Put a text in the file's place. Raises AlertRulesInvalid, AlertRulesChanged, AlertRulesUnwritable."""


@st.fragment
def alerts_editor(open_desk: Callable[[], AlertsDesk], reader: Reader) -> None:
    """Draw all of it. Script thread; `open_desk` is called anew at every run."""
    with said_on_the_page(reader.translate):
        _editor(open_desk, reader)


def _editor(open_desk: Callable[[], AlertsDesk], reader: Reader) -> None:
    _ = reader.translate
    desk = open_desk()

    def in_use(report: AlertRulesReport) -> str:
        state = _("{count} rules of {path} are in use, read at {time}. The file is read again when it changes.")
        return state.format(
            count=reader.number(len(report.content.rules)),
            path=f"`{report.path}`",
            time=reader.date_and_time(report.read_at or 0.0),
        )

    for slow in desk.switched_off_rules():
        st.warning(as_written(describe(slow, _)), icon=":material/timer_off:")
    FileEditor(
        name="alerts",
        form=RULES_FORM,
        sample=SAMPLE,
        words=EditorWords(
            about=_(
                "What is said in a call is compared with these rules while it goes on. What they find is marked in the"
                " transcript, colours the call for supervisors, and is kept with the call."
            ),
            none_yet=_(
                "There is no file {path} yet: the rules that come with Earshot are in use. They are below; save them to"
                " make them yours."
            ),
            last_good=_("The last good rules stay in use."),
            text_help=_(
                "Words are found whatever their endings. Exactly one of `said`, `sentiment`, `risk`, `silence`,"
                " `talk_over` and `speaking_share` belongs to a rule."
            ),
            may_change=_(
                "Administrators may change the rules. A change counts from the next second on, for running calls, too,"
                " and is written to the audit log."
            ),
            may_not_change=_("Only administrators may change the rules."),
            saved=_("The rules were saved and are in use."),
        ),
        in_use=in_use,
        save=lambda text, digest: open_desk().save_alert_rules(text, digest),
        preview=lambda rules: _preview(rules, reader),
    ).draw(desk.alert_rules(), desk.may(Right.CHANGE_SETTINGS), reader)


def _preview(rules: AlertRules, reader: Reader) -> None:
    _ = reader.translate
    if not rules.rules:
        st.info(_("There are no rules, and no alerts about what is said."), icon=":material/notifications_off:")
        return
    st.subheader(_("What it means"), anchor=False)
    heads = (_("Rule"), _("Condition"), _("What happens"))
    head = "".join(f"<th scope='col'>{escape(each)}</th>" for each in heads)
    body = "".join(_row(rule, reader) for rule in rules.rules)
    st.html(f"<table class='es-hints es-rules'><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")


def _row(rule: AlertRule, reader: Reader) -> str:
    _ = reader.translate
    when = "".join(f"<div>{_condition(line)}</div>" for line in condition_lines(rule, _))
    level = f"<span class='es-tag es-level' data-level='{rule.level.value}'>{escape(_(LEVELS[rule.level]))}</span>"
    category = f"<div class='es-quiet'><code>{escape(rule.category)}</code></div>"
    return (
        f"<tr><td>{escape(rule.names[reader.locale])}{category}</td>"
        f"<td>{when}</td><td>{level}{_consequences(rule, _)}</td></tr>"
    )


def _condition(line: ConditionLine) -> str:
    quoted = " ".join(f"<code>{escape(each)}</code>" for each in line.quoted[:MOST_SHOWN])
    more = " …" if len(line.quoted) > MOST_SHOWN else ""
    return escape(line.sentence).replace("{what}", quoted + more)


def _consequences(rule: AlertRule, translate: Translate) -> str:
    _ = translate
    told = [text for is_on, text in ((rule.webhook, _("webhook")), (rule.notify, _("notification"))) if is_on]
    return f"<div class='es-quiet'>{escape(', '.join(told))}</div>" if told else ""
