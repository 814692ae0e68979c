"""English rules: phrases are sentences; the fields are those sentences in reported speech, cut to their core."""

import re

from core.assist.phrases import Findings, Phrase
from core.language.english import STOP_WORDS, sentences, stems

SUMMARY_WORDS = 20
FIELD_WORDS = 20
ACTION_WORDS = 10
"""Of a summary's words, how many the action may take."""

_SMALL_TALK = re.compile(
    r"""^\W*(?:
        (?:hi|hello|hey|good\s(?:morning|afternoon|evening)|bye|goodbye)\b (?:[\w\s,']{0,30})
        | (?:(?:oh|okay|ok|all\sright|alright|right|sure|great|perfect|got\sit|i\ssee|mm+|uh[\s-]huh|yeah|yes|no|
            absolutely|of\scourse|sounds\sgood|that's\s(?:right|correct|great|fine|perfect)|no\sproblem|no\sworries|
            you're\swelcome|i\sunderstand|i\sappreciate\s(?:it|that))[\s,.!]*)+
        | (?:okay|great|perfect|alright|well|oh|yes|no)?[\s,]*(?:thank\syou|thanks)\b .*
        | .*\b(?:thank\syou|thanks)\sfor\s(?:calling|waiting|holding|your\s(?:time|patience|call)).*
        | .*\bhow\s(?:can|may)\s(?:i|we)\shelp\b.*
        | .*\bis\sthere\sanything\selse\b.*
        | .*\bhave\sa\s(?:great|good|nice|lovely)\b.*
        | .*\b(?:my\sname\sis|this\sis\s\w+(?:\s(?:speaking|from|with)\b.*|$)|speaking\swith)\b.*
        | .*\b(?:can|could|may)\si\s(?:have|get|ask)\s(?:you\s(?:for\s)?)?(?:your|the)\s
            (?:\w+\s){0,2}(?:name|number|address|birth|email|code|postcode|zip).*
        | .*\b(?:date\sof\sbirth|for\ssecurity|verify\syour|security\squestion)\b.*
        | .*\bbear\swith\sme\b.* | .*\b(?:one|just\sa)\s(?:moment|second|minute)\b.*
        | .*\bi(?:'m|\sam)\s(?:so\s|very\s|really\s)?sorry\s(?:to\shear|about|for)\b.*
    )\W*$""",
    re.IGNORECASE | re.VERBOSE,
)
_NUMBERS = re.compile(r"^[\W\d]*(?:(?:it's|my\s(?:number|account)\b.*?is)\s)?[\d\s\-.,]+$", re.IGNORECASE)
_PROBLEM = re.compile(
    r"""\b(?:twice|double|overcharged?|extra\scharge|wrong|mistake|errors?|problems?|issues?|trouble|broken?|damaged|
    cracked|defective|faulty|missing|lost|stolen|late|delayed|slow|stopped|stops|drop(?:s|ped|ping)?|crash\w*|
    disconnect\w*|fail\w*|never\s(?:arrived|came|got|received)|(?:hasn't|haven't|didn't|not)\s(?:\w+\s)?(?:arrived?|
    received?|come|work\w*)|(?:doesn't|don't|isn't|won't|can't|cannot)|not\sworking|no\s(?:signal|internet|service|
    sound|power)|leak\w*|nois[ey]\w*|charged\s(?:me|for)|complain\w*|out\sof\s(?:order|stock)|locked\sout|expired|
    frozen|stuck|overheat\w*|light\s(?:is|came|keeps))\b""",
    re.IGNORECASE | re.VERBOSE,
)
_REQUEST = re.compile(
    r"""\b(?:i(?:'d|\swould)\slike|i\swant(?:ed)?|i\sneed|i'm\s(?:calling|looking|trying|hoping)|i\swas\s(?:hoping|
    wondering)|can\s(?:you|i|we)|could\s(?:you|i|we)|would\syou|is\sit\spossible|how\s(?:do|can|much|long)\b|
    cancel|refund|reschedule|change\smy|upgrade|return\s(?:it|this|the))\b""",
    re.IGNORECASE | re.VERBOSE,
)
_PROMISE = re.compile(
    r"""\b(?:i(?:'ll|\swill|'m\sgoing\sto|'ve|\shave|\scan|\sjust)|we(?:'ll|\swill|'ve|\shave|\scan|'re\sgoing\sto)|
    let\sme|you(?:'ll|\swill|\sshould)\s(?:see|get|receive|have)|(?:is|are|has\sbeen|will\sbe)\s(?:being\s)?
    (?:scheduled|booked|refunded|credited|processed|sent|replaced|cancell?ed))\b""",
    re.IGNORECASE | re.VERBOSE,
)
_DEED = re.compile(
    r"""\b(?:refund\w*|credit\w*|schedul\w*|book\w*|send\w*|sent|ship\w*|replac\w*|cancel\w*|process\w*|issu(?:e|ed|ing)|
    escalat\w*|transfer\w*|chang(?:e|ed|ing)|reset\w*|updat\w*|activat\w*|waiv\w*|remov\w*|appl(?:y|ied)|arrang\w*|
    order\w*|open(?:ed)?\sa\s(?:ticket|case)|report\w*|upgrad\w*|extend\w*|fix\w*|repair\w*|technician|appointment)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_LEAD_IN = re.compile(
    r"""^(?:\W*(?:um+|uh+|er+|so|well|okay|ok|yeah|yes|yep|no|hi|hello|hey|oh|right|great|perfect|sure|alright|all\sright|
    actually|basically|like|and|but|also|then|now|please|absolutely|of\scourse|certainly|you\sknow|i\smean|i\sthink|
    i\sguess|the\sthing\sis|i(?:'m|\sam)\scalling\s(?:because|about\sthe\sfact\sthat|to\ssay(?:\sthat)?|in\sbecause)|
    i\s(?:just\s)?(?:noticed|saw|realized|see|found\sout)\s(?:that\s)?|it\slooks\slike|it\sseems(?:\slike)?|
    what\si\scan\sdo\sis|what\si'll\sdo\sis)\b[\s,.]*)+""",
    re.IGNORECASE | re.VERBOSE,
)
_NEW_SUBJECT = re.compile(r",\s+(?:so|and|but)\s+(?=(?:i|we|let|you)\b)", re.IGNORECASE)
_VOCATIVE = re.compile(r"^(?:hi|hello|hey|thanks|yes|no|okay)[\s,]+[A-Z]\w+\s*,\s*")
_FILLER = re.compile(r"(?:,\s*|\b)(?:um+|uh+|er+|you know|i mean)\b,?", re.IGNORECASE)
_CLAUSE_END = re.compile(r"[,;:]|\s+(?=(?:and|but|because|so|which|when|since|after|before|if)\b)", re.IGNORECASE)

_CUSTOMER_SPEECH = (
    (r"^i(?:'ve| have) been\b", "customer has been"),
    (r"^i(?:'ve| have)\b", "customer has"),
    (r"^i(?:'m| am)\b", "customer is"),
    (r"^i(?:'d| would) like\b", "customer would like"),
    (r"^i want\b", "customer wants"),
    (r"^i need\b", "customer needs"),
    (
        r"^i (was|had|got|can't|cannot|can|didn't|could|would|will|paid|changed|ordered|bought|received|wanted)\b",
        r"customer \1",
    ),
    (r"^i(?:'ll)\b", "customer will"),
    (r"^(?:can|could|would) you\b", "customer asks to"),
    (r"^can i\b|^could i\b", "customer asks to"),
)
_AGENT_SPEECH = (
    (r"^(?:i|we)(?:'ll| will|'m going to|'re going to)\b", "agent will"),
    (r"^(?:i|we)(?:'ve| have)\b", "agent has"),
    (r"^(?:i|we) just\b", "agent"),
    (r"^(?:i|we)(?:'m|'re| am| are)\b", "agent is"),
    (r"^(?:i|we) can\b", "agent can"),
    (r"^let me\b", "agent will"),
    (r"^you(?:'ll| will)\b", "customer will"),
)
_LATER_SELF = (
    (r"\bi(?:'m| am)\b", "they are"),
    (r"\bi(?:'ve| have)\b", "they have"),
    (r"\bi(?:'ll| will)\b", "they will"),
    (r"\bi(?:'d)\b", "they would"),
    (r"\bi was\b", "they were"),
    (r"\bi\b", "they"),
)


class EnglishDialect:
    """Implements `core.assist.phrases.Dialect`."""

    def phrases(self, text: str) -> tuple[Phrase, ...]:
        """The sentences of a turn that say something; what one does about it (`..., so I will`) is one of its own."""
        parts = (part for sentence in sentences(text) for part in _NEW_SUBJECT.split(sentence))
        return tuple(p for p in map(_phrase, parts) if p is not None)

    def summary(self, findings: Findings) -> str:
        """`Customer was charged twice; agent will refund it.`: the issue and, where there is room, the action."""
        action = _reported(findings.action, _AGENT_SPEECH, "agent", ACTION_WORDS)
        issue = _reported(
            findings.trouble or findings.wish, _CUSTOMER_SPEECH, "customer", SUMMARY_WORDS - len(action.split())
        )
        return _sentence("; ".join(part for part in (issue, action) if part))

    def customer_issue(self, findings: Findings) -> str:
        """The customer's own sentence in reported speech."""
        return _sentence(_reported(findings.trouble or findings.wish, _CUSTOMER_SPEECH, "customer", FIELD_WORDS))

    def agent_action(self, findings: Findings) -> str:
        """The agent's own sentence in reported speech."""
        return _sentence(_reported(findings.action, _AGENT_SPEECH, "agent", FIELD_WORDS))


def _phrase(sentence: str) -> Phrase | None:
    plain = sentence.replace("’", "'").strip()
    core = _LEAD_IN.sub("", _FILLER.sub("", _VOCATIVE.sub("", plain[:1].lower() + plain[1:]))).strip()
    terms = stems(core)
    if not core or len(terms) < 2 or _SMALL_TALK.match(plain) or _SMALL_TALK.match(core) or _NUMBERS.match(core):
        return None
    problem = min(1.0, 0.5 * len(_PROBLEM.findall(core)))
    question = core.endswith("?")
    promise, deeds = bool(_PROMISE.search(core)), len(_DEED.findall(core))
    return Phrase(
        text=core,
        terms=terms,
        problem=problem,
        request=0.7 if _REQUEST.search(core) else 0.0,
        commitment=0.0 if question else (0.25 * promise + (0.5 if promise else 0.2) * min(1.5, deeds)),
    )


def _reported(phrase: Phrase | None, speech: tuple[tuple[str, str], ...], speaker: str, limit: int) -> str:
    """A phrase in reported speech within `limit` words, cut where a clause ends if need be."""
    if phrase is None or limit < 3:
        return ""
    text = phrase.text.rstrip(" .!?,;")
    for pattern, report in speech:
        text, count = re.subn(pattern, report, text, count=1, flags=re.IGNORECASE)
        if count:
            break
    else:
        # What is not said of oneself stays as it was said, behind the speaker's name.
        return _cut(f"{speaker}: {text}", limit)
    for own, reported in _LATER_SELF:
        text = re.sub(own, reported, text, flags=re.IGNORECASE)
    me = "customer's" if speaker == "agent" else "their"
    text = re.sub(r"\b(?:my|our)\b", "their" if speaker == "customer" else "the", text, flags=re.IGNORECASE)
    text = re.sub(r"\byour\b", "the" if speaker == "customer" else f"the {me}", text, flags=re.IGNORECASE)
    text = re.sub(r"\b(?<!to )me\b", "them", text, flags=re.IGNORECASE)
    text = re.sub(r"\b(?:for|to) you\b", "", text, flags=re.IGNORECASE)
    text = re.sub(r"\byou\b", "the customer" if speaker == "agent" else "the agent", text, flags=re.IGNORECASE)
    return _cut(re.sub(r"\s+", " ", text).strip(), limit)


def _cut(text: str, limit: int) -> str:
    if len(text.split()) <= limit:
        return text
    ends = [match.start() for match in _CLAUSE_END.finditer(text) if len(text[: match.start()].split()) <= limit]
    whole = [end for end in ends if len(text[:end].split()) >= min(5, limit)]
    if whole:
        return text[: whole[-1]].rstrip(" ,;:")
    kept = text.split()[:limit]
    while len(kept) > 1 and kept[-1].lower() in STOP_WORDS:
        kept.pop()
    return " ".join(kept).rstrip(" ,;:")


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}." if text else ""
