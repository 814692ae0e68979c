"""The desks of those who send requests, as FastAPI dependencies."""

from collections.abc import Callable

from fastapi import Request

from core.access.tokens import ViewGrant
from core.access.visit import Visit
from core.backend import Backend
from core.desk import Desk
from core.model.access import SignInMethod
from core.model.errors import LinkInvalid, SignInEnded

XSRF_HEADER = "X-Earshot-Xsrf"


class Visitors:
    """Makes desks for requests. Its methods run on worker threads."""

    def __init__(self, backend: Callable[[], Backend]) -> None:
        self.backend = backend

    def desk(self, request: Request) -> Desk:
        """The desk of whoever sent the request. Raises NotSignedIn, SignInEnded."""
        backend, client = self.backend(), client_address(request)
        visit = Visit(client=client, headers=request.headers, cookies=request.cookies)
        return Desk(backend, visit.person(backend.sign_in), client)

    def changing_desk(self, request: Request) -> Desk:
        """The same for a request that changes something: one from a page has to bring the page's token.

        Raises:
            RequestForged: it does not.
            NotSignedIn, SignInEnded
        """
        desk = self.desk(request)
        if desk.person.method is not SignInMethod.TOKEN:
            self.backend().tokens.check_xsrf(request.headers.get(XSRF_HEADER, ""), desk.person.session)
        return desk


def view_grant(server: Backend, token: str, call_id: str) -> ViewGrant:
    """What the token of a call's page allows: the right to look on at this call, as long as the sign-in lasts.

    Raises LinkInvalid, also for the token of another call, LinkExpired and SignInEnded.
    """
    grant = server.tokens.read_view_token(token)
    if grant.call_id != call_id:
        raise LinkInvalid
    if not server.sign_in.is_current(grant.person):
        raise SignInEnded
    return grant


def client_address(request: Request) -> str:
    """The network address that a request came from; empty where there is none."""
    return request.client.host if request.client else ""
