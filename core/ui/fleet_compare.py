"""Two groups of calls side by side, with what their difference is worth."""

from datetime import datetime
from html import escape

import streamlit as st

from core.language.catalogue import message
from core.quality.comparison import FEWEST
from core.quality.fleet import Fleet
from core.quality.fleet_question import Difference, FleetOptions, Group, Verdict
from core.ui.fleet_filters import against_form
from core.ui.fleet_search import Against, FleetSearch, write_fleet_search
from core.ui.fleet_words import METRICS, VERDICT_TIP, VERDICTS, figure, key_name
from core.ui.reader import Reader

GROUP_TIP = message("Median, then the 95th percentile in brackets, and how many calls have the figure.")
MARKS = {Verdict.BETTER: "▲", Verdict.WORSE: "▼", Verdict.UNCLEAR: "≈", Verdict.TOO_FEW: "?"}


def compare_view(fleet: Fleet, search: FleetSearch, options: FleetOptions, moment: datetime, reader: Reader) -> None:
    """Draw the choice and the table; days are those of the reader's time zone. Script thread."""
    _ = reader.translate
    search = against_form(search, options, reader)
    write_fleet_search(search)
    other = search.compared(reader.zone, moment)
    if other is None:
        st.info(_("Choose a period, or another group, to compare with."), icon=":material/compare_arrows:")
        return
    wanted = search.filter(reader.zone, moment)
    counts = fleet.worst(other, 1).total, fleet.worst(wanted, 1).total
    for name, count in zip(_names(search, reader), counts, strict=True):
        if not count:
            st.info(
                _("There is nothing to compare: “{group}” has no calls.").format(group=name),
                icon=":material/search_off:",
            )
            return
    with st.spinner(_("Working out the figures…")):
        found = fleet.compare(other, wanted, measured=search.measured)
    if not found:
        st.info(_("Neither group has any figures."), icon=":material/search_off:")
        return
    st.html(_table(found, _names(search, reader), counts, reader))
    st.caption(
        _("Each call counts once, with the mean of its connections or turns. {rule}").format(
            rule=f"{_(GROUP_TIP)} {_(VERDICT_TIP).format(count=FEWEST)}"
        )
    )


def _names(search: FleetSearch, reader: Reader) -> tuple[str, str]:
    """What the other group and this one are called."""
    _ = reader.translate
    if search.against is Against.PERIOD:
        return _("The time before"), _("This period")
    group = Group(search.against.value)
    own = getattr(search, search.against.value)
    return key_name(group, search.other, reader), key_name(group, own, reader) if own else _("All")


def _table(found: tuple[Difference, ...], names: tuple[str, str], counts: tuple[int, int], reader: Reader) -> str:
    _ = reader.translate
    groups = [
        f"{name} · {_('Calls: {count}').format(count=reader.number(count))}"
        for name, count in zip(names, counts, strict=True)
    ]
    heads = (
        (_("Figure"), ""),
        *((group, _(GROUP_TIP)) for group in groups),
        (_("Difference"), _("Of the medians, with its 95 % interval.")),
        (_("Verdict"), _(VERDICT_TIP).format(count=FEWEST)),
    )
    head = "".join(f"<th scope='col' title='{escape(tip, quote=True)}'>{escape(name)}</th>" for name, tip in heads)
    rows = "".join(_row(each, reader) for each in found)
    return (
        f"<div class='es-scroll'><table class='es-table es-figures es-compare'><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )


def _row(each: Difference, reader: Reader) -> str:
    _ = reader.translate
    words = METRICS[each.metric]
    cells = [_group(each, index, reader) for index in (0, 1)]
    change = escape(figure(each.metric, each.change, reader, is_signed=True))
    if each.low is not None and each.high is not None:
        ends = (figure(each.metric, end, reader, is_signed=True) for end in (each.low, each.high))
        change += f"<div class='es-tip'>{escape(' … '.join(ends))}</div>"
    said = f"{MARKS[each.verdict]} {escape(_(VERDICTS[each.verdict]))}"
    verdict = f"<span class='es-verdict es-{each.verdict.value}'>{said}</span>"
    tip = escape(_(words.tip), quote=True)
    body = "".join(f"<td>{cell}</td>" for cell in (*cells, change, verdict))
    return f"<tr><th scope='row' title='{tip}'>{escape(_(words.name))}</th>{body}</tr>"


def _group(each: Difference, index: int, reader: Reader) -> str:
    _ = reader.translate
    p50, p95 = (figure(each.metric, pair[index], reader) for pair in (each.p50, each.p95))
    calls = _("Calls: {count}").format(count=reader.number(each.calls[index]))
    return f"{escape(p50)} ({escape(p95)})<div class='es-tip'>{escape(calls)}</div>"
