"""What the rehearsal persona says: words it was told to say, or the next line of a script."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from core.model.call import Language

EXACTLY = "Say exactly the following words"
"""With these words a client asks for others, which follow in the next line."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said; or a tool that is called first."""

    text: str = ""
    tool: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """What an answer is to be given to."""

    language: Language
    instructions: str
    """The session's, or those of this answer alone."""
    last: str
    """The last thing that the listener said, a tool answered, or nothing."""
    is_tool_output: bool
    tools: tuple[str, ...]
    turns: tuple[tuple[str, str], ...] = ()
    """What was said before and now: `user` or `assistant`, and the words, in order."""


class Answers(Protocol):
    """Thinks of answers."""

    async def answer(self, asked: Asked) -> Answer:
        """What to say."""

    async def close(self) -> None:
        """Let go of what it needs; idempotent."""


SCRIPTS: Mapping[Language, tuple[tuple[str, str], ...]] = {
    "ko": (
        ("외롭|외로|쓸쓸|혼자", "혼자 걷는 길이 참 길지예. 오늘은 이 꽃밭에 잠시 앉앙 갑서. 내가 옆에 있으쿠다."),
        (
            "힘들|지쳤|피곤",
            "속았수다, 정말 속았수다. 꽃도 밤에는 고개를 숙영 쉬는 법이우다. 오늘은 무엇을 내려놓고 싶으우꽈?",
        ),
        ("안녕|여보세요", "혼저옵서예. 서천꽃밭 사라도령이우다. 오늘 마음은 어떵허우꽈?"),
        ("고마|감사", "나도 고맙수다. 그 말이 꽃에 물이 되는 거주마씸."),
        ("", "게메마씸, 그 마음 하영 무거웠겠수다. 조금만 더 들려줍서."),
        ("", "괜찮주게. 꽃은 재촉한다고 피지 않으난, 놀멍 쉬멍 같이 가 보게마씸."),
    ),
    "en": (
        ("refund|charged|bill", "I see, a question about your bill. May I ask which month it is about?"),
        ("thank", "You are welcome. Is there anything else that I can do for you?"),
        ("hello|good morning|hi ", "Hello, this is the rehearsal persona. What can I do for you?"),
        ("", "I understand. Could you tell me a little more about that?"),
        ("", "Thank you, I have made a note of it. Shall I sum up what we have so far?"),
    ),
}
"""For each language: words that are looked for, and the answer; those without words take turns."""


class ScriptedAnswers:
    """Answers by what words it hears. Words are looked for as they are, with `|` between them."""

    def __init__(self, scripts: Mapping[Language, Sequence[tuple[str, str]]] = SCRIPTS) -> None:
        self._scripts = scripts
        self._turn = 0

    async def answer(self, asked: Asked) -> Answer:
        """Words that it was told to say; or a search where it may search and is asked something; or the script."""
        if EXACTLY in asked.instructions:
            return Answer(asked.instructions.rsplit(EXACTLY, 1)[1].partition("\n")[2].strip())
        said = asked.last.lower()
        if asked.tools and "?" in said and not asked.is_tool_output:
            return Answer(tool=asked.tools[0], arguments={"query": asked.last[:200]})
        if asked.is_tool_output:
            return Answer(
                "안내서를 찾아봤수다." if asked.language == "ko" else "I have looked that up in the handbook."
            )
        script = self._scripts.get(asked.language, self._scripts.get("en", ()))
        for words, answer in script:
            if words and any(word in said for word in words.split("|")):
                return Answer(answer)
        waiting = [answer for words, answer in script if not words]
        self._turn += 1
        return Answer(waiting[(self._turn - 1) % len(waiting)] if waiting else "")

    async def close(self) -> None:
        """Nothing to let go of."""
