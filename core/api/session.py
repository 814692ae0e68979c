"""Routes of the sign-in: in, who am I, out. The only place where the session's cookie is set and removed."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field, SecretStr

from core.access.visit import PLAIN_COOKIE, SECURE_COOKIE
from core.api.visitors import Visitors, client_address
from core.desk import Desk
from core.model.access import UserRole
from core.settings import Settings


class Credentials(BaseModel):
    """Somebody's name and password."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    password: Annotated[SecretStr, Field(min_length=1, max_length=1000)]


class SessionReport(BaseModel):
    """Who is signed in."""

    name: str
    role: UserRole
    rights: list[str]
    xsrf_token: str
    """To be sent as the header `X-Earshot-Xsrf` along with whatever changes something."""


def session_routes(visitors: Visitors) -> APIRouter:
    """The routes."""
    router = APIRouter()

    @router.post("/session", status_code=204, responses={401: {"description": "Name or password is wrong."}})
    def sign_in(credentials: Credentials, request: Request, response: Response) -> None:
        """Sign in with a local user's name and password."""
        server = visitors.backend()
        token = server.sign_in_with_password(
            credentials.name, credentials.password.get_secret_value(), client_address(request)
        )
        _set_cookie(response, server.settings, request, token)

    @router.get("/session")
    def who_am_i(desk: Annotated[Desk, Depends(visitors.desk)], response: Response) -> SessionReport:
        """Who is signed in, and the token that changes need."""
        response.headers["Cache-Control"] = "no-store"
        person = desk.person
        return SessionReport(
            name=person.name,
            role=person.role,
            rights=sorted(right.value for right in desk.rights),
            xsrf_token=desk.xsrf_token,
        )

    @router.delete("/session", status_code=204)
    def sign_out(desk: Annotated[Desk, Depends(visitors.changing_desk)], response: Response) -> None:
        """End this sign-in, for every copy of its cookie."""
        desk.sign_out()
        for name, secure in ((SECURE_COOKIE, True), (PLAIN_COOKIE, False)):
            response.delete_cookie(name, path="/", secure=secure, httponly=True, samesite="lax")

    return router


def _set_cookie(response: Response, settings: Settings, request: Request, token: str) -> None:
    secure = settings.is_https or request.url.scheme == "https"
    response.set_cookie(
        SECURE_COOKIE if secure else PLAIN_COOKIE,
        token,
        max_age=int(settings.session_hours * 3600),
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )
