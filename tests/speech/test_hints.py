"""Vocabulary hints: what may stand in the file, what is refused and on which line, and what each engine is given."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.language.catalogue import describe, translator
from core.model.errors import HintsInvalid
from core.speech import hints_format
from core.speech.hints import MOST_PHRASES_A_SET, HintClass, HintPhrase, SpeechHints
from core.speech.hints_file import HINTS_FORM, SAMPLE
from core.speech.hints_format import parse_hints

WHOLE = """
phrases:
  - Earshot
  - value: call ${사람}
    boost: 2.5
classes:
  사람: [Kim, Lee]
languages:
  ko:
    phrases: ["${plan-name} 요금제로", no, 007]
    classes:
      plan-name:
        - 시니어   안심
        - 다이렉트 34
"""


def parsed(text: str) -> SpeechHints:
    return parse_hints(text, "hints.yaml")


def refusal(text: str | bytes) -> HintsInvalid:
    data = text.encode() if isinstance(text, str) else text
    with pytest.raises(HintsInvalid) as raised:
        parsed(HINTS_FORM.decode(data, "hints.yaml"))
    return raised.value


def test_phrases_classes_and_languages_are_read_as_they_are_written() -> None:
    hints = parsed(WHOLE)
    assert hints.phrases == (HintPhrase("Earshot"), HintPhrase("call ${사람}", 2.5))
    assert hints.classes == (HintClass("사람", ("Kim", "Lee")),)
    korean = hints.languages["ko"]
    assert [phrase.value for phrase in korean.phrases] == ["${plan-name} 요금제로", "no", "007"]
    assert korean.classes == (HintClass("plan-name", ("시니어 안심", "다이렉트 34")),)


def test_a_language_has_what_counts_in_all_and_its_own() -> None:
    hints = parsed(WHOLE)
    assert [phrase.value for phrase in hints.in_language("ko").phrases][:3] == [
        "Earshot",
        "call ${사람}",
        "${plan-name} 요금제로",
    ]
    assert hints.in_language("en") == SpeechHints(hints.phrases, hints.classes)
    assert hints.phrase_count == 5


@pytest.mark.parametrize(
    "text", ["", "# nothing yet\n", "~", "phrases:\n", "languages:\n  ko:\n", "phrases: []\nclasses: {}"]
)
def test_a_file_without_entries_is_no_hints(text: str) -> None:
    assert parsed(text).is_empty


def test_the_sample_can_be_used_and_has_something_for_each_language() -> None:
    hints = parsed(SAMPLE.read_text(encoding="utf-8"))
    assert len(hints.languages["ko"].phrases) > 3
    assert len(hints.languages["en"].phrases) > 3


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("phrases:\n- a1\n- ''", 3, "an entry is empty"),
        ("phrases:\n- a1\n-\n", 3, "an entry is empty"),
        ("phrases:\n- a1\n- b\n- a1", 4, "“a1” is there already, on line 2"),
        ("phrases: [a]\nlanguages:\n  ko:\n    phrases:\n      - a", 5, "“a” is there already, on line 1"),
        ("classes: {p: [a]}\nlanguages:\n  ko:\n    classes:\n      p: [b]", 5, "“p” is there already, on line 1"),
        ("classes:\n  p: [a]\n  p: [b]", 3, "“p” is there already, on line 2"),
        ("classes:\n  p: [a, b, a]", 2, "“a” is there already, on line 2"),
        ("phrases: [a]\nphrases: [b]", 2, "“phrases” is there already, on line 1"),
        ("phrases:\n- b\n- the ${plan} plan", 3, "there is no class “plan”"),
        ("phrases: ['${p} plan']\nlanguages: {en: {classes: {p: [a]}}}", 1, "there is no class “p”"),
        ("phrases:\n- costs $5", 2, "“$” can only begin a class, as in ${plan}"),
        ("classes: {p: ['${q}'], q: [a]}", 1, "a class cannot hold another class"),
        ("classes:\n  p:\n", 2, "the class p has no items"),
        ("classes:\n  two words: [a]", 2, "“two words” is no name for a class"),
        ("phrases:\n- value: a\n  boost: 0", 3, "the boost has to be a number above 0, at most 20"),
        ("phrases:\n- value: a\n  boost: 20.5", 3, "the boost has to be a number"),
        ("phrases:\n- value: a\n  boost: nan", 3, "the boost has to be a number"),
        ("phrases:\n- value: a\n  boost: high", 3, "the boost has to be a number"),
        ("phrases:\n- value: a\n  boost: [1]", 3, "the boost has to be a number"),
        ("phrases:\n- boost: 3", 2, "the phrase has no value"),
        ("phrases:\n- value: a\n  weight: 3", 3, "“weight” is unknown here; what may stand here: value, boost"),
        ("phrasse: [a]", 1, "“phrasse” is unknown here"),
        ("phrases: a", 1, "a list is wanted here"),
        ("phrases:\n  a: b", 2, "a list is wanted here"),
        ("phrases:\n- [a]", 2, "a text is wanted here"),
        ("classes: [a]", 1, "names with a colon after each are wanted here"),
        ("- a", 1, "names with a colon after each are wanted here"),
        ("languages:\n  korean: {}", 2, "“korean” is no language code such as ko or en"),
        ("phrases:\n- '!?'", 2, "“!?” has no letter and no digit"),
        ("phrases:\n- b\n- " + "a" * 101, 3, "is longer than 100 characters"),
        ("classes:\n  p:\n  - " + "a" * 501, 3, "is longer than 500 characters"),
        ("phrases:\n- a\n- [", 3, "it cannot be read as YAML"),
        ("phrases:\n\t- a", 2, "it cannot be read as YAML"),
        ("phrases:\n- {value: ${p} b}", 2, "it cannot be read as YAML"),
        ("phrases:\n- a\x00b", 2, "there is a character that no text has"),
        ('phrases:\n- "a\\0b"', 2, "there is a character that no text has"),
        (b"phrases:\n- a\n- \xb0\xa1", 3, "the text is not in UTF-8"),
        (b"#" * 500_001, 1, "the file is larger than 500 kB"),
        ("[" * 3_000, 1, "it cannot be read as YAML"),
        ('"\\UFFFFFFFF"', 1, "it cannot be read as YAML"),
    ],
)
def test_what_is_wrong_is_refused_with_its_line_and_why(text: str | bytes, line: int, reason: str) -> None:
    error = refusal(text)
    assert error.line == line
    assert reason in str(error.reason)
    assert f"Line {line}: " in str(error)


def test_the_reason_is_told_in_the_readers_language() -> None:
    korean = describe(refusal("phrases:\n- ${plan}"), translator("ko"))
    assert "2번째 줄" in korean
    assert "plan" in korean
    assert not re.search(r"[a-z]{3,} [a-z]{3,}", korean.replace("hints.yaml", ""))


def test_googles_quotas_hold_for_each_language_with_what_counts_in_all() -> None:
    def listed(count: int, start: int = 0) -> str:
        return "".join(f"    - w{number}\n" for number in range(start, start + count))

    full = f"phrases:\n{listed(3_000)}languages:\n  ko:\n    phrases:\n"
    assert parsed(full + listed(2_000, 3_000)).phrase_count == hints_format.MOST_PHRASES
    over = refusal(full + listed(2_001, 3_000))
    assert over.line == 3_000 + 4 + 2_001
    assert "more than 5000 phrases" in str(over.reason)
    apart = "".join(f"  {tag}:\n    phrases:\n{listed(3_000)}" for tag in ("ko", "en"))
    assert parsed(f"languages:\n{apart}").phrase_count == 6_000


def test_more_items_classes_or_characters_than_google_takes_are_refused() -> None:
    items = "".join(f"  - i{number}\n" for number in range(501))
    assert refusal(f"classes:\n  p:\n{items}").line == 503
    classes = "".join(f"  c{number}: [a]\n" for number in range(21))
    assert refusal(f"classes:\n{classes}").line == 22
    long = "".join(f"  - {'x' * 90}{number:05}\n" for number in range(1_053))
    assert "more than 100000 characters" in str(refusal(f"phrases:\n{long}").reason)


def test_google_is_given_sets_that_it_takes_and_class_ids_of_its_own_kind() -> None:
    phrases = tuple(HintPhrase(f"word {number}") for number in range(2_500))
    hints = SpeechHints((HintPhrase("${요금제} 요금제", 10.0), *phrases), (HintClass("요금제", ("안심",)),))
    sets = hints.phrase_sets()
    assert [len(each) for each in sets] == [MOST_PHRASES_A_SET, MOST_PHRASES_A_SET, 101]
    (name,) = {each.id for each in hints.classes}
    assert sets[0][0] == HintPhrase(f"${{{name}}} 요금제", 10.0)
    assert tuple(phrase for each in sets for phrase in each)[1:] == phrases


@pytest.mark.parametrize("name", ["plan", "요금제", "a", "Plan", "plan_name", "7up", "x" * 63, "ends-"])
def test_a_class_id_is_what_google_allows(name: str) -> None:
    each = HintClass(name, ("a",))
    assert re.fullmatch(r"[a-z][a-z0-9-]{3,62}", each.id)
    assert each.id == HintClass(name, ("b",)).id
    assert (each.id == name) == (name in ("plan", "x" * 63))


def test_a_phrase_is_measured_as_google_is_given_it() -> None:
    classes = "classes: {요: [a]}\n"
    longest = "x" * (100 - len("${c-0123456789}"))
    (phrase,) = parsed(f"{classes}phrases:\n- {longest}${{요}}").phrases
    assert len(phrase.google_value) == 100
    assert "longer than 100" in str(refusal(f"{classes}phrases:\n- {longest}x${{요}}").reason)


def test_a_phrase_is_expanded_by_every_item_of_its_classes() -> None:
    hints = SpeechHints((), (HintClass("p", ("A", "B")), HintClass("q", ("1", "2"))))
    assert hints.expanded(HintPhrase("from ${p} to ${q}!")) == (
        "from A to 1!",
        "from A to 2!",
        "from B to 1!",
        "from B to 2!",
    )
    assert hints.expanded(HintPhrase("plain")) == ("plain",)


PIECES = (
    "phrases: classes: languages: ko: value: boost: 3 -1 ${a} a 요금 [ ] { } , &x *x ' \" \\u0000 | > !!int ? <<: # ---"
).split()
NEAR_MISSES = st.lists(st.sampled_from([*PIECES, "\n", "\n- ", "\n  ", " ", "\t"])).map(lambda parts: "".join(parts))


@example(b"phrases: &x [*x]")
@example(b"phrases: [a, &x [b, *x]]")
@example("phrases: [a\u2028b]".encode())
@given(st.one_of(st.binary(), NEAR_MISSES.map(str.encode)))
def test_any_bytes_are_hints_or_are_refused_with_a_line_of_theirs(data: bytes) -> None:
    refused: HintsInvalid | None = None
    hints = SpeechHints()
    try:
        hints = parsed(HINTS_FORM.decode(data, "hints.yaml"))
    except HintsInvalid as error:
        refused = error
    if refused is not None:
        text = data.decode("utf-8", errors="replace")
        assert 1 <= refused.line <= len(re.split("\r\n|[\n\r\x85\u2028\u2029]", text))
        assert str(refused.reason)
    for language in ("", *hints.languages):
        own = hints.in_language(language)
        assert all(own.expanded(phrase) for phrase in own.phrases)
        assert sum(map(len, own.phrase_sets())) == len(own.phrases)
