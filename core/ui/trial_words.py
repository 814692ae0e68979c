"""What came of trying a prompt, as a table: each field, what it took, and what it cost in tokens."""

from html import escape

from core.assist.prompt_trial import PromptTrial
from core.assist.sentence import SUMMARY_CHARACTERS, SUMMARY_WORDS, is_brief, summary_length
from core.language.catalogue import Translate
from core.ui.insight_words import SENTIMENTS, TRENDS
from core.ui.reader import Reader

NOTHING = "–"


def trial_table(trial: PromptTrial, reader: Reader) -> str:
    """The table, in HTML. What a model wrote is escaped."""
    _ = reader.translate
    insight = trial.insight
    rows = (
        (_("Summary"), _summary(trial, reader)),
        (_("Customer's issue"), _text(insight.text.customer_issue)),
        (_("Agent's action"), _text(insight.text.agent_action)),
        (_("Intent"), _intent(trial, reader)),
        (_("Sentiment"), _sentiment(trial, reader)),
        (_("Risks"), _risks(trial, reader.locale)),
        (_("Suggested reply"), _text(insight.suggested_reply)),
        (_("Time taken"), escape(_times(trial, reader))),
        (_("Tokens"), escape(_tokens(trial, reader))),
        (
            _("Language model"),
            f"<code>{escape(trial.model)}</code> <span class='es-quiet'>{escape(trial.engine)}</span>",
        ),
        (_("Conversation"), escape(_conversation(trial, _))),
    )
    body = "".join(f"<tr><td>{escape(name)}</td><td>{value}</td></tr>" for name, value in rows)
    return f"<table class='es-hints es-trial'><tbody>{body}</tbody></table>"


def _text(sentence: str) -> str:
    return escape(sentence) or NOTHING


def _summary(trial: PromptTrial, reader: Reader) -> str:
    _ = reader.translate
    summary, language = trial.insight.text.summary, trial.prompt.language
    if not summary:
        return NOTHING
    length = summary_length(summary, language)
    limits = {
        "ko": (_("{length} of at most {limit} characters"), SUMMARY_CHARACTERS),
        "en": (_("{length} of at most {limit} words"), SUMMARY_WORDS),
    }
    sentence, limit = limits.get(language, limits["en"])
    kind = "es-quiet" if is_brief(summary, language) else "es-over"
    return f"{escape(summary)} <span class='{kind}'>{escape(sentence.format(length=length, limit=limit))}</span>"


def _intent(trial: PromptTrial, reader: Reader) -> str:
    intent = trial.insight.intent
    if intent is None:
        return NOTHING
    sure = "" if intent.confidence is None else f" {round(intent.confidence * 100)} %"
    name = trial.prompt.intent_name(intent.label, reader.locale)
    return f"{escape(name)} <span class='es-quiet'><code>{escape(intent.label)}</code>{sure}</span>"


def _sentiment(trial: PromptTrial, reader: Reader) -> str:
    _ = reader.translate
    felt = trial.insight.sentiment
    if felt is None:
        return NOTHING
    score = f"{reader.number(felt.score, 1)}, {_(TRENDS[felt.trend])}"
    return f"{escape(_(SENTIMENTS[felt.label]))} <span class='es-quiet'>{escape(score)}</span>"


def _risks(trial: PromptTrial, locale: str) -> str:
    flags = (
        f"<div>{escape(trial.prompt.risk_name(flag.kind, locale))}: “{escape(flag.words)}”</div>"
        for flag in trial.insight.risks
    )
    return "".join(flags) or NOTHING


def _times(trial: PromptTrial, reader: Reader) -> str:
    _ = reader.translate
    steps = (
        (_("first word after {seconds} s"), trial.first_token_s),
        (_("summary after {seconds} s"), trial.summary_s),
        (_("whole after {seconds} s"), trial.took_s if trial.problem is None else None),
        (_("failed after {seconds} s"), trial.took_s if trial.problem is not None else None),
    )
    return " · ".join(words.format(seconds=reader.number(at, 2)) for words, at in steps if at is not None)


def _tokens(trial: PromptTrial, reader: Reader) -> str:
    _ = reader.translate
    used = trial.usage
    if used is None:
        return NOTHING if trial.problem is not None else _("The server does not tell.")
    words = _("{read} read, {cached} of them cached · {written} written")
    return words.format(
        read=reader.number(used.input_tokens),
        cached=reader.number(used.cached_input_tokens),
        written=reader.number(used.output_tokens),
    )


def _conversation(trial: PromptTrial, translate: Translate) -> str:
    _ = translate
    if trial.left_out:
        return _("{turns} turns; {left_out} at the beginning were left out.").format(
            turns=trial.turns, left_out=trial.left_out
        )
    return _("{turns} turns").format(turns=trial.turns)
