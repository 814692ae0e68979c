"""What the audit log's details read as."""

import pytest

from core.language.catalogue import translator
from core.model.access import Right
from core.ui.audit_table import RIGHTS, told_details


@pytest.mark.parametrize(
    ("detail", "told"),
    [
        ({"role": "agent"}, ""),
        ({"right": "see_audit"}, "권한: 감사 로그 읽기"),
        ({"right": "persona"}, "권한: persona"),
        ({"origin": "demo", "language": "ko", "role": "agent"}, "종류: 음성 데모, 언어: 한국어"),
        ({"origin": "browser"}, "종류: 사람 사이의 통화"),
        ({"keys": "EARSHOT_PORT"}, "설정: EARSHOT_PORT"),
        ({"something": "new"}, "something: new"),
    ],
)
def test_details_are_told_in_the_reader_s_language(detail: dict[str, str], told: str) -> None:
    assert told_details(detail, translator("ko")) == told


def test_every_right_that_may_be_refused_has_words() -> None:
    assert set(RIGHTS) == set(Right)
