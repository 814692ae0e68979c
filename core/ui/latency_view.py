"""How long turns take and what calls cost: over the calls that were found, for one call, and for one turn of it."""

from collections.abc import Mapping, Sequence
from html import escape

import streamlit as st

from core.calls.costs import sum_of
from core.calls.latency import LatencyReport, latency_report
from core.desk import Desk
from core.desk.records import MOST_TURN_CALLS
from core.language.catalogue import Translate, message
from core.language.formats import duration
from core.model.archive import CallQuery
from core.model.call import Call, CallId
from core.model.cost import Cost, CostKind, CostPart
from core.model.errors import CallNotFound
from core.model.turn_trace import Step, TurnRecord, TurnTrace, turn_traces
from core.ui.charts.turn import waterfall_figure
from core.ui.latency_words import STEP_WORDS, cost_words, length, sum_words
from core.ui.reader import Reader
from core.ui.theme import current_theme, palette
from core.ui.wording import ROLES

VIEW = "view"
LATENCY = "latency"
CALL = "call"
"""Query parameters of the Calls page: which view, and which call is looked at in it."""
LISTED = "list"
VIEWS: Mapping[str, str] = {LISTED: message("List"), LATENCY: message("Latency and cost")}
LONGEST_TEXT = 90
"""Characters of a turn's words in the table."""


def view_switch(translate: Translate) -> str:
    """Draw the choice between the list of calls and their figures; which one is wanted. Script thread."""
    usual = LATENCY if st.query_params.get(VIEW) == LATENCY else LISTED
    chosen = st.segmented_control(
        translate("View"),
        list(VIEWS),
        default=usual,
        format_func=lambda each: translate(VIEWS[each]),
        label_visibility="collapsed",
        required=True,
        key="calls-view",
    )
    if chosen == LATENCY:
        st.query_params[VIEW] = LATENCY
    else:
        for name in (VIEW, CALL):
            st.query_params.pop(name, None)
    return chosen or LISTED


def latency_view(desk: Desk, query: CallQuery, now: float, reader: Reader) -> None:
    """Draw the figures of the calls that fit a query. Script thread."""
    _ = reader.translate
    found = desk.found_turns(query)
    if len(found) == MOST_TURN_CALLS:
        st.caption(_("The newest {count} of these calls are looked at.").format(count=MOST_TURN_CALLS))
    traces = {record.call_id: turn_traces(record) for _call, record in found}
    costs = {record.call_id: desk.prices.cost_of(record) for _call, record in found}
    report = latency_report((trace for each in traces.values() for trace in each), desk.settings.latency_budget_s)
    _summary(report, costs, desk, reader)
    if report.steps:
        _steps(report, reader)
    _one_call(desk, found, now, reader)


def _summary(report: LatencyReport, costs: Mapping[CallId, Cost], desk: Desk, reader: Reader) -> None:
    _, budget_s = reader.translate, desk.settings.latency_budget_s
    total = report.total
    nothing = "–"
    what = _("From the end of speech until the summary that had seen it was painted, or valid where nobody looked.")
    cost = sum_of(costs.values(), desk.prices.currency)
    with st.container(horizontal=True, gap="small", key="latency-summary"):
        st.metric(_("Median"), length(total.p50_s, reader) if total else nothing, help=what, border=True)
        st.metric(
            _("95th percentile"),
            length(total.p95_s, reader) if total else nothing,
            help=_("Nineteen of twenty turns were faster than this."),
            border=True,
        )
        st.metric(
            _("Beyond {budget}").format(budget=length(budget_s, reader)),
            nothing if report.share is None else reader.percent(report.share),
            help=_("The share of turns that took longer than the latency budget, a setting. {what}").format(what=what),
            border=True,
        )
        st.metric(
            _("Cost"),
            sum_words(cost, reader) if costs else nothing,
            help=_(
                "Sound and tokens by the table of prices, a setting. Of {count} calls some part is unknown: the table "
                "has no price for it, or nobody told how much was used."
            ).format(count=reader.number(cost.partial_calls)),
            border=True,
        )
    st.caption(_sentence(report, cost.partial_calls, reader))


def _sentence(report: LatencyReport, partial_calls: int, reader: Reader) -> str:
    _ = reader.translate
    sentences = [_("Turns: {count}.").format(count=reader.number(report.turns))]
    if report.folded:
        sentences.append(_("Sharing a later turn's request: {count}.").format(count=reader.number(report.folded)))
    if report.exceeding:
        most = ((_(STEP_WORDS[step].name), reader.number(count)) for step, count in report.where.items())
        where = ", ".join(f"{name} ({count})" for name, count in most)
        sentences.append(_("Beyond the budget, and mostly in: {where}.").format(where=where))
    if partial_calls:
        unknown = reader.number(partial_calls)
        sentences.append(_("Calls with an unknown part of the cost: {count}.").format(count=unknown))
    return " ".join(sentences)


def _steps(report: LatencyReport, reader: Reader) -> None:
    _ = reader.translate
    heads = (
        (_("Step"), ""),
        (_("Turns"), ""),
        ("p50", _("Half of the turns were faster.")),
        ("p95", _("Nineteen of twenty turns were faster than this.")),
        ("p99", _("All but one of a hundred turns were faster.")),
    )
    head = "".join(f"<th scope='col' title='{escape(tip, quote=True)}'>{escape(name)}</th>" for name, tip in heads)
    rows = []
    for step, figures in report.steps.items():
        words = STEP_WORDS[step]
        lengths = (figures.p50_s, figures.p95_s, figures.p99_s)
        cells = (reader.number(figures.count), *(length(each, reader) for each in lengths))
        name = f"<th scope='row'>{escape(_(words.name))}<div class='es-tip'>{escape(_(words.tip))}</div></th>"
        rows.append(f"<tr>{name}{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>")
    table = f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody>"
    st.html(f"<div class='es-scroll'><table class='es-table es-figures'>{table}</table></div>")


def _one_call(desk: Desk, found: Sequence[tuple[Call, TurnRecord]], now: float, reader: Reader) -> None:
    _ = reader.translate
    records = {call.id: (call, record) for call, record in found if record.utterances}
    wanted = CallId(st.query_params.get(CALL, ""))
    if wanted and wanted not in records:
        records = _with(desk, wanted, records)
    if not records:
        st.info(_("Nothing was said in these calls, so there is nothing to measure."), icon=":material/timeline:")
        return
    ids = list(records)
    chosen = st.selectbox(
        _("Call"),
        ids,
        ids.index(wanted) if wanted in records else 0,
        format_func=lambda each: _call_line(records[each][0], now, reader),
        key="latency-call",
    )
    st.query_params[CALL] = chosen
    record = records[chosen][1]
    _cost_lines(desk.prices.cost_of(record), reader)
    traces = turn_traces(record)
    budget_s = desk.settings.latency_budget_s
    slowest = max(range(len(traces)), key=lambda index: traces[index].total_s or 0.0)
    numbers = list(range(len(traces)))
    number = st.selectbox(
        _("Turn"),
        numbers,
        slowest,
        format_func=lambda each: _turn_line(traces[each], reader),
        help=_("The slowest is shown first."),
        key=f"latency-turn:{chosen}",
    )
    _turn(traces[number], traces, budget_s, reader)
    _turns(record, traces, budget_s, reader)


def _with(
    desk: Desk, wanted: CallId, records: Mapping[CallId, tuple[Call, TurnRecord]]
) -> dict[CallId, tuple[Call, TurnRecord]]:
    """These records and that of a call which the search has not found, if there is one with words."""
    try:
        call, record = desk.snapshot(wanted).call, desk.turns(wanted)
    except CallNotFound:
        return dict(records)
    return {wanted: (call, record), **records} if record.utterances else dict(records)


def _call_line(call: Call, now: float, reader: Reader) -> str:
    people = ", ".join(participant.name for participant in call.participants if participant.role.speaks)
    return f"{reader.moment(call.created_at, now)} · {people}"


def _turn_line(trace: TurnTrace, reader: Reader) -> str:
    total = "–" if trace.total_s is None else length(trace.total_s, reader)
    return f"{duration(trace.moments[Step.SPEECH_START])} · {_speaker(trace, reader)} · {total}"


def _speaker(trace: TurnTrace, reader: Reader) -> str:
    return trace.speaker or reader.translate(ROLES[trace.role])


def _turn(trace: TurnTrace, traces: Sequence[TurnTrace], budget_s: float, reader: Reader) -> None:
    _ = reader.translate
    names = {step: _(words.name) for step, words in STEP_WORDS.items()}
    spans = [*trace.way, *trace.branches]
    spoken_s = trace.moments[Step.SPEECH_END] - trace.moments[Step.SPEECH_START]
    lengths = {span.step: length(span.took_s, reader) for span in spans}
    lengths[Step.SPEECH_END] = length(max(0.0, spoken_s), reader)
    st.plotly_chart(
        waterfall_figure(trace, budget_s, names, lengths, palette(current_theme()), _),
        key="waterfall",
        config={"displayModeBar": False, "staticPlot": False},
        theme=None,
    )
    st.caption(" ".join(_remarks(trace, traces, budget_s, reader)))
    st.caption(
        _(
            "From the end of speech on. Blue steps wait for each other, green ones go on beside them; red is the one "
            "that took longest beyond the budget, the dotted line."
        )
    )


def _remarks(trace: TurnTrace, traces: Sequence[TurnTrace], budget_s: float, reader: Reader) -> list[str]:
    _ = reader.translate
    remarks = [_("trace {id}").format(id=trace.trace_id) + "."] if trace.trace_id else []
    if trace.total_s is None:
        remarks.append(_("No summary has seen this turn."))
    elif trace.exceeds(budget_s) and trace.slowest is not None:
        remarks.append(
            _("Beyond the budget of {budget}; what took longest: {step}.").format(
                budget=length(budget_s, reader), step=_(STEP_WORDS[trace.slowest].name)
            )
        )
    if trace.is_folded:
        later = next((each for each in traces if each.utterance_id == trace.answered_by), None)
        at = duration(later.moments[Step.SPEECH_START]) if later else "?"
        remarks.append(_("A request was under way: it was summed up together with the turn at {time}.").format(time=at))
    if not trace.is_news:
        remarks.append(_("The summary stayed as it was, so there was nothing to paint."))
    elif trace.total_s is not None and Step.SUMMARY_PAINTED not in trace.moments:
        remarks.append(_("No page was looking when the summary came."))
    return remarks


def _turns(record: TurnRecord, traces: Sequence[TurnTrace], budget_s: float, reader: Reader) -> None:
    _ = reader.translate
    heads = (_("Time"), _("Speaker"), _("What was said"), _("Until the summary"), _("What took longest"), _("Request"))
    head = "".join(f"<th scope='col'>{escape(each)}</th>" for each in heads)
    texts = {utterance.id: utterance.text for utterance in record.utterances}
    rows = "".join(_turn_row(trace, texts[trace.utterance_id], budget_s, reader) for trace in traces)
    table = f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody>"
    alarm = palette(current_theme()).limit
    st.html(f"<div class='es-scroll'><table class='es-table' style='--es-alarm: {alarm}'>{table}</table></div>")


def _turn_row(trace: TurnTrace, text: str, budget_s: float, reader: Reader) -> str:
    _ = reader.translate
    is_late = trace.exceeds(budget_s)
    total = "–" if trace.total_s is None else length(trace.total_s, reader)
    shown = text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1].rstrip() + "…"
    cells = (
        duration(trace.moments[Step.SPEECH_START]),
        _speaker(trace, reader),
        shown,
        f"⚠ {total}" if is_late else total,
        _(STEP_WORDS[trace.slowest].name) if trace.slowest is not None and trace.total_s is not None else "–",
        _("shared with a later turn") if trace.is_folded else _("its own") if trace.answered_by else "–",
    )
    late = " class='es-alarming'" if is_late else ""
    return f"<tr{late}>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"


def _cost_lines(cost: Cost, reader: Reader) -> None:
    _ = reader.translate
    if cost.parts:
        parts = "; ".join(_part(part, cost.currency, reader) for part in cost.parts)
        st.caption(_("Cost of this call: {sum} ({parts})").format(sum=cost_words(cost, reader), parts=parts))


def _part(part: CostPart, currency: str, reader: Reader) -> str:
    _ = reader.translate
    engine = " ".join(name for name in dict.fromkeys((part.engine, part.model)) if name) or _("unknown engine")
    amount = _("unknown") if part.amount is None else reader.money(part.amount, currency)
    if part.kind is CostKind.SPEECH:
        return _("{engine}: {seconds} s of sound, {amount}").format(
            engine=engine, seconds=reader.number(part.seconds), amount=amount
        )
    if not part.input_tokens and not part.output_tokens:
        return f"{engine}: {amount}"
    return _("{engine}: {input} tokens in ({cached} cached), {output} out, {amount}").format(
        engine=engine,
        input=reader.number(part.input_tokens),
        cached=reader.number(part.cached_input_tokens),
        output=reader.number(part.output_tokens),
        amount=amount,
    )
