"""A call as one page that can be sent to somebody: how it sounded, why, and what was said.

It needs nothing but itself: no script, no font, no picture from anywhere. Everything in it that somebody typed or said
is escaped, and texts stand as they are kept: masked where masking is on. It opens in any browser, and prints.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from html import escape

from core.language.catalogue import Translate, message, translator
from core.language.formats import date_and_time, duration, number
from core.model.call import LegId, Role
from core.model.quality import CallQuality
from core.model.sample import Direction, RtpSample, Vantage
from core.model.stored_call import StoredCall
from core.quality.alert_words import BANDS, alert_sentence
from core.quality.diagnosis_words import diagnosis_words
from core.quality.figures import METRICS, Metric, with_scores
from core.quality.frames import sample_frame
from core.quality.lines import Line, lines
from core.quality.report_chart import DASHES, ReportPanel, chart, colours_of

POINTS = 500
"""About so many points a line has: a call of ten minutes is drawn second by second, and ten legs stay below 2 MB."""
PANELS: Mapping[str, tuple[str, tuple[float, float]]] = {
    "mos": (message("MOS"), (1.0, 4.5)),
    "jitter_ms": (message("Jitter"), (0.0, 35.0)),
    "loss_pct": (message("Packet loss"), (0.0, 2.5)),
    "rtt_ms": (message("Round-trip time"), (0.0, 100.0)),
    "jitter_buffer_ms": (message("Jitter buffer"), (0.0, 100.0)),
    "concealed_pct": (message("Concealed sound"), (0.0, 5.0)),
    "packets_per_s": (message("Packet rate"), (0.0, 60.0)),
    "send_deviation_p99_ms": (message("Send deviation"), (0.0, 10.0)),
    "level_dbfs": (message("Audio level"), (-80.0, 0.0)),
}
"""What is drawn, each with what its axis covers at least."""
ROLES: Mapping[Role, str] = {
    Role.CUSTOMER: message("Customer"),
    Role.AGENT: message("Agent"),
    Role.SUPERVISOR: message("Supervisor"),
    Role.PERSONA: message("AI persona"),
}
WAYS: Mapping[Direction, str] = {Direction.OUTBOUND: message("hears"), Direction.INBOUND: message("sends")}
VANTAGES: Mapping[Vantage, str] = {Vantage.BROWSER: message("Browser"), Vantage.SERVER: message("Server")}
LANGUAGES: Mapping[str, str] = {"ko": message("Korean"), "en": message("English")}
STYLE = """
:root{color-scheme:light}
body{font:15px/1.5 'Apple SD Gothic Neo','Malgun Gothic','Noto Sans KR','Noto Sans CJK KR',system-ui,sans-serif;
color:#1d2733;background:#fff;max-width:960px;margin:24px auto;padding:0 20px}
h1{font-size:1.5rem;margin:0 0 2px}h2{font-size:1.1rem;margin:28px 0 8px;border-bottom:1px solid #d6dde4}
h3{font-size:1rem;margin:12px 0 2px}p{margin:2px 0}.meta,figcaption,th,.legend{color:#5b6875}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:3px 10px 3px 0;vertical-align:top;border-bottom:1px solid #eef1f4;font-weight:400}
thead th{font-size:.85rem}tbody th{color:inherit}.timed td:first-child{white-space:nowrap;color:#5b6875;width:6.5em}
figure{margin:10px 0;break-inside:avoid}figcaption{font-size:.9rem}svg{width:100%;height:auto;display:block}
svg text{font-size:11px;fill:#5b6875}.grid{stroke:#e3e8ed}.limit{stroke:#c9453c;stroke-dasharray:2 3}
.line{fill:none;stroke-width:1.4;stroke-linecap:round;stroke-linejoin:round}
.cause{break-inside:avoid;border-left:3px solid #c9453c;padding:2px 0 2px 12px;margin:10px 0}
.cause h3{margin-top:0}.evidence{font-size:.9rem;color:#5b6875}.cure{font-weight:600}
.legend span{margin-right:16px;white-space:nowrap}.legend svg{display:inline;width:34px;height:8px}
blockquote{margin:4px 0;padding:6px 12px;background:#f3f6f8;border-radius:8px}tr{break-inside:avoid}
@media print{body{margin:0;max-width:none;font-size:12px}h2{break-after:avoid}}
""".strip().replace("\n", "")


def call_report(stored: StoredCall, samples: Sequence[RtpSample], quality: CallQuality, locale: str) -> bytes:
    """The page, as UTF-8. Times of day are UTC, and say so. Pure; any thread; about a second for an hour's call.

    Args:
        stored: The call.
        samples: All of it, in the order of their times.
        quality: What they say.
        locale: The report's language, `ko` or `en`.
    """
    return "".join(_Report(stored, samples, quality, locale).page()).encode("utf-8", "replace")


class _Report:
    def __init__(self, stored: StoredCall, samples: Sequence[RtpSample], quality: CallQuality, locale: str) -> None:
        self._stored = stored
        self._samples = samples
        self._quality = quality
        self._locale = locale
        self._translate: Translate = translator(locale)
        names = {participant.id: participant.name for participant in stored.call.participants}
        self._names = {leg: names.get(owner, "") for leg, owner in stored.legs.items()}

    def page(self) -> Iterator[str]:
        _ = self._translate
        title = escape(_("Report of a call"))
        policy = "default-src 'none'; style-src 'unsafe-inline'"
        yield f'<!doctype html><html lang="{escape(self._locale)}"><head><meta charset="utf-8"><title>{title}</title>'
        yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        yield f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body>'
        yield f"<header><h1>{title}</h1>{self._facts()}</header><main>"
        for heading, content in (
            (_("Summary"), self._summary()),
            (_("Causes"), self._causes()),
            (_("Scores"), self._scores()),
            (_("Alerts"), self._alerts()),
            (_("Figures over time"), self._charts()),
            (_("Connections"), self._connections()),
            (_("Transcript"), self._transcript()),
        ):
            yield f"<section><h2>{escape(heading)}</h2>{''.join(content)}</section>"
        yield "</main></body></html>"

    def _facts(self) -> str:
        _, call = self._translate, self._stored.call
        people = ", ".join(f"{person.name} ({_(ROLES[person.role])})" for person in call.participants)
        begun = f"{date_and_time(call.created_at, self._locale, UTC)} UTC"
        lasted = [] if call.ended_at is None else [duration(call.ended_at - (call.live_at or call.created_at))]
        language = _(LANGUAGES[call.language]) if call.language in LANGUAGES else call.language
        facts = " · ".join([begun, *lasted, language, call.id])
        return f'<p>{escape(people)}</p><p class="meta">{escape(facts)}</p>'

    def _summary(self) -> Iterator[str]:
        _ = self._translate
        if not self._stored.summaries:
            yield f"<p>{escape(_('No summary was made of this call.'))}</p>"
            return
        text = self._stored.summaries[-1].text
        yield f"<blockquote>{escape(text.summary)}</blockquote>"
        for label, said in ((_("Customer's issue"), text.customer_issue), (_("Agent's action"), text.agent_action)):
            if said:
                yield f'<p><span class="meta">{escape(label)}:</span> {escape(said)}</p>'

    def _causes(self) -> Iterator[str]:
        _ = self._translate
        for found in self._quality.diagnoses:
            words = diagnosis_words(found, "" if found.leg_id is None else self._name(found.leg_id), _)
            until = "" if found.end_s is None else f"–{duration(found.end_s)}"
            evidence = "; ".join(
                f"{each.label}: {each.value}" + (f" ({_('limit')} {each.limit})" if each.limit else "")
                for each in words.evidence
            )
            yield (
                f'<div class="cause"><h3>{escape(words.title)}</h3>'
                f'<p class="meta">{duration(found.start_s)}{until}</p><p>{escape(words.meaning)}</p>'
                f'<p class="evidence">{escape(evidence)}</p><p class="cure">{escape(words.cure)}</p></div>'
            )
        if not self._quality.diagnoses:
            yield f"<p>{escape(_('No cause of trouble was found.'))}</p>"

    def _scores(self) -> Iterator[str]:
        _ = self._translate
        heads = (_("Who"), "", _("Measured by"), _("MOS"), _("Round-trip time"), _("Jitter"), _("Packet loss"))
        rows = []
        for score in self._quality.scores:
            guessed = {name: f" ({_('estimated')})" if name in score.estimated else "" for name in FIGURES}
            rows.append(
                (
                    self._name(score.leg_id),
                    _(WAYS[score.direction]),
                    _(VANTAGES[score.vantage]),
                    f"{number(score.mos, self._locale, 2)} · {_(BANDS[score.band])}",
                    f"{number(score.rtt_ms, self._locale)} ms{guessed['rtt_ms']}",
                    f"{number(score.jitter_ms, self._locale, 1)} ms{guessed['jitter_ms']}",
                    f"{number(score.loss_pct, self._locale, 1)} %{guessed['loss_pct']}",
                )
            )
        yield _table(heads, rows) if rows else f"<p>{escape(_(NO_SCORE))}</p>"

    def _alerts(self) -> Iterator[str]:
        _ = self._translate
        rows = [
            (
                duration(alert.raised_at_s)
                + ("" if alert.cleared_at_s is None else f"–{duration(alert.cleared_at_s)}"),
                alert_sentence(alert, self._name(alert.leg_id), _),
                _(VANTAGES[alert.vantage]),
            )
            for alert in self._quality.alerts
        ]
        yield (
            _table((_("When"), _("Alert"), _("Measured by")), rows, "timed") if rows else f"<p>{escape(_('None.'))}</p>"
        )

    def _charts(self) -> Iterator[str]:
        _ = self._translate
        if not self._samples:
            yield f"<p>{escape(_('No figures were kept of this call.'))}</p>"
            return
        drawn = lines(with_scores(sample_frame(self._samples)), tuple(PANELS), POINTS)
        legs = list(dict.fromkeys(line.leg_id for line in drawn))
        colours = colours_of(legs)
        start_s = max(0.0, min(sample.at_s - sample.period_s for sample in self._samples))
        span_s = start_s, max(start_s + 1.0, self._samples[-1].at_s)
        yield f'<p class="legend">{"".join(self._legend(drawn, colours))}</p>'
        for metric in METRICS:
            own = [line for line in drawn if line.field == metric.field]
            if own and metric.field in PANELS:
                panel = self._panel(metric)
                unit = f" {escape(panel.unit)}" if panel.unit else ""
                yield f"<figure><figcaption>{escape(panel.title)}{unit}</figcaption>"
                yield f"{chart(panel, own, colours, span_s)}</figure>"

    def _panel(self, metric: Metric) -> ReportPanel:
        title, calm = PANELS[metric.field]
        return ReportPanel(self._translate(title), metric.unit, calm, metric.limit)

    def _legend(self, drawn: Sequence[Line], colours: Mapping[LegId, str]) -> Iterator[str]:
        _ = self._translate
        for leg, colour in colours.items():
            yield f'<span><b style="color:{colour}">■</b> {escape(self._name(leg))}</span>'
        kinds = {(line.direction, line.vantage) for line in drawn}
        for (direction, vantage), dash in DASHES.items():
            if (direction, vantage) in kinds:
                line = f'<path d="M0 4H34" stroke="#1d2733" class="line" stroke-dasharray="{dash or "none"}"/>'
                text = escape(f"{_(WAYS[direction])} · {_(VANTAGES[vantage])}")
                yield f'<span><svg viewBox="0 0 34 8">{line}</svg> {text}</span>'

    def _connections(self) -> Iterator[str]:
        _ = self._translate
        rows = []
        for facts in sorted(self._stored.leg_facts.values(), key=lambda each: each.opened_at_s):
            browser = facts.browser
            told = (browser.name, browser.platform, browser.network) if browser else ()
            set_up = "–" if facts.set_up_s is None else f"{number(facts.set_up_s, self._locale, 1)} s"
            rows.append((self._name(facts.leg_id), " · ".join(part for part in told if part) or "–", set_up))
        heads = (_("Who"), _("Browser, system, network"), _("Set-up time"))
        yield _table(heads, rows) if rows else f"<p>{escape(_('Nothing is known of them.'))}</p>"

    def _transcript(self) -> Iterator[str]:
        _ = self._translate
        said = [each for each in self._stored.utterances if each.is_final and each.text]
        rows = [(duration(each.start_s), each.speaker, each.text) for each in said]
        heads = (_("When"), _("Who"), _("Said"))
        yield _table(heads, rows, "timed") if rows else f"<p>{escape(_('Nothing was said in this call.'))}</p>"

    def _name(self, leg_id: LegId) -> str:
        return self._names.get(leg_id) or leg_id


FIGURES = ("rtt_ms", "jitter_ms", "loss_pct")
NO_SCORE = message("No score: it takes round-trip time, jitter and loss of the same seconds, and one was missing.")


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], style: str = "plain") -> str:
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f'<table class="{style}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
