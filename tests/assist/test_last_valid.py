from hypothesis import given
from hypothesis import strategies as st

from core.assist.last_valid import over
from core.model.insight import Insight, Intent, RiskFlag, Sentiment, SentimentLabel, SentimentTrend, SummaryText

sentence = st.sampled_from(["", "요금 문의", "환불 요청"])
insights = st.builds(
    Insight,
    text=st.builds(SummaryText, sentence, sentence, sentence),
    intent=st.none() | st.just(Intent("refund", 0.9)),
    sentiment=st.none() | st.just(Sentiment(SentimentLabel.NEGATIVE, -0.5, SentimentTrend.FALLING)),
    risks=st.sampled_from([(), (RiskFlag("churn", "해지할게요"),)]),
    suggested_reply=sentence,
)


@given(before=insights, newer=insights, is_whole=st.booleans())
def test_a_newer_valid_value_wins_and_the_last_valid_one_stays(before: Insight, newer: Insight, is_whole: bool) -> None:
    now = over(before, newer, is_whole=is_whole)
    assert now.text.summary == (newer.text.summary or before.text.summary)
    assert now.text.customer_issue == (newer.text.customer_issue or before.text.customer_issue)
    assert now.text.agent_action == (newer.text.agent_action or before.text.agent_action)
    assert now.intent == (newer.intent or before.intent)
    assert now.sentiment == (newer.sentiment or before.sentiment)
    assert now.risks == (newer.risks or (() if is_whole else before.risks))
    assert now.suggested_reply == (newer.suggested_reply or ("" if is_whole else before.suggested_reply))
    assert over(None, newer, is_whole=is_whole) == newer
