"""The wrap-up of a call that is over: read the draft, mend it, file it. Both versions can be read afterwards.

It stands in a panel beside the transcript, so that whoever files it sees what was said. Only ended calls have it: there
is no leg on the page that a rerun could break.
"""

from collections.abc import Callable, Mapping

import streamlit as st

from core.assist.extractive import ExtractiveSummarizer
from core.calls.wrap_ups import WrapUpReport
from core.desk import Desk
from core.language.catalogue import Translate, message
from core.model.access import Right
from core.model.call import Call, CallId
from core.model.insight import SentimentLabel
from core.model.wrap_up import Filing, Resolution, WrapUpDraft, WrapUpText
from core.ui.insight_words import SENTIMENTS
from core.ui.page_errors import said_on_the_page
from core.ui.reader import Reader

LOOK_S = 1.0
"""How often it is looked whether a draft has been written."""
RESOLUTIONS: Mapping[Resolution, str] = {
    Resolution.RESOLVED: message("Resolved"),
    Resolution.FOLLOW_UP: message("To be followed up"),
    Resolution.UNRESOLVED: message("Not resolved"),
    Resolution.UNKNOWN: message("Unknown"),
}
LINES_HEIGHT = 150


def wrap_up_button(open_desk: Callable[[], Desk], call: Call, reader: Reader) -> None:
    """Draw the button that opens the wrap-up, and the wrap-up itself while it is open. Script thread."""
    _ = reader.translate
    desk = open_desk()
    report = desk.wrap_up(call.id)
    is_filed = report.wrap_up is not None and report.wrap_up.filed is not None
    st.button(
        _("Wrap-up"),
        icon=":material/task_alt:" if is_filed else ":material/assignment:",
        type="primary" if desk.may(Right.WRAP_UP) and not is_filed else "secondary",
        help=_("Filed.") if is_filed else _("What the call was about, what was done, what is still to be done."),
        key=f"wrap-up:{call.id}",
        on_click=_open,
        args=(call.id,),
    )
    if st.session_state.get(_open_key(call.id)):
        panel = st.dialog(_("Wrap-up"), width="medium", position="right", on_dismiss=lambda: _close(call.id))
        panel(_contents)(open_desk, call, reader)


def _open_key(call_id: CallId) -> str:
    return f"wrap-up-open:{call_id}"


def _open(call_id: CallId) -> None:
    st.session_state[_open_key(call_id)] = True
    _begin_anew(call_id)


def _begin_anew(call_id: CallId) -> None:
    """Fill the form in from the newest draft the next time; until then it keeps to the one that it began with, so that
    nothing that was typed is lost when another draft arrives."""
    st.session_state.pop(_draft_key(call_id), None)


def _draft_key(call_id: CallId) -> str:
    return f"wrap-up-draft:{call_id}"


def _close(call_id: CallId) -> None:
    st.session_state[_open_key(call_id)] = False


def _contents(open_desk: Callable[[], Desk], call: Call, reader: Reader) -> None:
    _ = reader.translate
    with said_on_the_page(_):
        desk = open_desk()
        report = desk.wrap_up(call.id)
        wrap_up = report.wrap_up
        if wrap_up is not None and wrap_up.filed is not None:
            _filed(wrap_up.filed, wrap_up.draft, reader)
        elif report.is_being_drafted:
            _wait(open_desk, call, reader)
        elif not desk.may(Right.WRAP_UP):
            _draft_only(wrap_up.draft if wrap_up else None, reader)
        else:
            _form(open_desk, call, report, reader)


def _wait(open_desk: Callable[[], Desk], call: Call, reader: Reader) -> None:
    _ = reader.translate

    @st.fragment(run_every=LOOK_S)
    def look() -> None:
        st.info(_("The draft is being written…"), icon=":material/hourglass_top:")
        if not open_desk().is_wrap_up_due(call.id):
            st.rerun()

    look()


def _form(open_desk: Callable[[], Desk], call: Call, report: WrapUpReport, reader: Reader) -> None:
    _ = reader.translate
    key = _draft_key(call.id)
    if key not in st.session_state:
        st.session_state[key] = report.wrap_up.draft if report.wrap_up else None
    draft: WrapUpDraft | None = st.session_state[key]
    _origin(draft, reader)
    text = draft.text if draft else WrapUpText()
    version = f"{call.id}:{draft.at if draft else 0}"
    with st.form(f"wrap-up-form:{version}", border=False):
        types = list(
            dict.fromkeys([*open_desk().call_types(call.language), *([text.call_type] if text.call_type else [])])
        )
        call_type = st.selectbox(
            _("Type of call"),
            types,
            index=types.index(text.call_type) if text.call_type else None,
            placeholder=_("Choose one, or write your own"),
            accept_new_options=True,
            key=f"wrap-up-type:{version}",
        )
        issue = st.text_input(_("Customer's issue"), text.issue, key=f"wrap-up-issue:{version}")
        steps = st.text_area(
            _("What was done, a step a line"),
            "\n".join(text.steps),
            height=LINES_HEIGHT,
            key=f"wrap-up-steps:{version}",
        )
        resolution = st.segmented_control(
            _("Resolution"),
            list(Resolution),
            default=text.resolution,
            required=True,
            format_func=lambda each: _(RESOLUTIONS[each]),
            key=f"wrap-up-resolution:{version}",
        )
        outcome = st.text_input(_("Outcome"), text.outcome, key=f"wrap-up-outcome:{version}")
        sentiment = st.segmented_control(
            _("How the customer felt at the end"),
            list(SentimentLabel),
            default=text.sentiment,
            format_func=lambda each: _(SENTIMENTS[each]),
            key=f"wrap-up-sentiment:{version}",
        )
        follow_ups = st.text_area(
            _("Still to be done, one thing a line"), "\n".join(text.follow_ups), key=f"wrap-up-follow-ups:{version}"
        )
        is_given = st.form_submit_button(
            _("File"),
            type="primary",
            icon=":material/task_alt:",
            help=_("Once it is filed it cannot be changed any more. The draft is kept beside it."),
        )
    if is_given:
        with said_on_the_page(_):
            open_desk().file_wrap_up(
                call.id,
                WrapUpText(
                    call_type=call_type or "",
                    issue=issue,
                    steps=tuple(steps.splitlines()),
                    resolution=resolution or Resolution.UNKNOWN,
                    outcome=outcome,
                    sentiment=sentiment,
                    follow_ups=tuple(follow_ups.splitlines()),
                ),
            )
            st.rerun()
    st.button(
        _("Write a draft") if draft is None else _("Write another draft"),
        icon=":material/edit_note:",
        help=_("From what was said. What you have changed above is lost."),
        key=f"wrap-up-again:{version}",
        on_click=_write_another,
        args=(open_desk, call.id, reader),
    )


def _write_another(open_desk: Callable[[], Desk], call_id: CallId, reader: Reader) -> None:
    with said_on_the_page(reader.translate):
        open_desk().draft_wrap_up(call_id)
        _begin_anew(call_id)


def _origin(draft: WrapUpDraft | None, reader: Reader) -> None:
    """By whom a draft was written, and what is to be thought of that."""
    _ = reader.translate
    if draft is None:
        st.info(_("There is no draft of this call."), icon=":material/info:")
    elif draft.stands_in_for:
        st.warning(
            _("The language model did not answer, so this draft was picked from the sentences of the call."),
            icon=":material/warning:",
        )
    elif draft.engine == ExtractiveSummarizer.engine:
        st.caption(_("Picked from the sentences of the call, without a language model. Please complete it."))
    else:
        st.caption(
            _("Drafted by {model} in {seconds} s. Please check it.").format(
                model=draft.model or draft.engine, seconds=reader.number(draft.took_s, 1)
            )
        )


def _filed(filed: Filing, draft: WrapUpDraft | None, reader: Reader) -> None:
    _ = reader.translate
    st.success(
        _("Filed by {name}, {time}.").format(name=filed.by, time=reader.date_and_time(filed.at)),
        icon=":material/task_alt:",
    )
    _fields(filed.text, _)
    if draft is not None:
        with st.expander(_("As it was drafted")):
            _fields(draft.text, _)


def _draft_only(draft: WrapUpDraft | None, reader: Reader) -> None:
    _ = reader.translate
    st.info(_("This wrap-up has not been filed yet."), icon=":material/info:")
    if draft is not None:
        _fields(draft.text, _)


def _fields(text: WrapUpText, translate: Translate) -> None:
    """What a version says. Plain text: what people wrote is not Markdown."""
    _ = translate
    for label, lines in (
        (_("Type of call"), (text.call_type,)),
        (_("Customer's issue"), (text.issue,)),
        (_("What was done"), tuple(f"{number}. {step}" for number, step in enumerate(text.steps, 1))),
        (_("Resolution"), (_(RESOLUTIONS[text.resolution]),)),
        (_("Outcome"), (text.outcome,)),
        (_("How the customer felt at the end"), (_(SENTIMENTS[text.sentiment]) if text.sentiment else "",)),
        (_("Still to be done"), text.follow_ups),
    ):
        st.caption(label)
        st.text("\n".join(lines) or "–")
