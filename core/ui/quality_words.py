"""The words for scores and alerts that the live view's script shows. English sentences are keys."""

from core.language.catalogue import Translate
from core.quality.alert_words import ALERTS, BANDS


def quality_words(translate: Translate) -> dict[str, object]:
    """Every word about scores and alerts that the live view's script shows, in the reader's language."""
    _ = translate
    return {
        "mos": _("MOS"),
        "rtt": _("RTT"),
        "score_inbound": _(
            "To the server: {mos}, {band} "
            "(RTT {rtt} ms{rtt_note}, jitter {jitter} ms{jitter_note}, loss {loss} %{loss_note})"
        ),
        "score_outbound": _(
            "From the server: {mos}, {band} "
            "(RTT {rtt} ms{rtt_note}, jitter {jitter} ms{jitter_note}, loss {loss} %{loss_note})"
        ),
        "alerts": _("Alerts"),
        "since": _("since {time}"),
        "from_to": _("{from} to {to}"),
        "over": _("Earlier alerts: {count}"),
        "over_tip": _("What was wrong and is no more."),
        "sources": {
            "server": _("measured by the server"),
            "browser": _("measured by the browser"),
            "browser,server": _("measured by the browser and the server"),
        },
        "score_source": _("{line} – {source}"),
        "score_estimated": _("(estimated)"),
        "diagnosis": _("What is wrong, and what to do"),
        "diagnosis_tip": _("Causes that the figures of all legs, measured by the server and the browsers, point to."),
        "diagnosis_cure": _("What to do"),
        "diagnosis_limit": _("limit {limit}"),
        "diagnosis_uncertain": _("probably"),
        "diagnosis_uncertain_tip": _("The figures fit, but another cause would show the same."),
        "diagnosis_more": _("Also noticed: {count}"),
        "sentences": {"/".join(filter(None, key)): _(text) for key, text in ALERTS.items()},
        "bands": {band.value: _(text) for band, text in BANDS.items()},
    }
