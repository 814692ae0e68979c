"""The tools that personas called in calls: from the model to rows and back."""

from typing import Any

from sqlalchemy import Connection, Row, insert, update

from core.model.call import CallId
from core.model.errors import EarshotError, PersonaToolFailed
from core.model.message import Message
from core.model.persona import ToolCall
from core.store import schema


def put_tool_call(connection: Connection, call_id: CallId, call: ToolCall) -> None:
    """Keep a tool's call in the place of its earlier version."""
    table = schema.persona_tool_calls
    values = {
        "name": call.name,
        "arguments": dict(call.arguments),
        "called_s": call.called_s,
        "output": call.output,
        "error": None if call.error is None else _kept(call.error),
        "took_s": call.took_s,
    }
    is_it = (table.c.call_id == call_id, table.c.tool_call_id == call.call_id)
    if connection.execute(update(table).where(*is_it).values(**values)).rowcount == 0:
        connection.execute(insert(table).values(call_id=call_id, tool_call_id=call.call_id, **values))


def tool_call_of(row: "Row[Any]") -> ToolCall:
    """One tool's call."""
    return ToolCall(
        call_id=row.tool_call_id,
        name=row.name,
        arguments=row.arguments,
        called_s=row.called_s,
        output=row.output,
        error=None if row.error is None else PersonaToolFailed(tool=row.name, reason=Message.kept(**row.error)),
        took_s=row.took_s,
    )


def _kept(error: EarshotError) -> dict[str, object]:
    """Why it failed, so that it can be told in any language again."""
    if isinstance(error, PersonaToolFailed):
        return {"template": error.reason.template, "parameters": dict(error.reason.parameters)}
    return {"template": error.template, "parameters": {name: str(value) for name, value in error.parameters.items()}}
