from pathlib import Path

import pytest
from argon2 import PasswordHasher

from core.access import __main__ as command_line
from core.access.roles import role_map, role_of
from core.access.sign_in import SignIn
from core.access.tokens import Tokens
from core.access.users import GUESS_WINDOW_S, GUESSES, UsersFile
from core.model.access import Person, SignInMethod, UserRole
from core.model.call import CallId, LegId, Role
from core.model.errors import (
    LinkExpired,
    LinkInvalid,
    NotSignedIn,
    RequestForged,
    RoleUnknown,
    SettingInvalid,
    SignInEnded,
    SignInRefused,
    UserInvalid,
    UsersFileInvalid,
)
from core.settings import Settings
from tests.fakes.clock import ManualClock

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "비밀번호는 열 글자"
OIDC = {
    "oidc_metadata_url": "https://id.example.com/.well-known/openid-configuration",
    "oidc_client_id": "earshot",
    "oidc_client_secret": "hush-hush",
    "oidc_roles": ("leads=supervisor", "staff=agent"),
}


class Ended:
    """Remembers in memory."""

    def __init__(self) -> None:
        self.sessions: set[str] = set()

    def end(self, session: str, until: float) -> None:
        self.sessions.add(session)

    def is_ended(self, session: str) -> bool:
        return session in self.sessions


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def users(tmp_path: Path, clock: ManualClock) -> UsersFile:
    users = UsersFile(tmp_path / "users.json", clock.monotonic, CHEAP)
    users.add("김상담", UserRole.AGENT, PASSWORD)
    return users


def tokens_at(clock: ManualClock) -> Tokens:
    return Tokens("the server's key", join_seconds=3600, session_seconds=3600, wall=clock.wall)


def sign_in_with(clock: ManualClock, users: UsersFile | None, **more: object) -> SignIn:
    return SignIn(Settings(_env_file=None, **more), users, tokens_at(clock), Ended(), clock)


def test_the_right_password_signs_in_however_its_letters_are_composed(clock: ManualClock, users: UsersFile) -> None:
    decomposed = "비밀번호는 열 글자"
    person = sign_in_with(clock, users).with_password(" 김상담 ", decomposed)
    assert (person.id, person.role, person.method) == ("user:김상담", UserRole.AGENT, SignInMethod.PASSWORD)
    assert person.session


@pytest.mark.parametrize(
    ("name", "password"), [("김상담", "wrong password"), ("nobody", PASSWORD), ("김상담", "x" * 9999)]
)
def test_a_wrong_name_or_password_is_refused_alike(
    clock: ManualClock, users: UsersFile, name: str, password: str
) -> None:
    with pytest.raises(SignInRefused):
        sign_in_with(clock, users).with_password(name, password)


def test_guessing_closes_a_name_for_a_minute(clock: ManualClock, users: UsersFile) -> None:
    sign_in = sign_in_with(clock, users)
    for _ in range(GUESSES):
        with pytest.raises(SignInRefused):
            sign_in.with_password("김상담", "wrong password")
    with pytest.raises(SignInRefused):
        sign_in.with_password("김상담", PASSWORD)
    clock.advance(GUESS_WINDOW_S + 1)
    assert sign_in.with_password("김상담", PASSWORD)


def test_a_session_ends_with_sign_out_removal_and_time_and_follows_the_role(
    clock: ManualClock, users: UsersFile
) -> None:
    sign_in = sign_in_with(clock, users)
    first, second = (sign_in.with_password("김상담", PASSWORD) for _ in range(2))
    token, other = sign_in.session_token(first), sign_in.session_token(second)
    users.set_role("김상담", UserRole.SUPERVISOR)
    assert sign_in.from_session(token).role is UserRole.SUPERVISOR
    assert not sign_in.is_current(first)
    sign_in.sign_out(first)
    with pytest.raises(SignInEnded):
        sign_in.from_session(token)
    assert sign_in.from_session(other)
    users.remove("김상담")
    with pytest.raises(SignInEnded):
        sign_in.from_session(other)


def test_a_token_is_good_for_its_own_kind_and_time_only(clock: ManualClock) -> None:
    tokens = tokens_at(clock)
    person = Person("user:kim", "kim", UserRole.ADMIN, SignInMethod.PASSWORD, "s")
    made = {
        "join": tokens.join_token(CallId("c1"), Role.CUSTOMER),
        "view": tokens.view_token(CallId("c1"), person),
        "leg": tokens.leg_token(CallId("c1"), LegId("l1")),
        "session": tokens.session_token(person),
        "api": tokens.api_token(person, 1, "x"),
    }
    read = {
        "join": tokens.read_join_token,
        "view": tokens.read_view_token,
        "leg": tokens.read_leg_token,
        "session": tokens.read_session_token,
        "api": tokens.read_api_token,
    }
    for kind, reader in read.items():
        assert reader(made[kind])
        for other, token in made.items():
            for bad in (
                token[:-1],
                token + "A",
                "",
                "A" * 9999,
                "".join(reversed(token)),
                *([token] if other != kind else []),
            ):
                with pytest.raises((LinkInvalid, SignInEnded)):
                    reader(bad)
    clock.advance(25 * 3600)
    for kind, reader in read.items():
        with pytest.raises((LinkExpired, SignInEnded)):
            reader(made[kind])


def test_the_token_of_another_sign_in_is_a_forgery(clock: ManualClock) -> None:
    tokens = tokens_at(clock)
    tokens.check_xsrf(tokens.xsrf_token("s1"), "s1")
    for bad in (tokens.xsrf_token("s2"), "", "ㅎ", "0" * 64):
        with pytest.raises(RequestForged):
            tokens.check_xsrf(bad, "s1")


@pytest.mark.parametrize(
    ("client", "host", "forwarded", "is_local"),
    [
        ("127.0.0.1", "localhost:8501", False, True),
        ("::1", "[::1]:8501", False, True),
        ("::ffff:127.0.0.1", "127.0.0.1", False, True),
        ("10.0.0.7", "localhost:8501", False, False),
        ("127.0.0.1", "evil.example", False, False),
        ("127.0.0.1", "localhost.evil.example", False, False),
        ("127.0.0.1", "localhost:8501", True, False),
        ("", "localhost", False, False),
        ("127.0.0.1", "", False, False),
        ("127.0.0.1", "[", False, False),
    ],
)
def test_development_is_for_whoever_sits_at_this_machine(
    clock: ManualClock, client: str, host: str, forwarded: bool, is_local: bool
) -> None:
    sign_in = sign_in_with(clock, None)
    if is_local:
        assert sign_in.local_admin(client, host, forwarded).role is UserRole.ADMIN
    else:
        with pytest.raises(NotSignedIn):
            sign_in.local_admin(client, host, forwarded)


def test_where_there_are_accounts_there_is_no_development_mode(clock: ManualClock, users: UsersFile) -> None:
    assert sign_in_with(clock, users).methods == {SignInMethod.PASSWORD}
    with pytest.raises(NotSignedIn):
        sign_in_with(clock, users).local_admin("127.0.0.1", "localhost", False)


def test_claims_give_the_highest_role_and_none_is_said(clock: ManualClock) -> None:
    sign_in = sign_in_with(clock, None, public_url="https://calls.example.com", **OIDC)
    claims: dict[str, object] = {"iss": "https://id", "sub": "7", "name": "이슬", "iat": clock.wall()}
    person = sign_in.with_claims({**claims, "groups": ["staff", "leads", "x"]})
    assert (person.role, person.name, person.id) == (UserRole.SUPERVISOR, "이슬", "oidc:https://id#7")
    for groups in ([], ["admin"], "", None, 7, {"leads": 1}):
        with pytest.raises(RoleUnknown, match="이슬"):
            sign_in.with_claims({**claims, "groups": groups})
    for bad in ({"sub": ""}, {"sub": 7}, {"iat": None}):
        with pytest.raises(NotSignedIn):
            sign_in.with_claims({**claims, "groups": ["staff"], **bad})
    sign_in.sign_out(person)
    with pytest.raises(SignInEnded):
        sign_in.with_claims({**claims, "groups": ["staff"]})


def test_a_role_that_is_none_is_refused_at_start() -> None:
    assert role_of("staff leads", role_map(["leads=supervisor", "staff=agent"])) is UserRole.SUPERVISOR
    for bad in ("leads", "leads=boss", "=admin"):
        with pytest.raises(SettingInvalid):
            role_map([bad])


@pytest.mark.parametrize(
    ("name", "password"), [("김상담", PASSWORD), ("", PASSWORD), ("new", "short"), ("newcomer", "newcomer-1234")]
)
def test_a_user_that_cannot_be_is_refused_in_words(users: UsersFile, name: str, password: str) -> None:
    with pytest.raises(UserInvalid):
        users.add(name, UserRole.AGENT, password)


def test_the_file_is_private_read_again_and_kept_in_mind_when_it_breaks(users: UsersFile, clock: ManualClock) -> None:
    assert users.path.stat().st_mode & 0o077 == 0
    assert PASSWORD not in users.path.read_text()
    UsersFile(users.path, clock.monotonic, CHEAP).add("lee", UserRole.ANALYST, PASSWORD)
    assert users.find("LEE") is not None
    users.path.write_text("{")
    assert users.find("lee") is not None
    assert users.problem is not None
    with pytest.raises(UsersFileInvalid):
        UsersFile(users.path, clock.monotonic, CHEAP)
    users.path.write_text('{"users": {}}')
    users.path.chmod(0o666)
    with pytest.raises(UsersFileInvalid, match="others than its owner"):
        UsersFile(users.path, clock.monotonic, CHEAP)


def test_users_are_managed_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command_line.main(["list"]) == 1
    assert "EARSHOT_USERS_FILE" in capsys.readouterr().err
    monkeypatch.setenv("EARSHOT_USERS_FILE", str(tmp_path / "users.json"))
    monkeypatch.setattr("getpass.getpass", lambda _: "a long password")
    assert command_line.main(["add", "kim", "--role", "agent"]) == 0
    assert command_line.main(["role", "kim", "--role", "supervisor"]) == 0
    assert command_line.main(["list"]) == 0
    assert capsys.readouterr().out == "supervisor  kim\n"
    assert command_line.main(["remove", "kim"]) == 0
    assert command_line.main(["password", "kim"]) == 1
