import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.assist.__main__ import main
from core.assist.extractive import ExtractiveSummarizer
from core.assist.scenario import language_of, read_scenario
from core.model.call import Role
from core.model.insight import SummaryText, Turn

CONVERSATIONS = Path(__file__).parent / "conversations"
SUMMARIZER = ExtractiveSummarizer()


def replay(name: str) -> list[SummaryText]:
    turns = read_scenario(CONVERSATIONS / f"{name}.json").turns
    language = language_of(turns)
    return [SUMMARIZER.summarize(turns[: n + 1], language) for n in range(len(turns))]


@pytest.mark.parametrize(
    ("name", "summary", "action"),
    [
        ("ko_double_charge", ("요금", "두 번", "청구", "환불"), ("환불",)),
        ("ko_slow_internet", ("인터넷", "느림"), ("기사", "방문", "예약")),
        ("ko_cancel", ("인터넷", "해지"), ("해지", "접수")),
        ("ko_delivery", ("택배", "안 옴"), ("재발송",)),
        ("ko_device", ("액정", "수리"), ("수리", "접수")),
        ("ko_reservation", ("예약", "다음 주"), ("예약", "변경")),
        ("en_double_charge", ("charged twice",), ("technician", "Thursday")),
        ("en_outage", ("internet has been down",), ("credit",)),
        ("en_parcel", ("laptop", "never arrived"), ("replacement",)),
        ("en_car", ("engine light",), ("booked", "tomorrow at nine")),
    ],
)
def test_the_end_of_a_call_names_its_issue_and_the_latest_action(
    name: str, summary: tuple[str, ...], action: tuple[str, ...]
) -> None:
    last = replay(name)[-1]
    assert all(word in last.summary for word in summary), last
    assert all(word in last.agent_action for word in action), last
    assert last.customer_issue


@pytest.mark.parametrize("name", [p.stem for p in CONVERSATIONS.glob("*.json")])
def test_every_field_is_brief_one_line_and_never_small_talk(name: str) -> None:
    for result in replay(name):
        assert len(result.summary) <= 20 if name.startswith("ko") else len(result.summary.split()) <= 20
        for field in (result.summary, result.customer_issue, result.agent_action):
            assert "\n" not in field
            assert not re.search(r"안녕|감사|여보세요|thank|how can i help|my name|sorry", field, re.IGNORECASE)


@pytest.mark.parametrize("name", [p.stem for p in CONVERSATIONS.glob("en*.json")])
def test_english_words_come_from_the_conversation(name: str) -> None:
    """Nothing is invented: beyond what was said there are only the words of reported speech."""
    said = {
        w for t in read_scenario(CONVERSATIONS / f"{name}.json").turns for w in re.findall(r"[a-z0-9]+", t.text.lower())
    }
    reporting = set("customer s agent will has is can wants needs would like asks to the their them they are".split())
    reporting |= {"were", "was", "have"}
    last = replay(name)[-1]
    for field in (last.summary, last.customer_issue, last.agent_action):
        assert set(re.findall(r"[a-z0-9]+", field.lower())) <= said | reporting


def test_a_speaker_is_spoken_of_in_the_third_person() -> None:
    turns = [Turn(Role.CUSTOMER, "I was charged twice this month after I changed my mobile plan.")]
    expected = "Customer was charged twice this month after they changed their mobile plan."
    assert SUMMARIZER.summarize(turns, "en").summary == expected


def test_an_agent_s_question_is_no_action() -> None:
    turns = [Turn(Role.AGENT, "Can I send you a text with the refund details?")]
    assert SUMMARIZER.summarize(turns, "en").agent_action == ""
    assert SUMMARIZER.summarize([Turn(Role.AGENT, "환불 계좌가 어떻게 되시나요?")], "ko").agent_action == ""


def test_nothing_said_gives_nothing() -> None:
    empty = SummaryText("", "", "")
    assert SUMMARIZER.summarize([], "ko") == empty
    small_talk = [Turn(Role.CUSTOMER, "네 안녕하세요"), Turn(Role.AGENT, "네 감사합니다"), Turn(Role.CUSTOMER, "네")]
    assert SUMMARIZER.summarize(small_talk, "ko") == empty
    assert SUMMARIZER.summarize([Turn(Role.CUSTOMER, "Uh-huh."), Turn(Role.AGENT, "Okay, great.")], "en") == empty


def test_failure_4_a_summary_is_rewritten_and_never_grows() -> None:
    """The first report's summary was appended to the former one, and half of its JSON was shown."""
    pool = [t for p in sorted(CONVERSATIONS.glob("ko*.json")) for t in read_scenario(p).turns]
    turns = (pool * 8)[:300]
    results = [SUMMARIZER.summarize(turns[:n], "ko") for n in range(20, 300, 20)]
    assert max(len(r.summary) for r in results) <= 20
    assert max(len(r.customer_issue + r.agent_action) for r in results) <= 80
    assert not any(c in r.summary for r in results for c in '{}[]"')


def test_the_same_conversation_gives_the_same_summary() -> None:
    turns = read_scenario(CONVERSATIONS / "ko_cancel.json").turns
    assert ExtractiveSummarizer().summarize(turns, "ko") == ExtractiveSummarizer().summarize(turns, "ko")


def test_without_any_cue_the_phrase_that_others_resemble_is_taken() -> None:
    said = [
        "Roses grow along the wall.",
        "The garden party is on Saturday.",
        "Bring a cake to the garden party.",
        "Saturday morning suits everybody.",
    ]
    result = SUMMARIZER.summarize([Turn(Role.CUSTOMER, text) for text in said], "en")
    assert "garden party" in result.summary


texts = st.text(alphabet=st.sampled_from("가나다환불요금안 did not work I'll refund?.,!\n{}\"'🙂123"), max_size=60)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(list(Role)), texts), max_size=12), st.sampled_from(["ko", "en", "ja"]))
def test_any_words_give_one_line_within_the_limits(said: list[tuple[Role, str]], language: str) -> None:
    result = SUMMARIZER.summarize([Turn(role, text) for role, text in said], language)
    assert len(result.summary) <= 20 if language == "ko" else len(result.summary.split()) <= 20
    assert all("\n" not in field for field in (result.summary, result.customer_issue, result.agent_action))


def test_a_scenario_that_cannot_be_read_names_the_entry(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:

    broken = tmp_path / "broken.json"
    for content, word in [
        ("[", "line 1"),
        ("{}", "no list of turns"),
        ('[{"speaker": "nobody", "text": "x"}]', "entry 1"),
        ('[{"speaker": "고객"}]', "entry 1"),
        ('[{"speaker": "고객", "text": " "}]', "no text"),
    ]:
        broken.write_text(content)
        assert main([str(broken)]) == 2
        assert word in capsys.readouterr().err
    assert main([str(tmp_path / "missing.json")]) == 2


def test_the_command_prints_one_object_a_turn(capsys: pytest.CaptureFixture[str]) -> None:

    assert main([str(CONVERSATIONS / "ko_cancel.json"), "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["turn"] for line in lines] == list(range(1, 9))
    assert {"summary", "customer_issue", "agent_action", "engine"} <= set(lines[0])
