"""How Earshot's errors look as HTTP answers: a code that programs read, and the sentence."""

from fastapi import Request
from fastapi.responses import JSONResponse

from core.model.errors import CallEnded, CallNotFound, EarshotError, LinkError, ParticipantNotFound

_STATUS: tuple[tuple[type[EarshotError], int], ...] = (
    (CallNotFound, 404),
    (ParticipantNotFound, 404),
    (CallEnded, 409),
    (LinkError, 403),
)


def status_of(error: EarshotError) -> int:
    """The HTTP status for an error: 503 for what may succeed later, 500 for what has no better one."""
    for kind, status in _STATUS:
        if isinstance(error, kind):
            return status
    return 503 if error.retryable else 500


async def answer_error(_: Request, error: Exception) -> JSONResponse:
    """FastAPI's handler for the whole error tree."""
    if not isinstance(error, EarshotError):
        raise error
    return JSONResponse({"error": type(error).__name__, "message": str(error)}, status_of(error))
