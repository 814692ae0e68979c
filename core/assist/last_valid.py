"""What is believed of a call while a language model is answering anew, or after an answer that broke off.

The last valid value of a field stays until a newer one is valid. Only a whole answer that suggests no reply, or names
no risk, takes back those before: they were for an earlier moment.
"""

from core.model.insight import Insight, SummaryText


def over(before: Insight | None, newer: Insight, *, is_whole: bool) -> Insight:
    """The newer answer, with what it leaves open taken from the one before.

    Args:
        before: What was believed so far.
        newer: The answer: empty and None where a field is not complete and valid.
        is_whole: It came to its end; otherwise it may name risks and a reply that have not arrived.
    """
    if before is None:
        return newer
    return Insight(
        text=SummaryText(
            summary=newer.text.summary or before.text.summary,
            customer_issue=newer.text.customer_issue or before.text.customer_issue,
            agent_action=newer.text.agent_action or before.text.agent_action,
        ),
        intent=newer.intent or before.intent,
        sentiment=newer.sentiment or before.sentiment,
        risks=newer.risks if is_whole else newer.risks or before.risks,
        suggested_reply=newer.suggested_reply if is_whole else newer.suggested_reply or before.suggested_reply,
    )
