"""The built-in tool: a persona looks something up in the handbook before it answers."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence

from core.model.errors import PersonaToolFailed
from core.model.message import Message
from core.model.passage import Passage
from core.model.persona import Tool, ToolDeclaration

SEARCH_HANDBOOK = "search_handbook"
MOST_PASSAGES = 4
LONGEST_QUERY = 500

SearchHandbook = Callable[[str], Awaitable[Sequence[Passage]]]
"""The best passages for a query, best first. May raise EarshotError."""

DECLARATION = ToolDeclaration(
    name=SEARCH_HANDBOOK,
    description=(
        "Searches the company's handbook and returns the passages that fit best. Call it before stating prices, rules,"
        " dates or procedures. Answer from the passages alone."
    ),
    parameters={
        "type": "object",
        "properties": {"query": {"type": "string", "description": "What to look for, in a few words."}},
        "required": ["query"],
        "additionalProperties": False,
    },
)


def handbook_tool(search: SearchHandbook) -> Tool:
    """The tool over a search."""

    async def run(arguments: Mapping[str, object]) -> str:
        query = arguments.get("query")
        if not isinstance(query, str) or not query.strip():
            raise PersonaToolFailed(tool=SEARCH_HANDBOOK, reason=Message("it was asked for nothing"))
        found = await search(query.strip()[:LONGEST_QUERY])
        passages = [
            {"title": each.title, "text": each.snippet, "source": each.source} for each in found[:MOST_PASSAGES]
        ]
        return json.dumps({"passages": passages}, ensure_ascii=False)

    return Tool(DECLARATION, run)
