"""Files that somebody brings to be looked at. They come as the request's body, and go to the disk piece by piece."""

from typing import Annotated
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Header, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from core.api.visitors import Visitors
from core.desk import Desk


class ImportReport(BaseModel):
    """A file that has arrived, and is being read."""

    id: str
    """By which the page `imported` shows it."""


def import_routes(visitors: Visitors) -> APIRouter:
    """The route. It asks the desk of whoever sent the request, before anything of the body is read."""
    router = APIRouter()

    @router.post("/imports", status_code=202, openapi_extra={"requestBody": {"content": {"*/*": {}}, "required": True}})
    async def bring(
        request: Request,
        desk: Annotated[Desk, Depends(visitors.changing_desk)],
        x_earshot_name: Annotated[
            str, Header(max_length=400, description="The file's name, percent-encoded.")
        ] = "dump",
    ) -> ImportReport:
        """A dump of chrome://webrtc-internals (packed or not) or a Parquet file of Earshot, as the body itself."""
        import_id, arrival = await run_in_threadpool(desk.begin_import, unquote(x_earshot_name))
        is_whole = False
        try:
            async for piece in request.stream():
                await run_in_threadpool(arrival.write, piece)
            is_whole = True
        except ClientDisconnect:
            # Nobody is there any more to be told.
            return ImportReport(id=import_id)
        finally:
            await run_in_threadpool(arrival.finish if is_whole else arrival.give_up)
        return ImportReport(id=import_id)

    return router
