"""How errors look as HTTP answers: a code that programs read, and the sentence."""

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from core.model.errors import (
    AccessError,
    CallEnded,
    CallLimitReached,
    CallNotFound,
    CallRunning,
    CallWithoutPersona,
    EarshotError,
    GuidanceError,
    GuidanceLoop,
    GuidanceRequestRefused,
    GuidanceServerSilent,
    HoursOverrideInvalid,
    ImportedFileTooLarge,
    ImportNotFound,
    KnowledgeFileInvalid,
    KnowledgeMissing,
    LegNotFound,
    LinkError,
    NotSignedIn,
    ParticipantNotFound,
    PersonaClosed,
    PersonaFileInvalid,
    PersonaNotFound,
    PersonaTextInvalid,
    QuestionInvalid,
    ScenarioNotFound,
    SignInEnded,
    SignInRefused,
    TextInvalid,
    UtteranceNotFound,
    WrapUpFiled,
)

MOST_FIELDS = 20
LONGEST_FIELD = 80
"""Characters of a field's name that a refusal repeats; it may be one that was made up."""

_STATUS: tuple[tuple[type[EarshotError], int], ...] = (
    (CallNotFound, 404),
    (LegNotFound, 404),
    (ParticipantNotFound, 404),
    (UtteranceNotFound, 404),
    (ScenarioNotFound, 404),
    (ImportNotFound, 404),
    (ImportedFileTooLarge, 413),
    (PersonaNotFound, 404),
    (CallEnded, 409),
    (CallWithoutPersona, 409),
    (PersonaClosed, 409),
    (PersonaFileInvalid, 409),
    (PersonaTextInvalid, 422),
    (HoursOverrideInvalid, 422),
    (CallRunning, 409),
    (WrapUpFiled, 409),
    (CallLimitReached, 503),
    (TextInvalid, 422),
    (QuestionInvalid, 422),
    (GuidanceRequestRefused, 422),
    (GuidanceLoop, 508),
    (GuidanceServerSilent, 504),
    (KnowledgeMissing, 503),
    (KnowledgeFileInvalid, 503),
    (GuidanceError, 502),
    (LinkError, 403),
    (NotSignedIn, 401),
    (SignInRefused, 401),
    (SignInEnded, 401),
    (AccessError, 403),
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


async def answer_invalid(_: Request, error: Exception) -> JSONResponse:
    """FastAPI's handler for requests that break the description. What was sent, maybe a password, is not sent back."""
    if not isinstance(error, RequestValidationError):
        raise error
    wrong = error.errors()[:MOST_FIELDS]
    fields = [f"{'.'.join(map(str, each['loc']))[:LONGEST_FIELD]} ({each['type']})" for each in wrong]
    message = f"The request does not fit its description: {', '.join(fields)}."
    return JSONResponse({"error": "RequestInvalid", "message": message}, 422)
