import pytest

from core.guidance.lexicon import LONGEST, everyday_groups, read_groups
from core.guidance.terms import Terms
from core.model.errors import KnowledgeFileInvalid

EVERYDAY = sorted({(number, phrase) for number, group in enumerate(everyday_groups()) for phrase in group})


def test_every_everyday_word_is_recognised_in_a_text() -> None:
    """A phrase that Kiwi reads otherwise than the lexicon does would stand there for nothing."""
    terms = Terms(everyday_groups())
    lost = [phrase for number, phrase in EVERYDAY if f"={number}" not in terms.of(spoken(phrase))]
    assert len(lost) <= len(EVERYDAY) * 0.02, lost


def spoken(phrase: str) -> str:
    """A phrase as it stands in a sentence: `돌려받다` -> `돌려받다`, `명의` -> `명의를`."""
    if not "가" <= phrase[-1] <= "힣" or phrase.endswith("다"):
        return phrase
    return phrase + ("를" if (ord(phrase[-1]) - ord("가")) % 28 == 0 else "을")


def test_a_line_with_one_word_is_named_and_the_others_stay() -> None:
    groups, left_out = read_groups("# remark\n유심,usim\n\nalone\n앱, 어플 ,app\n", "synonyms.csv")
    assert groups == (("유심", "usim"), ("앱", "어플", "app"))
    assert [str(error) for error in left_out] == [
        "The handbook file synonyms.csv was left out: line 4 has fewer than two words. Correct the file."
    ]


def test_a_file_that_is_no_csv_is_refused() -> None:
    with pytest.raises(KnowledgeFileInvalid, match="line 1"):
        read_groups("a," + "b" * 200_000, "synonyms.csv")


@pytest.mark.parametrize("text", ["와이화이가 안 돼요", "와이화이 비번", "와이 파이", "Wi-Fi", "wifi"])
def test_a_spelling_that_kiwi_does_not_know_is_found(text: str) -> None:
    assert "=0" in Terms((("와이파이", "와이화이", "와이 파이", "wifi", "wi fi"),)).of(text)


def test_phrases_are_found_with_their_particles_and_endings() -> None:
    terms = Terms((("반품", "마음 안 들다"), ("중복", "두 번"), ("잊다", "log in")))
    assert "=0" in terms.of("마음에 안 들어서요")
    assert "=1" in terms.of("두번이나 나갔어요")
    assert "=2" in terms.of("I can't log in")
    assert LONGEST >= 3
