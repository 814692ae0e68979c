"""Whether a text that a model wrote may be shown as a sentence, and how long a summary is."""

import re
import unicodedata
from typing import Any, Final

from core.language import english
from core.model.call import Language

SUMMARY_CHARACTERS = 20
"""Most of a Korean summary, spaces included, the full stop not."""
SUMMARY_WORDS = 20
"""Most of an English summary."""
LONGEST_SUMMARY = {"ko": 60, "en": 240}
"""Characters beyond which a summary is none: nobody can read it at a glance. Another language's is as the English."""
_CODE: Final = re.compile(r'[{}<>`\\]|"\s*:|\[\s*["\[\]]|^[,:\]]|https?://|\ufffd')
"""Signs of JSON, markup and code; masked numbers such as `[card number]` have brackets, too, and are none."""
_NO_TEXT: Final = frozenset({"Cc", "Cs", "Co", "Cn"})
"""Categories of what no text for people has: controls, halves of surrogate pairs, private and unassigned characters."""
_END: Final = re.compile(r"(?<=[.!?。])\s+")
_KOREAN_SUBJECT: Final = re.compile(r"^고객(?:님)?(?:이|은|께서)\s+")


def believed_sentence(value: Any, longest: int) -> str:
    """A model's text as it may be shown: on one line, or empty where it is no text for people. Any thread."""
    if not isinstance(value, str):
        return ""
    text = unicodedata.normalize("NFC", " ".join(value.split()))
    if len(text) > longest or _CODE.search(text) or not any(c.isalnum() for c in text):
        return ""
    return "" if any(unicodedata.category(c) in _NO_TEXT for c in text) else text


def believed_summary(value: Any, language: Language) -> str:
    """A summary as it may be shown: its first sentence, shortened only where no word of meaning goes. Any thread.

    A model that was told a limit keeps to it mostly, not always. A Korean summary over its limit loses the subject
    `고객이`, which Korean leaves out by itself, unless it tells of the agent, too. What is still over is kept whole up
    to `LONGEST_SUMMARY`: a cut sentence may say the opposite, a long one is only long.
    """
    longest = LONGEST_SUMMARY.get(language, LONGEST_SUMMARY["en"])
    text = believed_sentence(value, 2 * longest)
    if not text:
        return ""
    first = _first_sentence(text, language)
    if language == "ko" and not is_brief(first, language) and "상담" not in first:
        first = _KOREAN_SUBJECT.sub("", first)
    return first if len(first) <= longest else ""


def _first_sentence(text: str, language: Language) -> str:
    if _END.search(text) is None:
        return text
    # A Korean full stop ends a sentence; an English one may belong to an abbreviation.
    # The Korean analyser, which would take seconds to load before the first summary is shown, is not needed for that.
    return _END.split(text, maxsplit=1)[0] if language == "ko" else next(iter(english.sentences(text)), "")


def summary_length(summary: str, language: Language) -> int:
    """How long a summary is: in characters in Korean, the full stop left out, and in words otherwise."""
    return len(summary.rstrip(".。!?")) if language == "ko" else len(summary.split())


def is_brief(summary: str, language: Language) -> bool:
    """Whether a summary keeps its limit: 20 characters in Korean, 20 words in every other language."""
    return summary_length(summary, language) <= (SUMMARY_CHARACTERS if language == "ko" else SUMMARY_WORDS)


def normal_form(text: str) -> str:
    """A text by which a quotation is found in what was said: without case, punctuation or spacing."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())
