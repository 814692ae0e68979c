"""A sentence that is put into the reader's language where it is shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Message:
    """An English template, which is also its key in the catalogues, and what fills it."""

    template: str
    parameters: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def kept(cls, template: str, parameters: Mapping[str, object]) -> "Message":
        """One that was written down, as it was."""
        return cls(template, parameters)

    def __str__(self) -> str:
        return self.template.format(**self.parameters)
