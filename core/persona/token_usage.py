"""What an answer took of the provider's tokens. Pure."""

from core.model.insight import TokenUsage
from core.persona.connection import ServerEvent


def usage_with(former: TokenUsage, response: ServerEvent) -> TokenUsage:
    """The sum so far and what `response.done` tells of its response; text and sound together."""
    told = ServerEvent("", response.table("usage"))
    cached = ServerEvent("", told.table("input_token_details")).number("cached_tokens")
    return TokenUsage(
        former.input_tokens + int(told.number("input_tokens") or 0),
        former.output_tokens + int(told.number("output_tokens") or 0),
        former.cached_input_tokens + int(cached or 0),
    )
