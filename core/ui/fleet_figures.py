"""The figures of many calls: all of them in one table, then one over time or by group, and how it spreads."""

from dataclasses import replace
from datetime import date, timedelta
from html import escape

import streamlit as st

from core.quality.fleet import Fleet
from core.quality.fleet_question import Counted, Figures, FleetFilter, Group, Measured, Metric
from core.ui.charts.fleet import GroupPoint, distribution_figure, groups_figure, trend_figure
from core.ui.fleet_search import FleetSearch, write_fleet_search
from core.ui.fleet_words import COUNTED, COUNTED_TIP, GROUPS, METRICS, figure, key_name
from core.ui.reader import Reader
from core.ui.theme import current_theme, palette

SHOWN_GROUPS = 15
"""Groups of a chart, those with the most calls; the table has all of them."""
CHART = {"displayModeBar": False}


def figures_view(fleet: Fleet, search: FleetSearch, wanted: FleetFilter, reader: Reader) -> None:
    """Draw them. Script thread."""
    _ = reader.translate
    with st.spinner(_("Working out the figures…")):
        _all_metrics(fleet, search, wanted, reader)
    search = _choice(search, reader)
    write_fleet_search(search)
    with st.spinner(_("Working out the figures…")):
        found = fleet.figures(
            wanted,
            search.metric,
            search.group,
            counted=search.counted,
            measured=search.measured,
            zone=reader.zone.key,
        )
    if not found:
        st.info(_nobody_measured(search.metric, search, reader), icon=":material/sensors_off:")
        return
    _chart(found, search, reader)
    with st.expander(_("These figures as a table"), icon=":material/table_chart:"):
        _table(found, search, reader)
    _spread(fleet, search, wanted, reader)


def _nobody_measured(metric: Metric, search: FleetSearch, reader: Reader) -> str:
    _ = reader.translate
    if metric in (Metric.JITTER_BUFFER, Metric.CONCEALED) and search.measured is Measured.SERVER:
        return _("Only browsers measure this. Choose the browser under “Measured by”.")
    return _("Nobody measured this in these calls.")


def _heads(reader: Reader) -> tuple[tuple[str, str], ...]:
    _ = reader.translate
    return (
        (_("Call count"), ""),
        (_("Values"), _("How many connections, turns or seconds were counted.")),
        ("p50", _("Half of them were no worse.")),
        ("p95", _("Nineteen of twenty were no worse.")),
        ("p99", _("All but one of a hundred were no worse.")),
    )


def _row(name: str, tip: str, found: Figures, metric: Metric, reader: Reader) -> str:
    cells = (
        reader.number(found.calls),
        reader.number(found.count),
        *(figure(metric, value, reader) for value in (found.p50, found.p95, found.p99)),
    )
    return f"<tr>{_row_head(name, tip)}{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"


def _row_head(name: str, tip: str) -> str:
    return f"<th scope='row'>{escape(name)}{f'<div class=es-tip>{escape(tip)}</div>' if tip else ''}</th>"


def _figures_table(first: str, rows: list[str], reader: Reader) -> None:
    heads = ((first, ""), *_heads(reader))
    head = "".join(f"<th scope='col' title='{escape(tip, quote=True)}'>{escape(name)}</th>" for name, tip in heads)
    st.html(
        f"<div class='es-scroll'><table class='es-table es-figures'><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _all_metrics(fleet: Fleet, search: FleetSearch, wanted: FleetFilter, reader: Reader) -> None:
    _ = reader.translate
    rows = []
    for metric, words in METRICS.items():
        found = fleet.figures(wanted, metric, measured=search.measured)
        if found:
            rows.append(_row(_(words.name), _(words.tip), found[0], metric, reader))
        else:
            why = escape(_nobody_measured(metric, search, reader))
            rows.append(
                f"<tr>{_row_head(_(words.name), _(words.tip))}<td class='es-nothing' colspan='5'>{why}</td></tr>"
            )
    _figures_table(_("Figure"), rows, reader)


def _choice(search: FleetSearch, reader: Reader) -> FleetSearch:
    _ = reader.translate
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="fleet-chart-choice"):
        metrics = list(METRICS)
        metric = st.selectbox(
            _("Figure"),
            metrics,
            metrics.index(search.metric),
            format_func=lambda each: _(METRICS[each].name),
            width=190,
            key="fleet-metric",
        )
        groups = list(Group)
        group = st.selectbox(
            _("By"),
            groups,
            groups.index(search.group),
            format_func=lambda each: _(GROUPS[each]),
            width=170,
            key="fleet-group",
        )
        counted = Counted.CONNECTION
        if metric.has_seconds:
            ways = list(Counted)
            counted = st.selectbox(
                _("Counted"),
                ways,
                ways.index(search.counted),
                format_func=lambda each: _(COUNTED[each]),
                help=_(COUNTED_TIP),
                width=170,
                key="fleet-counted",
            )
    return replace(search, metric=metric, group=group, counted=counted)


def _names(reader: Reader) -> tuple[str, str, str]:
    _ = reader.translate
    return _("Median (p50)"), _("95th percentile"), _("99th percentile")


def _point(name: str, found: Figures, metric: Metric, reader: Reader) -> GroupPoint:
    _ = reader.translate
    numbers = " · ".join(
        f"{label} {figure(metric, value, reader)}"
        for label, value in (("p50", found.p50), ("p95", found.p95), ("p99", found.p99))
    )
    calls = _("Calls: {count}").format(count=reader.number(found.calls))
    return GroupPoint(name, f"<b>{escape(name)}</b><br>{numbers}<br>{calls}", (found.p50, found.p95, found.p99))


def _chart(found: tuple[Figures, ...], search: FleetSearch, reader: Reader) -> None:
    _ = reader.translate
    words, colours = METRICS[search.metric], palette(current_theme())
    st.subheader(
        _("{figure} by {group}").format(figure=_(words.name), group=_(GROUPS[search.group]).lower()), anchor=False
    )
    if search.group in (Group.DAY, Group.HOUR):
        known = {each.key: each for each in found}
        points = [
            _point(key_name(search.group, key, reader), known[key], search.metric, reader)
            if key in known
            else GroupPoint(key_name(search.group, key, reader), "", (None, None, None))
            for key in _all_keys(search.group, list(known))
        ]
        drawn = trend_figure(points, _names(reader), words.unit, colours)
    else:
        points = [
            _point(key_name(search.group, each.key, reader), each, search.metric, reader)
            for each in found[:SHOWN_GROUPS]
        ]
        drawn = groups_figure(points, _names(reader), words.unit, colours)
    st.plotly_chart(drawn, key="fleet-chart", config=CHART, theme=None)
    if search.metric.is_better_high:
        st.caption(_("Of MOS, less is worse: its 95th percentile is what nineteen of twenty reached."))


def _all_keys(group: Group, found: list[str]) -> list[str]:
    """Those between the first and the last, too, that no call belongs to."""
    if group is Group.HOUR:
        return [f"{hour:02d}" for hour in range(int(found[0]), int(found[-1]) + 1)]
    first, last = date.fromisoformat(found[0]), date.fromisoformat(found[-1])
    return [(first + timedelta(days=n)).isoformat() for n in range((last - first).days + 1)]


def _table(found: tuple[Figures, ...], search: FleetSearch, reader: Reader) -> None:
    rows = [_row(key_name(search.group, each.key, reader), "", each, search.metric, reader) for each in found]
    _figures_table(reader.translate(GROUPS[search.group]), rows, reader)


def _spread(fleet: Fleet, search: FleetSearch, wanted: FleetFilter, reader: Reader) -> None:
    _ = reader.translate
    words = METRICS[search.metric]
    found = fleet.distribution(wanted, search.metric, counted=search.counted, measured=search.measured)
    st.subheader(_("How it spreads: {figure}").format(figure=_(words.name)), anchor=False)
    last = len(found.bins) - 1
    hovers = []
    for number, each in enumerate(found.bins):
        low, high = (figure(search.metric, value, reader) for value in (each.low, each.high))
        span = _("{low} and more").format(low=low) if number == last else f"{low} – {high}"
        share = reader.percent(each.count / found.count)
        hovers.append(f"{escape(span)}<br>{reader.number(each.count)} ({share})")
    st.plotly_chart(
        distribution_figure(found, hovers, words.unit, palette(current_theme())),
        key="fleet-spread",
        config=CHART,
        theme=None,
    )
