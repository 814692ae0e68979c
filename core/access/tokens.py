"""Signed tokens: what a link, a page's stream, a leg, a sign-in or a program may do, and for how long.

Every kind has a salt of its own, so that none can be taken for another. Any thread.
"""

import hmac
import os
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from itsdangerous import BadData, URLSafeSerializer

from core.model.access import Person, SignInMethod, UserRole
from core.model.call import CallId, LegId, Role
from core.model.errors import LinkExpired, LinkInvalid, RequestForged, SignInEnded
from core.settings import Settings

VIEW_SECONDS = 24 * 3600.0
"""A page left open longer than this asks for a new token when it is drawn again."""
LEG_SECONDS = 24 * 3600.0
LONGEST = 4_096
"""Characters of the longest token that is looked at; ours are far shorter."""


@dataclass(frozen=True, slots=True)
class JoinGrant:
    """What a join link allows: to join this call in this role."""

    call_id: CallId
    role: Role


@dataclass(frozen=True, slots=True)
class ViewGrant:
    """What a page's stream allows: this person may watch this call, as long as the person may."""

    call_id: CallId
    person: Person


@dataclass(frozen=True, slots=True)
class LegGrant:
    """What a leg's token allows: to report what the browser measured on this leg, and to end it."""

    call_id: CallId
    leg_id: LegId


class Tokens:
    """Makes and reads the tokens of one server."""

    def __init__(self, key: str, join_seconds: float, session_seconds: float, wall: Callable[[], float]) -> None:
        """`wall` gives the seconds since the Unix epoch."""
        self._key = key
        self._join_seconds = join_seconds
        self._session_seconds = session_seconds
        self._wall = wall

    def join_token(self, call_id: CallId, role: Role) -> str:
        """A token for a join link."""
        return self._made("join", self._join_seconds, [call_id, role.value])

    def read_join_token(self, token: str) -> JoinGrant:
        """What a join link allows. Raises LinkExpired, LinkInvalid."""
        call_id, role = self._read("join", token, 2)
        return JoinGrant(call_id=CallId(call_id), role=Role(role))

    def view_token(self, call_id: CallId, person: Person) -> str:
        """A token for a page that watches this call."""
        return self._made("view", VIEW_SECONDS, [call_id, *_person_fields(person)])

    def read_view_token(self, token: str) -> ViewGrant:
        """Who may watch which call with this token. Raises LinkExpired, LinkInvalid."""
        call_id, *person = self._read("view", token, 1 + PERSON_FIELDS)
        return ViewGrant(call_id=CallId(call_id), person=_person(person))

    def overviews_token(self, person: Person) -> str:
        """A token for a page that watches all running calls."""
        return self._made("overviews", VIEW_SECONDS, _person_fields(person))

    def read_overviews_token(self, token: str) -> Person:
        """Who may watch all running calls with this token. Raises LinkExpired, LinkInvalid."""
        return _person(self._read("overviews", token, PERSON_FIELDS))

    def doctor_token(self, person: Person) -> str:
        """A token for a page that runs the Doctor's checks."""
        return self._made("doctor", VIEW_SECONDS, _person_fields(person))

    def read_doctor_token(self, token: str) -> Person:
        """Who runs checks with this token. Raises LinkExpired, LinkInvalid."""
        return _person(self._read("doctor", token, PERSON_FIELDS))

    def leg_token(self, call_id: CallId, leg_id: LegId) -> str:
        """A token for a browser that reports on its leg, and ends it when its tab is closed."""
        return self._made("leg", LEG_SECONDS, [call_id, leg_id])

    def read_leg_token(self, token: str) -> LegGrant:
        """Which leg may be reported on and ended. Raises LinkExpired, LinkInvalid."""
        call_id, leg_id = self._read("leg", token, 2)
        return LegGrant(call_id=CallId(call_id), leg_id=LegId(leg_id))

    def session_token(self, person: Person) -> str:
        """What a browser keeps of a sign-in."""
        return self._made("session", self._session_seconds, _person_fields(person))

    def read_session_token(self, token: str) -> Person:
        """Who signed in. Raises SignInEnded."""
        return self._read_person("session", token)

    def api_token(self, person: Person, hours: float, name: str) -> str:
        """A token for a program that acts in a person's name; `name` tells the person's tokens apart."""
        session = f"{name}-{secrets.token_hex(8)}"
        acting = Person(person.id, person.name, person.role, SignInMethod.TOKEN, session)
        return self._made("api", hours * 3600, _person_fields(acting))

    def read_api_token(self, token: str) -> Person:
        """In whose name a program acts. Raises SignInEnded."""
        return self._read_person("api", token)

    def xsrf_token(self, session: str) -> str:
        """What a page has to send along with whatever it changes under a sign-in."""
        return hmac.new(self._key.encode(), f"earshot.xsrf {session}".encode(), sha256).hexdigest()

    def check_xsrf(self, token: str, session: str) -> None:
        """Raises RequestForged unless `token` is the one of this sign-in."""
        if not hmac.compare_digest(token.encode("utf-8", "replace"), self.xsrf_token(session).encode()):
            raise RequestForged

    def _serializer(self, kind: str) -> URLSafeSerializer:
        return URLSafeSerializer(self._key, salt=f"earshot.{kind}", signer_kwargs={"digest_method": sha256})

    def _made(self, kind: str, seconds: float, fields: Sequence[str]) -> str:
        return str(self._serializer(kind).dumps([int(self._wall() + seconds), *fields]))

    def _read(self, kind: str, token: str, fields: int) -> list[str]:
        """The fields of a token that is valid now. Raises LinkExpired, LinkInvalid."""
        if len(token) > LONGEST:
            raise LinkInvalid
        try:
            payload = self._serializer(kind).loads(token)
        except (BadData, UnicodeError) as error:
            raise LinkInvalid from error
        if not isinstance(payload, list) or len(payload) != fields + 1:
            raise LinkInvalid
        if payload[0] <= self._wall():
            raise LinkExpired
        return [str(field) for field in payload[1:]]

    def _read_person(self, kind: str, token: str) -> Person:
        try:
            return _person(self._read(kind, token, PERSON_FIELDS))
        except (LinkExpired, LinkInvalid) as error:
            raise SignInEnded from error


PERSON_FIELDS = 5


def _person_fields(person: Person) -> list[str]:
    return [person.id, person.name, person.role.value, person.method.value, person.session]


def _person(fields: Sequence[str]) -> Person:
    person_id, name, role, method, session = fields
    return Person(id=person_id, name=name, role=UserRole(role), method=SignInMethod(method), session=session)


def derived_key(key: str, purpose: str) -> str:
    """A secret for one purpose, from which the server's key cannot be found."""
    return hmac.new(key.encode(), f"earshot.derived {purpose}".encode(), sha256).hexdigest()


def server_key(settings: Settings) -> str:
    """What this server signs with: the configured key, or the one in the data folder."""
    return settings.secret_key.get_secret_value() if settings.secret_key else load_or_make_key(settings.data_dir)


def load_or_make_key(data_dir: Path) -> str:
    """The signing key kept in the data folder; made at first start, readable by its owner only."""
    path = data_dir / "secret.key"
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(48))
        draft.replace(path)
    return path.read_text().strip()
