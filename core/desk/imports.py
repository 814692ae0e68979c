"""Files from elsewhere: taken in, and looked at by whoever brought them."""

from collections.abc import Sequence

from core.calls.import_shelf import Arrival, ImportStatus
from core.desk.person import PersonDesk
from core.model.access import Right
from core.model.audit import AuditAction


class ImportsDesk(PersonDesk):
    """A person's imported files."""

    def begin_import(self, name: str) -> tuple[str, Arrival]:
        """Make room for a file that is on its way. Raises ImportsBusy, ImportedFileUnreadable."""
        self.require(Right.EXPORT)
        import_id, arrival = self._backend.imports.begin(self.person.id, name)
        self._write(AuditAction.IMPORTED, import_id)
        return import_id, arrival

    def import_status(self, import_id: str) -> ImportStatus:
        """How far one's own file is. Raises ImportNotFound."""
        self.require(Right.EXPORT)
        return self._backend.imports.status(self.person.id, import_id)

    def imports(self) -> Sequence[ImportStatus]:
        """One's own files, the latest first."""
        self.require(Right.EXPORT)
        return self._backend.imports.of(self.person.id)
