"""Korean rules: phrases are clauses; the fields are their headlines, ending in a noun (`요금 두 번 청구됨`)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from core.assist.phrases import Findings, Phrase
from core.language.korean import Morpheme, morphemes, sentences, surface

SUMMARY_CHARACTERS = 20
FIELD_CHARACTERS = 40

_SMALL_TALK = re.compile(
    r"^\W*(?:(?:아|어|음|네|예|응|그|저|뭐|좀|그럼|그러면)[\s,.]*)*"
    r"(?:안녕하세요|안녕하십니까|안녕히|여보세요|반갑습니다|감사합니다|감사드립니다|고맙습니다|수고하세요|수고하십시오|"
    r"알겠습니다|알겠어요|그렇군요|그러시군요|그렇습니다|그래요|맞아요|맞습니다|괜찮습니다|괜찮아요|좋아요|좋습니다|잠시만|"
    r"잠깐만|죄송합니다|기다려|네|예|아)?[\s,.!?]*$"
)
_FORMALITY = re.compile(
    r"무엇을\s*도와|어떤\s*도움|도와\s*드릴까요|성함|생년월일|연락처|본인\s*확인|전화\s*주셔서|전화\s*주셨|이용해\s*주셔서|"
    r"좋은\s*하루|즐거운\s*하루|행복한\s*하루|상담사\s*\S+(?:입니다|이에요)|제\s*이름은|고객\s*센터입니다|더\s*(?:필요|궁금|문의)|"
    r"기다려\s*주|확인해\s*드려도|잠시만|잠깐만|말씀해\s*주|말씀하세요|불편을\s*드려|감사합니다|안녕하"
)
_PROBLEM = re.compile(
    r"두\s*번|이중|중복|잘못|오류|에러|고장|파손|불량|문제|안\s|못\s|않|없|느리|느려|끊기|끊겨|끊김|멈추|멈춰|늦|지연|분실|"
    r"잃어|누락|오배송|비싸|많이\s*나|과다|이상|깨지|깨져|깨졌|새는|새고|소음|먹통|불만|민원|피해|도난"
)
_DEED = re.compile(
    r"환불|처리|접수|예약|변경|취소|발송|재발송|교환|해지|신청|등록|연결|전달|보상|할인|감면|차단|정지|개통|초기화|재설정|"
    r"방문|회수|안내|적용|조정|발급|복구|수리|입금|반품|보내|삭감|면제"
)
_CONTENT = frozenset({"NNG", "NNP", "NR", "SL", "SN", "XR", "VV", "VA"})
_KEPT = frozenset({"NNG", "NNP", "NNB", "NR", "NP", "MM", "SL", "SN", "SH", "XR", "XPN", "XSN", "W_SERIAL"})
_LIGHT_VERBS = frozenset(
    {"하", "되", "받", "있", "이", "말", "드리", "주", "보", "알", "부탁", "같", "그러", "어떻", "그렇"}
)
_DROPPED_NOUNS = frozenset(
    {"거", "것", "수", "때문", "제", "저", "저희", "나", "우리", "님", "분", "고객", "때", "데", "등", "쪽", "얼마"}
)
_CALLING = frozenset({"전화", "문의", "연락"})
_NEGATIVES = frozenset({"안", "못"})
_BINDING_ENDINGS = frozenset({"게", "어", "아", "지"})
"""Endings that tie a verb to the next one instead of ending a clause."""
_QUESTION = re.compile(r"(?:나요|까요|ㄹ까요|을까요|ᆯ까요|가요|는지|은지|ᆫ가요|는가요|니까|냐|지요|죠)$")


@dataclass(frozen=True, slots=True)
class _Clause:
    words: tuple[str, ...]
    """Its nouns, without particles, word by word."""
    predicate: str
    """Its verb as a noun (`끊김`), or nothing where the last noun says it all."""
    mood: str
    """`request`, `question`, `planned`, `done` or nothing."""

    @property
    def parts(self) -> tuple[str, ...]:
        """Its words and its predicate; `됨` belongs to the noun that it makes a verb of (`청구됨`)."""
        if self.predicate != _BECOMES or not self.words:
            return (*self.words, self.predicate) if self.predicate else self.words
        return (*self.words[:-1], self.words[-1] + _BECOMES)

    def headline(self, weights: dict[str, float], limit: int, before: Sequence[str] = ()) -> str:
        """The clause within `limit` characters; the words that the call comes back to least go first."""
        # `보냄` says by itself that it was done.
        label = "" if self.mood == "done" and self.predicate else _LABELS.get(self.mood)
        tail = [label] if label else []
        kept = list(dict.fromkeys((*before, *self.parts)))
        while len(" ".join(kept + tail)) > limit and len(kept) > 1:
            # The last word names what it is all about; of the others the least important one goes.
            lightest = min(range(len(kept) - 1), key=lambda i: (weights.get(kept[i], 0.0), i))
            del kept[lightest]
        text = " ".join(kept + tail)
        return text if len(text) <= limit else text[:limit].rstrip()


_BECOMES = "됨"
_LABELS = {"request": "요청", "question": "문의", "planned": "예정", "done": "완료"}


class KoreanDialect:
    """Implements `core.assist.phrases.Dialect`."""

    def phrases(self, text: str) -> tuple[Phrase, ...]:
        """The clauses of a turn that say something."""
        found: list[Phrase] = []
        for sentence in sentences(text):
            if not _SMALL_TALK.match(sentence) and not _FORMALITY.search(sentence):
                found.extend(p for p in map(_phrase, _clauses(sentence)) if p is not None)
        return tuple(found)

    def summary(self, findings: Findings) -> str:
        """`요금 두 번 청구 환불 요청`: the trouble and the wish, at most 20 characters."""
        trouble, wish = findings.trouble, findings.wish
        if trouble is None and wish is None:
            return _headline(findings.action, findings, SUMMARY_CHARACTERS)
        if trouble is None or wish is None or trouble.text == wish.text or not _DEED.search(wish.text):
            return _headline(trouble or wish, findings, SUMMARY_CHARACTERS)
        cause, aim = _clause(trouble.text), _clause(wish.text)
        return aim.headline(findings.weights, SUMMARY_CHARACTERS, before=cause.parts)

    def customer_issue(self, findings: Findings) -> str:
        """The trouble, or the wish where nothing went wrong."""
        return _headline(findings.trouble or findings.wish, findings, FIELD_CHARACTERS)

    def agent_action(self, findings: Findings) -> str:
        """What was done or promised."""
        return _headline(findings.action, findings, FIELD_CHARACTERS)


def _headline(phrase: Phrase | None, findings: Findings, limit: int) -> str:
    return _clause(phrase.text).headline(findings.weights, limit) if phrase else ""


def _clauses(sentence: str) -> list[str]:
    """Cut a sentence after connective endings (`는데`, `어서`, `니까`), but not before an auxiliary (`고 싶다`)."""
    tokens = morphemes(sentence)
    cuts = [0]
    for token, following in pairwise(tokens):
        connects = token.tag == "EC" and token.form not in _BINDING_ENDINGS and following.tag not in ("VX", "SP", "SF")
        # `깨졌는데`: Kiwi may take the ending for a noun.
        connects = connects or (token.form == "데" and token.tag == "NNB" and following.tag not in ("JKS", "JKB", "JX"))
        if connects or (token.tag == "SP" and following.tag != "VX"):
            cuts.append(following.start)
    cuts.append(len(sentence))
    return [sentence[a:b].strip() for a, b in pairwise(cuts) if sentence[a:b].strip()]


def _phrase(clause: str) -> Phrase | None:
    tokens = morphemes(clause)
    terms = tuple(t.form for t in tokens if t.tag in _CONTENT and t.form not in _LIGHT_VERBS | _DROPPED_NOUNS)
    parsed = _clause(clause)
    if not terms or not parsed.words:
        return None
    deeds = len(_DEED.findall(clause))
    doing = {"planned": 0.6, "done": 0.7}.get(parsed.mood, 0.0)
    return Phrase(
        text=clause,
        terms=terms,
        problem=min(1.0, 0.5 * len(_PROBLEM.findall(clause))) if parsed.mood != "request" else 0.0,
        request={"request": 0.9, "question": 0.3}.get(parsed.mood, 0.0),
        commitment=doing + 0.3 * min(2, deeds) if doing else 0.0,
    )


def _clause(text: str) -> _Clause:
    tokens = morphemes(text)
    words: list[str] = []
    mood = _mood(tokens)
    if mood == "done" and any(t.form in _CALLING and t.tag == "NNG" for t in tokens):
        # `요금 때문에 전화드렸어요`: that somebody called is no news, what about is.
        mood, tokens = "question", tuple(t for t in tokens if t.form not in _CALLING)
    for word in _by_word(text, tokens):
        kept = [t for t in word if t.tag in _KEPT]
        if kept and not all(t.form in _DROPPED_NOUNS for t in kept):
            words.append(text[kept[0].start : kept[-1].end])
    return _Clause(tuple(dict.fromkeys(words)), _predicate(tokens, mood), mood)


def _by_word(text: str, tokens: Sequence[Morpheme]) -> list[list[Morpheme]]:
    groups: list[list[Morpheme]] = []
    for before, token in zip((None, *tokens), tokens, strict=False):
        if before is None or any(c.isspace() for c in text[before.end : token.start]):
            groups.append([])
        groups[-1].append(token)
    return groups


def _mood(tokens: Sequence[Morpheme]) -> str:
    forms = {(t.form, t.tag) for t in tokens}
    endings = [t for t in tokens if t.tag in ("EF", "EC")]
    last = endings[-1] if endings else None
    asks = tokens and tokens[-1].form == "?"
    if ("싶", "VX") in forms or ("부탁", "NNG") in forms or ("원하", "VV") in forms:
        return "request"
    if (
        ("주", "VX") in forms
        and last is not None
        and last.form in ("세요", "어요", "시어요", "십시오", "ᆯ래요", "어", "라")
    ):
        return "request"
    if asks or (last is not None and last.tag == "EF" and _QUESTION.search(last.form)):
        return "question"
    if ("드리", "VX") in forms or ("드리", "VV") in forms:
        return "done" if ("었", "EP") in forms else "planned"
    if ("겠", "EP") in forms:
        return "planned"
    if ("하", "XSV") in forms and ("었", "EP") in forms:
        return "done" if _DEED.search("".join(t.form for t in tokens)) else ""
    return ""


def _predicate(tokens: Sequence[Morpheme], mood: str) -> str:
    """The last verb as a noun. Requests, questions and deeds are said by their label, so a light verb goes."""
    verbs = [i for i, t in enumerate(tokens) if t.tag in ("VV", "VA", "XSV", "XSA")]
    if not verbs:
        return ""
    at = verbs[-1]
    verb = tokens[at]
    negative = [t.form for t in tokens[max(0, at - 2) : at] if t.tag == "MAG" and t.form in _NEGATIVES]
    denied = any(t.form in ("않", "못하") and t.tag == "VX" for t in tokens[at:])
    if verb.form in ("하",) and not negative and not denied:
        return ""
    if mood in _LABELS and (mood == "question" or verb.form in _LIGHT_VERBS):
        return ""
    if verb.tag in ("XSV", "XSA") and verb.form == "되" and not negative and not denied:
        # `청구되` is one word: the noun before it already stands among the words.
        return _BECOMES
    stem = [(verb.form, "VV" if verb.tag in ("XSV", "XSA") else verb.tag)]
    if denied:
        return surface([*stem, ("지", "EC"), ("않", "VX"), ("음", "ETN")])
    ending = {"request": ("기", "ETN"), "planned": ("ᆯ", "ETM")}.get(mood, ("음", "ETN"))
    return surface([*((n, "MAG") for n in negative), *stem, ending])
