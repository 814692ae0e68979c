"""A request as far as it tells who sent it, whether to a page or to the API."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.access.sign_in import SignIn
from core.model.access import Person, SignInMethod
from core.model.errors import NotSignedIn

SECURE_COOKIE = "__Host-earshot_session"
"""The session's cookie with HTTPS: under this name browsers take it from this host alone, and never without TLS."""
PLAIN_COOKIE = "earshot_session"
BEARER = "bearer "
FORWARDED = ("x-forwarded-for", "x-forwarded-host", "forwarded", "x-real-ip")
"""Headers that a proxy adds."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Where a request came from and what it brought."""

    client: str
    """Network address; empty where it is unknown."""
    headers: Mapping[str, str]
    """By their names in small letters."""
    cookies: Mapping[str, str]

    def person(self, sign_in: SignIn) -> Person:
        """Who sent it: by an API token, by a sign-in's cookie or, in development, by sitting at this machine.

        Raises:
            NotSignedIn: nothing tells.
            SignInEnded: what it brought is not valid, or not any more.
        """
        authorization = self.headers.get("authorization", "")
        if authorization.lower().startswith(BEARER):
            return sign_in.from_api_token(authorization[len(BEARER) :].strip())
        for name in (SECURE_COOKIE, PLAIN_COOKIE):
            if cookie := self.cookies.get(name):
                return sign_in.from_session(cookie)
        if SignInMethod.DEVELOPMENT not in sign_in.methods:
            raise NotSignedIn
        return sign_in.local_admin(
            client=self.client,
            host=self.headers.get("host", ""),
            forwarded=any(name in self.headers for name in FORWARDED),
        )
