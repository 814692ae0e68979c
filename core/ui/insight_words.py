"""The words for what a language model says of a call, and for how it is doing. English sentences are keys."""

from collections.abc import Mapping

from core.language.catalogue import Translate, message
from core.model.insight import SentimentLabel, SentimentTrend

SENTIMENTS: Mapping[SentimentLabel, str] = {
    SentimentLabel.NEGATIVE: message("Negative"),
    SentimentLabel.NEUTRAL: message("Neutral"),
    SentimentLabel.POSITIVE: message("Positive"),
}

TRENDS: Mapping[SentimentTrend, str] = {
    SentimentTrend.FALLING: message("getting worse"),
    SentimentTrend.STEADY: message("steady"),
    SentimentTrend.RISING: message("getting better"),
}

TROUBLES: Mapping[str, str] = {
    "ModelKeyRefused": message("The language model refuses the key."),
    "ModelUnknown": message("The server does not know the language model."),
    "ModelRequestRefused": message("The language model refuses the request."),
    "ModelServerForeign": message("What answers there is no language model."),
    "ModelQuotaUsedUp": message("The quota of the language model is used up."),
    "ModelRateLimited": message("The language model takes no more requests for now."),
    "ModelServerFailed": message("The language model's server fails."),
    "ModelTimeout": message("The language model did not answer in time."),
    "ModelUnreachable": message("The language model cannot be reached."),
    "ModelStreamDropped": message("The connection to the language model broke off."),
    "ModelAnswerInvalid": message("The language model's answer could not be used."),
    "ModelAnswerTooLong": message("The language model's answer was too long and cut off."),
    "ModelAnswerFiltered": message("The provider's content filter stopped the answer."),
    "ModelDeclined": message("The language model declined to answer."),
}
"""By the error's name, for those who cannot do anything about it; the server's health has the whole sentence."""


def insight_words(translate: Translate) -> dict[str, object]:
    """The words that assets/insight.js shows, but for those of the plain summary."""
    _ = translate
    return {
        "asked": _("asking…"),
        "answering": _("writing…"),
        "asked_tip": _(
            "The language model has been asked about what was said last. Until it answers, its last answer stays."
        ),
        "intent": _("Intent"),
        "intent_tip": _("What the customer wants, as the language model sees it: {percent} % sure."),
        "sentiment": _("Sentiment"),
        "sentiment_tip": _(
            "How the customer feels: {score} on a scale from −1 (worst) to 1 (best), {trend}. Estimated by the"
            " language model."
        ),
        "risk": _("Risk"),
        "risk_tip": _("What the language model takes for a warning. The words in quotation marks were really said."),
        "reply": _("Suggested reply"),
        "reply_tip": _("Suggested by the language model. Read it before you say it."),
        "copy": _("Copy"),
        "copied": _("Copied"),
        "copy_reply": _("Copy the suggested reply"),
        "copy_by_hand": _("Copy this text:"),
        "trouble": _("The language model did not answer."),
        "troubles": {code: _(text) for code, text in TROUBLES.items()},
        "stands_in": _("{reason} The extract stands in."),
        "stood_in_tip": _(
            "{reason} This summary stands in for the model's: the most telling sentences were picked and shortened."
        ),
        "again_in": _("Asked again in {n} s."),
        "again_next": _("Asked again after the next sentence."),
        "again_now": _("Asking again…"),
        "tokens": _("Tokens: {input} read ({cached} of them cached), {output} written."),
        "until_first": _("First words of the answer after {first} s, whole after {whole} s."),
        "sentiments": {label.value: _(text) for label, text in SENTIMENTS.items()},
        "trends": {trend.value: _(text) for trend, text in TRENDS.items()},
    }
