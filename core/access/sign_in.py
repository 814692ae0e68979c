"""Recognises people: by password, by a sign-in provider's claims, by token or, in development, by where they sit."""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from ipaddress import ip_address
from typing import Protocol
from urllib.parse import urlsplit

from core.access.roles import role_map, role_of
from core.access.tokens import Tokens
from core.access.users import UsersFile
from core.model.access import Person, SignInMethod, UserRole
from core.model.clock import Clock
from core.model.errors import NotSignedIn, RoleUnknown, SignInEnded, SignInRefused
from core.settings import Environment, Settings

LONGEST_PERSON_NAME = 80


class EndedSignIns(Protocol):
    """Remembers which sign-ins were ended before their time."""

    def end(self, session: str, until: float) -> None:
        """Remember one, until it would have expired (seconds since the Unix epoch)."""

    def is_ended(self, session: str) -> bool:
        """Whether it was ended."""


class SignIn:
    """Any thread; `with_password` blocks for a tenth of a second."""

    def __init__(
        self, settings: Settings, users: UsersFile | None, tokens: Tokens, ended: EndedSignIns, clock: Clock
    ) -> None:
        """Raises SettingInvalid where EARSHOT_OIDC_ROLES cannot be read."""
        self._settings = settings
        self._users = users
        self._tokens = tokens
        self._ended = ended
        self._clock = clock
        self._roles = role_map(settings.oidc_roles)

    @property
    def methods(self) -> frozenset[SignInMethod]:
        """How people can sign in here. Development alone where no accounts are set up."""
        methods = set()
        if self._users is not None:
            methods.add(SignInMethod.PASSWORD)
        if self._settings.oidc_metadata_url:
            methods.add(SignInMethod.OIDC)
        if not methods and self._settings.env is Environment.DEVELOPMENT:
            methods.add(SignInMethod.DEVELOPMENT)
        return frozenset(methods)

    def with_password(self, name: str, password: str) -> Person:
        """A new sign-in. Raises SignInRefused."""
        if self._users is None:
            raise SignInRefused
        user = self._users.verify(name, password)
        return Person(f"user:{user.name}", user.name, user.role, SignInMethod.PASSWORD, secrets.token_hex(16))

    def with_claims(self, claims: Mapping[str, object]) -> Person:
        """Who a sign-in provider says somebody is. Raises RoleUnknown, NotSignedIn, SignInEnded."""
        subject, issued_at = claims.get("sub"), claims.get("iat")
        if SignInMethod.OIDC not in self.methods or not isinstance(subject, str) or not subject:
            raise NotSignedIn
        if not isinstance(issued_at, int | float):
            raise NotSignedIn
        session = sha256(f"{claims.get('iss', '')} {subject} {issued_at}".encode()).hexdigest()
        is_old = self._clock.wall() > issued_at + self._settings.session_hours * 3600
        if is_old or self._ended.is_ended(session):
            raise SignInEnded
        named = (claims.get(key) for key in ("name", "preferred_username", "email"))
        name = next((each for each in named if isinstance(each, str) and each.strip()), subject)[:LONGEST_PERSON_NAME]
        role = role_of(claims.get(self._settings.oidc_role_claim), self._roles)
        if role is None:
            raise RoleUnknown(name=name)
        return Person(f"oidc:{claims.get('iss', '')}#{subject}", name, role, SignInMethod.OIDC, session)

    def local_admin(self, client: str, host: str, forwarded: bool) -> Person:
        """Whoever sits at this machine while no accounts are set up.

        `client` is the network address that the request came from, `host` its Host header, `forwarded` whether it
        came through a proxy, in which case nothing is known of where the person sits.

        Raises:
            NotSignedIn: it came from elsewhere, or accounts are set up.
        """
        if SignInMethod.DEVELOPMENT in self.methods and not forwarded and _is_loopback(client) and _is_local_name(host):
            return Person("development", "Developer", UserRole.ADMIN, SignInMethod.DEVELOPMENT)
        raise NotSignedIn

    def session_token(self, person: Person) -> str:
        """What a browser keeps of a sign-in."""
        return self._tokens.session_token(person)

    def from_session(self, token: str) -> Person:
        """Whose sign-in it is, in the role that the person has by now. Raises SignInEnded."""
        return self._as_of_now(self._tokens.read_session_token(token))

    def from_api_token(self, token: str) -> Person:
        """In whose name a program acts, in the role that the person has by now. Raises SignInEnded."""
        return self._as_of_now(self._tokens.read_api_token(token))

    def _as_of_now(self, person: Person) -> Person:
        if self._ended.is_ended(person.session):
            raise SignInEnded
        if person.id == "development" and SignInMethod.DEVELOPMENT not in self.methods:
            raise SignInEnded
        if not person.id.startswith("user:"):
            return person
        user = self._users.find(person.id.removeprefix("user:")) if self._users else None
        if user is None:
            raise SignInEnded
        return replace(person, role=user.role)

    def is_current(self, person: Person) -> bool:
        """Whether somebody who was recognised before may go on: nothing was ended, taken away or changed. Cheap."""
        try:
            return self._as_of_now(person) == person
        except SignInEnded:
            return False

    def sign_out(self, person: Person) -> None:
        """End a sign-in, for every copy of its token."""
        if person.session:
            self._ended.end(person.session, self._clock.wall() + self._settings.session_hours * 3600)


def _is_loopback(address: str) -> bool:
    try:
        known = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(known, "ipv4_mapped", None)
    return known.is_loopback or (mapped is not None and mapped.is_loopback)


def _is_local_name(host: str) -> bool:
    # Another name that leads here may be an attacker's (DNS rebinding).
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return name == "localhost" or _is_loopback(name)
