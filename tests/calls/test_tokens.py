import stat
from pathlib import Path

import pytest

from core.calls.tokens import Tokens, load_or_make_key
from core.model.call import CallId, Role
from core.model.errors import LinkExpired, LinkInvalid

KEY = "a key that is long enough"


def test_a_join_token_gives_back_what_it_allows() -> None:
    tokens = Tokens(KEY, join_seconds=60)
    grant = tokens.read_join_token(tokens.join_token(CallId("abc"), Role.CUSTOMER))
    assert (grant.call_id, grant.role) == ("abc", Role.CUSTOMER)


def test_a_join_token_expires() -> None:
    tokens = Tokens(KEY, join_seconds=-1)
    with pytest.raises(LinkExpired):
        tokens.read_join_token(tokens.join_token(CallId("abc"), Role.CUSTOMER))


@pytest.mark.parametrize("position", [0, 3, -1])
def test_a_changed_token_is_refused(position: int) -> None:
    tokens = Tokens(KEY, join_seconds=60)
    token = list(tokens.join_token(CallId("abc"), Role.CUSTOMER))
    token[position] = "A" if token[position] != "A" else "B"
    with pytest.raises(LinkInvalid):
        tokens.read_join_token("".join(token))


@pytest.mark.parametrize("token", ["", ".", "nonsense", "한글", "a.b.c", "\x00"])
def test_nonsense_is_refused(token: str) -> None:
    with pytest.raises(LinkInvalid):
        Tokens(KEY, join_seconds=60).read_join_token(token)


def test_a_token_of_another_server_is_refused() -> None:
    token = Tokens("another key entirely", join_seconds=60).join_token(CallId("abc"), Role.CUSTOMER)
    with pytest.raises(LinkInvalid):
        Tokens(KEY, join_seconds=60).read_join_token(token)


def test_a_page_token_is_no_join_link() -> None:
    tokens = Tokens(KEY, join_seconds=60)
    with pytest.raises(LinkInvalid):
        tokens.read_join_token(tokens.view_token(CallId("abc")))
    with pytest.raises(LinkInvalid):
        tokens.read_view_token(tokens.join_token(CallId("abc"), Role.CUSTOMER))


def test_the_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    key = load_or_make_key(tmp_path / "data")
    assert len(key) >= 32
    assert load_or_make_key(tmp_path / "data") == key
    assert stat.S_IMODE((tmp_path / "data" / "secret.key").stat().st_mode) == 0o600
