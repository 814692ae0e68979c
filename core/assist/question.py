"""A question about a call so far: what a language model is asked, what to believe of it, and the answer without one."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from core.assist.insight_request import SPEAKERS
from core.assist.json_answer import NO_OBJECT, SAYS_NOTHING, json_object
from core.assist.language_model import ModelRequest
from core.assist.prompt import Prompt
from core.assist.sentence import believed_sentence
from core.language import english, korean
from core.model.call import Language
from core.model.errors import ModelAnswerInvalid
from core.model.insight import SummaryText
from core.model.utterance import Utterance

TOKEN_LIMIT = 400
MATERIAL_CHARACTERS = 8_000
"""Of a longer call the model gets the utterances that fit the question, and the latest."""
LATEST = 12
"""Utterances at the end that a model always gets."""
MOST_EVIDENCE = 4
LONGEST_ANSWER = 600

_CONTENT = frozenset({"NNG", "NNP", "NNB", "NR", "SN", "SL", "VV", "VA", "XR", "MAG"})
_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {"answer": {"type": "string"}, "evidence": {"type": "array", "items": {"type": "integer"}}},
    "required": ["answer", "evidence"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with the utterances that it rests on, in their order; without text, they are all that was found."""

    text: str
    evidence: tuple[Utterance, ...]


def question_request(
    question: str, utterances: Sequence[Utterance], summary: SummaryText | None, language: Language, prompt: Prompt
) -> ModelRequest:
    """The question to a model. The utterances' numbers are their places in `utterances`."""
    own = language if language in SPEAKERS else "en"
    chosen = _within(question, utterances, language)
    lines = [
        f"[{i}] {utterances[i].speaker} ({SPEAKERS[own][utterances[i].role]}): {utterances[i].text}" for i in chosen
    ]
    so_far = [f"({part})" for part in (summary.customer_issue, summary.agent_action) if part] if summary else []
    return ModelRequest(
        instructions=prompt.question,
        material="\n".join([*so_far, *lines, "", f"? {question}"]),
        schema_name="answer",
        schema=_SCHEMA,
        token_limit=TOKEN_LIMIT,
    )


def answer_of(text: str, utterances: Sequence[Utterance]) -> Answer:
    """What a model's whole answer says; evidence that there is not is left out. Raises ModelAnswerInvalid."""
    match json_object(text):
        case {"answer": str(answer), "evidence": [*numbers]}:
            said = believed_sentence(answer, LONGEST_ANSWER)
        case _:
            raise ModelAnswerInvalid(NO_OBJECT)
    if not said:
        raise ModelAnswerInvalid(SAYS_NOTHING)
    places = sorted({i for i in numbers if isinstance(i, int) and 0 <= i < len(utterances)})
    return Answer(said, tuple(utterances[i] for i in places[:MOST_EVIDENCE]))


def found_in(question: str, utterances: Sequence[Utterance], language: Language) -> Answer:
    """The utterances that share most with a question: what can be answered without a model. Pure."""
    best = [place for place, score in _ranked(question, utterances, language) if score > 0][:MOST_EVIDENCE]
    return Answer("", tuple(utterances[i] for i in sorted(best)))


def _within(question: str, utterances: Sequence[Utterance], language: Language) -> list[int]:
    """Places of the utterances that fit into a request: the latest, then those that fit the question best."""
    latest = range(max(0, len(utterances) - LATEST), len(utterances))
    order = dict.fromkeys([*reversed(latest), *(place for place, _ in _ranked(question, utterances, language))])
    chosen: list[int] = []
    room = MATERIAL_CHARACTERS
    for place in order:
        room -= len(utterances[place].text) + len(utterances[place].speaker) + 20
        if room < 0:
            break
        chosen.append(place)
    return sorted(chosen)


def _ranked(question: str, utterances: Sequence[Utterance], language: Language) -> list[tuple[int, float]]:
    """Places of the utterances with what they share with a question, weighed by how rare it is; best first."""
    wanted = _terms(question, language)
    holds = [_terms(utterance.text, language) for utterance in utterances]
    spread = Counter(term for terms in holds for term in terms)
    weights = {term: math.log(1 + len(holds) / spread[term]) for term in wanted if term in spread}
    scores = (sum(weights.get(term, 0.0) for term in terms) for terms in holds)
    # Of equal ones the later counts: it is nearer to how things stand.
    return sorted(zip(count(), scores), key=lambda each: (-each[1], -each[0]))


def _terms(text: str, language: Language) -> frozenset[str]:
    if language == "ko":
        return frozenset(each.form.lower() for each in korean.morphemes(text) if each.tag in _CONTENT)
    return frozenset(english.stems(text))
