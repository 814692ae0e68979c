"""What an attacker would try against the API and the pages, each refused and nothing leaked."""

import http.client
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from core.access.tokens import Tokens
from core.access.users import UsersFile
from core.model.access import Person, SignInMethod, UserRole
from core.model.call import CallId, LegId, Role
from tests.support.streamlit_server import ROOT, Server, running_server

PASSWORD = "a password nobody guesses"
NAMES = {
    UserRole.ADMIN: "ada",
    UserRole.SUPERVISOR: "sue",
    UserRole.AGENT: "ann",
    UserRole.ANALYST: "abe",
    UserRole.CUSTOMER: "cho",
}
LEAKS = ("Traceback", "/core/", "site-packages", "secret.key", PASSWORD, "sqlite")


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: str


@dataclass
class Target:
    """The server under attack, with one signed-in session a role and a call of the supervisor's."""

    server: Server
    tokens: Tokens
    cookies: dict[UserRole, str] = field(default_factory=dict)
    xsrf: dict[UserRole, str] = field(default_factory=dict)
    call_id: str = ""

    def send(self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes | str = b"") -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
        try:
            connection.putrequest(method, path, skip_host="Host" in (headers or {}), skip_accept_encoding=True)
            for name, value in (headers or {}).items():
                connection.putheader(name, value)
            content = body.encode() if isinstance(body, str) else body
            if content and "Content-Length" not in (headers or {}):
                connection.putheader("Content-Length", str(len(content)))
            connection.endheaders(content or None)
            answer = connection.getresponse()
            return Answer(
                answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read().decode(errors="replace")
            )
        finally:
            connection.close()

    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    def of(self, role: UserRole, **more: str) -> dict[str, str]:
        """The headers of that role's own pages."""
        own = {"Cookie": f"earshot_session={self.cookies[role]}", "X-Earshot-Xsrf": self.xsrf[role]}
        return {**own, "Origin": self.origin(), "Content-Type": "application/json", **more}

    def person(self, role: UserRole, method: SignInMethod = SignInMethod.PASSWORD, session: str = "s1") -> Person:
        return Person(f"user:{NAMES[role]}", NAMES[role], role, method, session)


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    folder = tmp_path_factory.mktemp("red")
    users = UsersFile(folder / "users.json", time.monotonic)
    for role, name in NAMES.items():
        users.add(name, role, PASSWORD)
    users.add("gone", UserRole.ADMIN, PASSWORD)
    environment = {"EARSHOT_USERS_FILE": str(folder / "users.json"), "EARSHOT_RATE_LIMIT": "1000/minute"}
    with running_server(ROOT / "app.py", folder / "data", environment=environment, health="/api/health") as server:
        key = (server.data_dir / "secret.key").read_text()
        tokens = Tokens(key, join_seconds=60, session_seconds=3600, wall=time.time)
        target = Target(server, tokens)
        for role, name in NAMES.items():
            credentials = json.dumps({"name": name, "password": PASSWORD})
            answer = target.send("POST", "/api/session", {"Content-Type": "application/json"}, credentials)
            assert answer.status == 204, answer
            cookie = answer.headers["set-cookie"]
            assert "HttpOnly" in cookie
            assert "samesite=lax" in cookie.lower()
            target.cookies[role] = cookie.split("=", 1)[1].split(";")[0]
            mine = target.send("GET", "/api/session", {"Cookie": f"earshot_session={target.cookies[role]}"})
            target.xsrf[role] = json.loads(mine.body)["xsrf_token"]
        begun = target.send("POST", "/api/calls", target.of(UserRole.SUPERVISOR), '{"language": "ko"}')
        assert begun.status == 201, begun
        target.call_id = json.loads(begun.body)["id"]
        users.remove("gone")
        yield target


ADMIN, SUPERVISOR, AGENT, ANALYST, CUSTOMER = NAMES
CALL = "/api/calls/{call}"
JSON = {"Content-Type": "application/json"}
ESCALATIONS = [
    ("nobody lists calls", "GET", "/api/calls", None, 401),
    ("nobody reads a call", "GET", CALL, None, 401),
    ("nobody exports", "GET", CALL + "/export", None, 401),
    ("nobody reads the audit log", "GET", "/api/audit", None, 401),
    ("nobody reads settings", "GET", "/api/settings", None, 401),
    ("nobody sees the load", "GET", "/api/load", None, 401),
    ("nobody brings a file", "POST", "/api/imports", None, 401),
    ("nobody sees the metrics", "GET", "/api/metrics", None, 401),
    ("nobody begins a call", "POST", "/api/calls", None, 401),
    ("a customer lists calls", "GET", "/api/calls", CUSTOMER, 403),
    ("a customer reads a call", "GET", CALL, CUSTOMER, 403),
    ("a customer begins a call", "POST", "/api/calls", CUSTOMER, 403),
    ("a customer makes a link", "POST", CALL + "/links", CUSTOMER, 403),
    ("an agent deletes", "DELETE", CALL, AGENT, 403),
    ("an agent exports", "GET", CALL + "/export", AGENT, 403),
    ("an agent reads the audit log", "GET", "/api/audit", AGENT, 403),
    ("an analyst begins a call", "POST", "/api/calls", ANALYST, 403),
    ("an analyst ends a call", "POST", CALL + "/end", ANALYST, 403),
    ("an analyst corrects", "PATCH", CALL + "/utterances/u1", ANALYST, 403),
    ("an analyst invites", "POST", CALL + "/links", ANALYST, 403),
    ("a supervisor deletes", "DELETE", CALL, SUPERVISOR, 403),
    ("a supervisor reads the audit log", "GET", "/api/audit", SUPERVISOR, 403),
    ("a supervisor reads settings", "GET", "/api/settings", SUPERVISOR, 403),
    ("an administrator deletes a running call", "DELETE", CALL, ADMIN, 409),
    ("an agent makes a token", "POST", "/api/tokens", AGENT, 403),
    ("an unknown call", "GET", "/api/calls/nosuchcall", ADMIN, 404),
]


def clean(answer: Answer) -> None:
    """Whatever is refused tells nothing, and wears the guards' headers."""
    assert not [leak for leak in LEAKS if leak in answer.body], answer.body
    assert answer.headers.get("x-content-type-options") == "nosniff"


@pytest.mark.parametrize(("name", "method", "path", "role", "status"), ESCALATIONS, ids=[e[0] for e in ESCALATIONS])
def test_nobody_does_what_the_role_does_not_allow(
    target: Target, name: str, method: str, path: str, role: UserRole | None, status: int
) -> None:
    headers = target.of(role) if role else {**JSON, "Origin": target.origin()}
    body = {"POST": '{"language": "ko", "name": "x"}', "PATCH": '{"text": "x"}'}.get(method, "")
    answer = target.send(method, path.format(call=target.call_id), headers, body)
    assert answer.status == status, answer
    clean(answer)


def test_a_leg_is_ended_by_its_own_token_and_from_no_other_site(target: Target) -> None:
    def leave(token: str, **headers: str) -> Answer:
        own = {**JSON, "Origin": target.origin(), "Sec-Fetch-Site": "same-origin"}
        return target.send("POST", "/api/legs/leave", {**own, **headers}, json.dumps({"token": token}))

    token = target.tokens.leg_token(CallId(target.call_id), LegId("nosuchleg"))
    gone = target.tokens.leg_token(CallId("nosuchcall"), LegId("nosuchleg"))
    assert [leave(each).status for each in (token, token, gone)] == [202, 202, 202]
    person = target.person(ADMIN)
    for none in ("", "x", token + "A", target.tokens.view_token(CallId(target.call_id), person)):
        answer = leave(none)
        assert answer.status == 403, answer
        clean(answer)
    assert leave("A" * 5_000).status == 422
    assert leave(token, **{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}).status == 403
    assert leave(token, **{"Sec-Fetch-Site": "same-site"}).status == 403


def test_a_leg_is_reported_on_with_its_own_token_from_no_other_site_and_in_small_pieces(target: Target) -> None:
    def report(token: str, body: str = "{}", **headers: str) -> Answer:
        own = {**JSON, "Origin": target.origin(), "Sec-Fetch-Site": "same-origin"}
        return target.send("POST", f"/api/rtc/samples?token={token}", {**own, **headers}, body)

    token = target.tokens.leg_token(CallId(target.call_id), LegId("nosuchleg"))
    view = target.tokens.view_token(CallId(target.call_id), target.person(ADMIN))
    figures = '{"seconds": [{"number": NaN}]}'
    gone = target.tokens.leg_token(CallId("nosuchcall"), LegId("nosuchleg"))
    refused = [
        (report(token), 404),
        (report(gone), 404),
        (report(""), 403),
        (report(token + "A"), 403),
        (report(view), 403),
        (report("A" * 5_000), 422),
        (report(token, figures), 422),
        (report(token, " " * 70_000), 413),
        (report(token, **{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}), 403),
    ]
    for answer, status in refused:
        assert answer.status == status, answer
        clean(answer)


def forged(target: Target, name: str) -> str:
    """A session cookie that is none."""
    good = target.cookies[ADMIN]
    other = Tokens("another key entirely", 60, 3600, time.time)
    admin = target.person(ADMIN)
    made = {
        "one letter changed": good[:-3] + ("A" if good[-3] != "A" else "B") + good[-2:],
        "cut off": good[: len(good) // 2],
        "signed with another key": other.session_token(admin),
        "a view token": target.tokens.view_token(CallId(target.call_id), admin),
        "a join token": target.tokens.join_token(CallId(target.call_id), Role.SUPERVISOR),
        "a leg token": target.tokens.leg_token(CallId(target.call_id), LegId("l1")),
        "an api token": target.tokens.api_token(admin, 1, "x"),
        "expired": Tokens(target.tokens._key, 60, -1, time.time).session_token(admin),
        "of a removed user": target.tokens.session_token(
            Person("user:gone", "gone", UserRole.ADMIN, SignInMethod.PASSWORD, "s")
        ),
        "of nobody": target.tokens.session_token(Person("user:", "", UserRole.ADMIN, SignInMethod.PASSWORD, "s")),
        "of the development mode": target.tokens.session_token(
            Person("development", "x", UserRole.ADMIN, SignInMethod.DEVELOPMENT)
        ),
        "five thousand letters": "A" * 5000,
        "empty quotes": '""',
    }
    return made[name]


FORGERIES = [
    "one letter changed", "cut off", "signed with another key", "a view token", "a join token", "a leg token",
    "an api token", "expired", "of a removed user", "of nobody", "of the development mode", "five thousand letters",
    "empty quotes",
]  # fmt: skip


@pytest.mark.parametrize("name", FORGERIES)
def test_a_cookie_that_is_none_opens_nothing(target: Target, name: str) -> None:
    answer = target.send("GET", "/api/calls", {"Cookie": f"earshot_session={forged(target, name)}"})
    assert answer.status == 401, answer
    clean(answer)


def test_a_role_in_a_cookie_is_not_believed(target: Target) -> None:
    promoted = target.tokens.session_token(
        target.person(AGENT).__class__("user:ann", "ann", UserRole.ADMIN, SignInMethod.PASSWORD, "s")
    )
    assert target.send("GET", "/api/audit", {"Cookie": f"earshot_session={promoted}"}).status == 403


@pytest.mark.parametrize("bearer", ["", "x", "session", "..", "a.b.c"])
def test_a_bearer_token_that_is_none_opens_nothing(target: Target, bearer: str) -> None:
    token = target.cookies[ADMIN] if bearer == "session" else bearer
    answer = target.send("GET", "/api/calls", {"Authorization": f"Bearer {token}"})
    assert answer.status == 401, answer
    clean(answer)


BEGIN = '{"language": "ko"}'
REQUESTS: list[tuple[str, str, str, dict[str, str], str, set[int]]] = [
    ("no xsrf token", "POST", "/api/calls", {"X-Earshot-Xsrf": ""}, BEGIN, {403}),
    ("another xsrf token", "POST", "/api/calls", {"X-Earshot-Xsrf": "0" * 64}, BEGIN, {403}),
    ("from another site", "POST", "/api/calls", {"Origin": "https://evil.example"}, BEGIN, {403}),
    ("from a sandbox", "POST", "/api/calls", {"Origin": "null"}, BEGIN, {403}),
    ("from a look-alike", "POST", "/api/calls", {"Origin": "http://127.0.0.1.evil.example"}, BEGIN, {403}),
    ("cross-site by the browser's word", "POST", "/api/calls", {"Sec-Fetch-Site": "cross-site"}, BEGIN, {403}),
    ("another host", "GET", "/api/health", {"Host": "evil.example"}, "", {400}),
    ("a host with a path", "GET", "/api/health", {"Host": "127.0.0.1/evil"}, "", {400}),
    ("a method to override", "GET", CALL, {"X-HTTP-Method-Override": "DELETE"}, "", {200}),
    ("a body declared too large", "POST", "/api/calls", {"Content-Length": "99999999"}, "", {413}),
    ("a body that is too large", "POST", "/api/calls", {}, "x" * 70_000, {413}),
    ("an address that is too long", "GET", "/api/calls?text=" + "a" * 9000, {}, "", {414}),
    ("headers that are too long", "GET", "/api/calls", {"X-Long": "a" * 13_000}, "", {431, 400}),
    ("a deep nesting", "POST", "/api/calls", {}, "[" * 20_000, {400, 422}),
    ("a huge number", "POST", "/api/calls", {}, '{"language": ' + "9" * 5000 + "}", {400, 422}),
    ("another type", "POST", "/api/calls", {"Content-Type": "text/plain"}, BEGIN, {422}),
    ("a language that is a path", "POST", "/api/calls", {}, '{"language": "../../etc"}', {422}),
    ("a lone surrogate", "PATCH", CALL + "/utterances/u1", {}, '{"text": "\\ud800"}', {404, 422}),
    ("an empty text", "PATCH", CALL + "/utterances/u1", {}, '{"text": ""}', {422}),
    ("a format that is a path", "GET", CALL + "/export?format=../../secret.key", {}, "", {422}),
    ("a path for an id", "GET", "/api/calls/..%2f..%2fsecret.key", {}, "", {400, 404, 422}),
    ("dots in the path", "GET", "/api/../secret.key", {}, "", {400, 404}),
    ("escaped dots", "GET", "/%2e%2e/%2e%2e/etc/passwd", {}, "", {400, 404}),
    ("two slashes", "GET", "//evil.example/", {}, "", {400, 404}),
    ("a backslash", "GET", "/static/..%5c..%5csecret.key", {}, "", {400, 404}),
    ("a nul", "GET", "/static/%00", {}, "", {400, 404}),
    ("media of others", "GET", "/media/../../secret.key", {}, "", {400, 404}),
    ("a header in a header", "GET", "/api/calls?text=%0d%0aSet-Cookie:%20a=b", {}, "", {200}),
    ("query language in a search", "GET", "/api/calls?text=%27%20OR%201=1--&participant=%25", {}, "", {200}),
    ("an offset below nothing", "GET", "/api/calls?offset=-1", {}, "", {422}),
    ("a limit beyond all", "GET", "/api/calls?limit=1000000", {}, "", {422}),
    ("a moment that is none", "GET", "/api/calls?since=nan", {}, "", {422}),
    ("trace", "TRACE", "/api/calls", {}, "", {405}),
    ("put", "PUT", "/api/calls", {}, "{}", {405}),
    ("an unknown route", "GET", "/api/admin", {}, "", {404}),
    ("the documentation with scripts from elsewhere", "GET", "/api/docs", {}, "", {404}),
    ("a stream without a token", "GET", CALL + "/stream", {}, "", {422}),
    ("a stream with a session for a token", "GET", CALL + "/stream?token=x.y", {}, "", {403}),
    ("a question without a token", "POST", CALL + "/questions", {}, '{"question": "who?"}', {415, 422}),
    ("a question with a session for a token", "POST", CALL + "/questions?token=x.y", JSON,
     '{"question": "who?"}', {403}),
    ("a question without end", "POST", CALL + "/questions?token=x.y", JSON,
     '{"question": "' + "x" * 301 + '"}', {422}),
    ("the list of calls without a token", "GET", "/api/supervision/stream", {}, "", {422}),
    ("the list of calls with a session for a token", "GET", "/api/supervision/stream?token=x.y", {}, "", {403}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "method", "path", "headers", "body", "statuses"), REQUESTS, ids=[r[0] for r in REQUESTS]
)
def test_a_bad_request_is_refused_and_tells_nothing(
    target: Target, name: str, method: str, path: str, headers: dict[str, str], body: str, statuses: set[int]
) -> None:
    answer = target.send(method, path.format(call=target.call_id), target.of(ADMIN, **headers), body)
    assert answer.status in statuses, answer
    clean(answer)
    assert "set-cookie" not in answer.headers or "a=b" not in answer.headers["set-cookie"]


def test_a_token_for_a_program_acts_in_its_person_s_role_only(target: Target) -> None:
    made = target.send("POST", "/api/tokens", target.of(ANALYST), '{"name": "nightly", "hours": 1}')
    bearer = {"Authorization": f"Bearer {json.loads(made.body)['token']}"}
    assert target.send("GET", "/api/calls", bearer).status == 200
    assert target.send("GET", "/api/audit", bearer).status == 403
    assert target.send("DELETE", f"/api/calls/{target.call_id}", bearer).status == 403


def test_a_query_language_in_a_search_finds_nothing(target: Target) -> None:
    answer = target.send("GET", "/api/calls?text=%27%20OR%201=1--", target.of(ADMIN))
    assert json.loads(answer.body)["total"] == 0


def test_the_stream_of_another_call_needs_its_own_token(target: Target) -> None:
    token = target.tokens.view_token(CallId("other"), target.person(ADMIN))
    answer = target.send("GET", f"/api/calls/{target.call_id}/stream?token={token}")
    assert answer.status == 403
    clean(answer)


def test_a_person_who_is_gone_watches_no_more(target: Target) -> None:
    gone = Person("user:gone", "gone", UserRole.ADMIN, SignInMethod.PASSWORD, "s")
    token = target.tokens.view_token(CallId(target.call_id), gone)
    answer = target.send("GET", f"/api/calls/{target.call_id}/stream?token={token}")
    assert answer.status == 401


def test_a_question_is_for_those_who_may_see_the_call_and_is_answered_from_it(target: Target) -> None:
    def ask(token: str) -> Answer:
        return target.send("POST", f"/api/calls/{target.call_id}/questions?token={token}", JSON, '{"question": "who?"}')

    answer = ask(target.tokens.view_token(CallId(target.call_id), target.person(ADMIN)))
    assert answer.status == 200, answer
    assert json.loads(answer.body)["engine"] == "extractive"
    assert ask(target.tokens.view_token(CallId("other"), target.person(ADMIN))).status == 403
    gone = Person("user:gone", "gone", UserRole.ADMIN, SignInMethod.PASSWORD, "s")
    assert ask(target.tokens.view_token(CallId(target.call_id), gone)).status == 401


def test_the_list_of_calls_is_for_those_who_may_hear_them_all(target: Target) -> None:
    for role in (UserRole.AGENT, UserRole.ANALYST, UserRole.CUSTOMER):
        answer = target.send(
            "GET", f"/api/supervision/stream?token={target.tokens.overviews_token(target.person(role))}"
        )
        assert answer.status == 403
        clean(answer)
    gone = Person("user:gone", "gone", UserRole.ADMIN, SignInMethod.PASSWORD, "s")
    assert target.send("GET", f"/api/supervision/stream?token={target.tokens.overviews_token(gone)}").status == 401
    one_call = target.tokens.view_token(CallId(target.call_id), target.person(ADMIN))
    assert target.send("GET", f"/api/supervision/stream?token={one_call}").status == 403


def test_somebody_elsewhere_is_no_developer_by_saying_so(target: Target) -> None:
    for header in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Forwarded-Host"):
        assert target.send("GET", "/api/calls", {header: "127.0.0.1"}).status == 401


def test_a_sign_in_that_has_ended_cannot_be_replayed(target: Target) -> None:
    credentials = json.dumps({"name": "abe", "password": PASSWORD})
    answer = target.send("POST", "/api/session", JSON, credentials)
    cookie = {"Cookie": answer.headers["set-cookie"].split(";")[0]}
    xsrf = json.loads(target.send("GET", "/api/session", cookie).body)["xsrf_token"]
    assert target.send("DELETE", "/api/session", {**cookie, "Origin": target.origin()}).status == 403
    out = target.send("DELETE", "/api/session", {**cookie, "Origin": target.origin(), "X-Earshot-Xsrf": xsrf})
    assert out.status == 204
    assert target.send("GET", "/api/session", cookie).status == 401
    assert target.send("GET", "/api/calls", cookie).status == 401


def test_guessing_a_password_is_soon_refused_and_the_log_holds_none(target: Target) -> None:
    statuses = []
    for number in range(14):
        guess = json.dumps({"name": "ada", "password": f"guess number {number}"})
        answer = target.send("POST", "/api/session", JSON, guess)
        clean(answer)
        statuses.append(answer.status)
    assert set(statuses) == {401, 429}
    assert answer.headers["retry-after"].isdigit()
    assert "guess number" not in target.server.log
    assert PASSWORD not in target.server.log
    assert not [cookie for cookie in target.cookies.values() if cookie in target.server.log]


@pytest.mark.parametrize("name", [each for each in FORGERIES if each != "a leg token"])
def test_no_leg_is_ended_by_what_is_not_its_own_token(target: Target, name: str) -> None:
    answer = target.send("POST", "/api/legs/leave", JSON, json.dumps({"token": forged(target, name)}))
    assert answer.status in (403, 410, 422), answer
    clean(answer)
