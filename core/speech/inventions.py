"""What Whisper writes where nobody spoke, and what shows that it did. Pure."""

import re

from core.speech.plain_text import plain

LOOP_SIGNS = 3
"""A shorter phrase is an interjection ("네 네 네", "no no no"), which people do repeat."""
LOOP_TIMES = 4
INTERJECTION_TIMES = 10
_LONGEST_PHRASE = 40

_SYLLABLES_PER_S = 13.0
_LETTERS_PER_S = 32.0
"""More than the fastest speaker says."""
_SPARE_S = 0.4
"""The voice activity detector cuts a little off each end."""

_KNOWN = re.compile(
    r"감사합니다|고맙습니다|네감사합니다|시청해주셔서감사합니다|오늘도시청해주셔서감사합니다|끝까지시청해주셔서감사합니다"
    r"|(이영상은)?구독과좋아요(알림설정)?(까지)?(부탁드립니다|부탁드려요)|구독좋아요부탁드립니다"
    r"|다음(영상|시간)에(서)?(만나요|뵙겠습니다|봬요)|이영상은|안녕히계세요"
    r"|(mbc|kbs|sbs|ytn|jtbc)뉴스.{0,20}(입니다|기자)?|.{0,20}뉴스.{0,12}입니다"
    r"|(한글|한국어)?자막(제공|제작)?.{0,30}|.{0,12}자막by.{0,20}"
    r"|you|bye|byebye|thankyou|thanks|thankyouverymuch|thankyousomuch|thanksforwatching|thankyouforwatching"
    r"|(please)?(like(and))?subscribe.{0,30}|seeyou(inthenextvideo|nexttime)?|imsorry"
    r"|(subtitles?|captions?|transcri(bed|ption|pts?))(by|provided).{0,40}"
)
"""What the model learned from subtitles of silence, without spaces and signs. People say some of it, too."""


def is_known(text: str) -> bool:
    """Whether the whole text is one that the model is known to invent."""
    return _KNOWN.fullmatch(plain(text)) is not None


def is_loop(text: str) -> bool:
    """Whether most of the text is one phrase again and again, too short for zlib to notice. People say such, too.

    Digits are none: numbers do repeat themselves.
    """
    signs = plain(text)
    for length in range(1, min(_LONGEST_PHRASE, len(signs) // LOOP_TIMES) + 1):
        times = LOOP_TIMES if length >= LOOP_SIGNS else INTERJECTION_TIMES
        run = 0
        for at in range(length, len(signs)):
            run = run + 1 if signs[at] == signs[at - length] else 0
            if run + length >= max(times * length, len(signs) / 2) and not signs[at - length : at].isdigit():
                return True
    return False


def is_too_much(text: str, speech_s: float) -> bool:
    """Whether nobody could say so much in this time."""
    signs = plain(text)
    syllables = sum("가" <= sign <= "힣" for sign in signs)
    return syllables / _SYLLABLES_PER_S + (len(signs) - syllables) / _LETTERS_PER_S > speech_s + _SPARE_S
