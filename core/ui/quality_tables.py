"""The tables of the Quality page: scores with what they come from, legs, and all figures for who sees no chart."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

import streamlit as st

from core.language.catalogue import Translate
from core.model.call import LegId
from core.model.quality import BufferDrift, Score
from core.model.sample import Direction, Vantage
from core.model.snapshot import CallSnapshot
from core.quality.alert_words import BANDS
from core.quality.figures import METRICS, Provenance
from core.quality.moments import MetricSummary
from core.ui.fleet_words import NETWORKS
from core.ui.metric_words import DIRECTIONS_SHORT, METRIC_EXPLANATIONS, METRIC_NAMES, PROVENANCES, VANTAGES
from core.ui.quality_marks import leg_titles
from core.ui.reader import Reader


def scores_table(picture: CallSnapshot, is_running: bool, reader: Reader) -> None:
    """Draw the score of every leg and direction with its inputs. Script thread."""
    _ = reader.translate
    names = leg_titles(picture, _)
    scores = [score for score in picture.quality.scores if score.leg_id in names]
    if not scores:
        st.caption(_("No score: it takes round-trip time, jitter and loss of the same seconds, and one was missing."))
        return
    heads = (
        _("Participant"),
        _("Direction"),
        _("Measured by"),
        f"{_('MOS')} ({_('estimated')})",
        _("Round-trip time"),
        _("Jitter"),
        _("Packet loss"),
    )
    legs = list(names)
    in_order = sorted(scores, key=lambda each: (legs.index(each.leg_id), each.direction is Direction.INBOUND))
    rows = [_score_cells(score, names[score.leg_id], reader) for score in in_order]
    caption = (
        _("The latest scores, each with what it was computed from")
        if is_running
        else _("Mean scores, each with what it was computed from")
    )
    st.html(_table(caption, heads, rows, words=2), width="content")


def _score_cells(score: Score, name: str, reader: Reader) -> tuple[str, ...]:
    _ = reader.translate
    return (
        name,
        _(DIRECTIONS_SHORT[score.direction]),
        _(VANTAGES[score.vantage]),
        f"{reader.number(score.mos, 2)} · {_(BANDS[score.band])}",
        *(
            f"{value} ({_(PROVENANCES[Provenance.ESTIMATED])})" if name in score.estimated else value
            for name, value in (
                ("rtt_ms", f"{reader.number(score.rtt_ms)} ms"),
                ("jitter_ms", f"{reader.number(score.jitter_ms, 1)} ms"),
                ("loss_pct", f"{reader.number(score.loss_pct, 1)} %"),
            )
        ),
    )


def legs_table(picture: CallSnapshot, reader: Reader) -> None:
    """Draw what is known of each connection beside its figures; nothing where nothing is. Script thread."""
    _ = reader.translate
    titles = leg_titles(picture, _)
    drift_of = {drift.leg_id: drift for drift in picture.quality.drifts}
    rows = []
    for leg_id, title in titles.items():
        facts, drift = picture.leg_facts.get(leg_id), drift_of.get(leg_id)
        browser = facts.browser if facts else None
        if drift is None and browser is None and (facts is None or facts.set_up_s is None):
            continue
        told = (browser.name, browser.platform, _network(browser.network, _)) if browser else ()
        set_up_s = facts.set_up_s if facts else None
        rows.append(
            (
                title,
                " · ".join(part for part in told if part) or _("unknown"),
                "–" if set_up_s is None else f"{reader.number(set_up_s, 1)} s",
                "–" if drift is None else _drift(drift, _),
            )
        )
    if rows:
        heads = (
            _("Participant"),
            _("Browser, system, network"),
            _("Set-up time"),
            f"{_('Drift of the jitter buffer')} ({_(PROVENANCES[Provenance.ESTIMATED])})",
        )
        st.html(_table(_("Connections of this call"), heads, rows, words=1), width="content")


def _network(kind: str, translate: Translate) -> str:
    return translate(NETWORKS[kind]) if kind in NETWORKS else kind


def _drift(drift: BufferDrift, translate: Translate) -> str:
    return translate("{slope} ms/min (95 %: {low} to {high}), over {minutes} min").format(
        slope=_signed(drift.slope_ms_per_min),
        low=_signed(drift.low_ms_per_min),
        high=_signed(drift.high_ms_per_min),
        minutes=f"{drift.span_s / 60:.0f}",
    )


def _signed(value: float) -> str:
    # What rounds to zero is not below it.
    return f"{round(value, 1) or 0.0:+.1f}"


def figures_table(
    summaries: Sequence[MetricSummary],
    series: Iterable[tuple[LegId, Direction]],
    names: Mapping[LegId, str],
    reader: Reader,
) -> None:
    """Draw every figure of every leg and direction; those that nobody measured, too. Script thread."""
    _ = reader.translate
    heads = (
        _("Figure"),
        _("Participant"),
        _("Measured by"),
        _("Value"),
        _("Mean"),
        _("95th percentile"),
        _("Worst"),
        _("Seconds with a value"),
    )
    found: dict[tuple[str, LegId, Direction], list[MetricSummary]] = {}
    for summary in summaries:
        found.setdefault((summary.metric.field, summary.leg_id, summary.direction), []).append(summary)
    rows: list[tuple[str, ...]] = []
    tips: list[str] = []
    wanted = list(series)
    for metric in METRICS:
        for leg_id, direction in wanted:
            who = f"{names.get(leg_id, '')} {_(DIRECTIONS_SHORT[direction])}"
            known = found.get((metric.field, leg_id, direction), [])
            for each in known:
                numbers = (f"{reader.number(value, 1)} {metric.unit}" for value in (each.mean, each.p95, each.worst))
                rows.append(
                    (
                        _(METRIC_NAMES[metric.field]),
                        who,
                        _(VANTAGES[each.vantage]),
                        _(PROVENANCES[metric.provenance]),
                        *numbers,
                        reader.percent(each.coverage),
                    )
                )
                tips.append(_(METRIC_EXPLANATIONS[metric.field]))
            if not known:
                nothing = (_(PROVENANCES[Provenance.MISSING]), "–", "–", "–", "–")
                rows.append((_(METRIC_NAMES[metric.field]), who, _who_could(metric.vantages, _), *nothing))
                tips.append(_(METRIC_EXPLANATIONS[metric.field]))
    st.html(_table(_("Every figure of every connection and direction"), heads, rows, words=3, tips=tips))


def _who_could(vantages: frozenset[Vantage], translate: Translate) -> str:
    return " / ".join(translate(VANTAGES[vantage]) for vantage in VANTAGES if vantage in vantages)


def _table(
    caption: str, heads: Sequence[str], rows: Sequence[Sequence[str]], *, words: int, tips: Sequence[str] = ()
) -> str:
    """`words` columns after the first hold words, the others numbers."""
    kinds = ["", *[' class="es-word"'] * words, *[""] * (len(heads) - 1 - words)]
    head = "".join(f'<th scope="col"{kind}>{escape(each)}</th>' for kind, each in zip(kinds, heads, strict=True))
    lines = []
    for index, (first, *others) in enumerate(rows):
        tip = f' title="{escape(tips[index])}"' if tips else ""
        cells = "".join(f"<td{kind}>{escape(each)}</td>" for kind, each in zip(kinds[1:], others, strict=True))
        lines.append(f'<tr><th scope="row"{tip}>{escape(first)}</th>{cells}</tr>')
    return (
        '<div class="es-scroll"><table class="es-table es-figures es-quality-table">'
        f'<caption class="es-caption">{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )
