"""An error that nobody foresaw becomes an answer inside the other guards, so that it too wears their headers."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.api.guards.refusal import refuse
from core.model.errors import AnswerFailed


class CrashAnswer:
    """Answers with 500 where nothing has been sent yet; the error goes on to the server, which logs it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; answer it where that ends in an error."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def sending(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception:
            if not started:
                await refuse(scope, receive, send, AnswerFailed(), 500)
            raise
