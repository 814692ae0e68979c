"""The handbook as it is read on its page: its files, their entries, and what a query would find."""

from collections import Counter
from dataclasses import dataclass

from core.guidance.background import BackgroundRetriever, KnowledgeReport
from core.guidance.editing import Draft, draft_of
from core.guidance.entry import Entry
from core.guidance.explanation import Explanation
from core.guidance.knowledge import entries_of
from core.guidance.knowledge_folder import KnowledgeFolder, KnowledgeText
from core.guidance.retriever import Retriever
from core.model.errors import KnowledgeFileNotFound
from core.model.passage import GuidanceAnswer, GuidanceRequest


@dataclass(frozen=True, slots=True)
class PlacedEntry:
    """An entry, and where it stands."""

    path: str
    """Its file, below the handbook's folder."""
    number: int
    """Among the file's entries, from 0."""
    entry: Entry


@dataclass(frozen=True, slots=True)
class OpenedEntry:
    """An entry as it is edited, with the file it was taken out of."""

    placed: PlacedEntry
    draft: Draft
    file: KnowledgeText


class Handbook:
    """Reading only. Any thread; `explain` and `ask` block."""

    def __init__(
        self, local: BackgroundRetriever, files: KnowledgeFolder, in_use: Retriever, remote_address: str = ""
    ) -> None:
        self._local = local
        self._files = files
        self._in_use = in_use
        self.remote_address = remote_address
        """The server that calls ask instead; empty where the files here are in use."""

    def report(self) -> KnowledgeReport:
        """The files, and what is wrong with them."""
        return self._local.report()

    def entries(self) -> tuple[PlacedEntry, ...]:
        """Every entry of the files here, in their order."""
        numbers: Counter[str] = Counter()
        placed: list[PlacedEntry] = []
        for entry in self._local.entries():
            path = file_of(entry.source)
            placed.append(PlacedEntry(path, numbers[path], entry))
            numbers[path] += 1
        return tuple(placed)

    def text(self, path: str) -> KnowledgeText:
        """A file's text. Raises KnowledgePathRefused, KnowledgeFileNotFound, KnowledgeFileInvalid."""
        return self._files.read(path)

    def open(self, placed: PlacedEntry) -> OpenedEntry:
        """An entry to be edited. Raises as `text`, and KnowledgeFileNotFound where the file has changed since."""
        file = self.text(placed.path)
        if all(each != placed for each in entries_at(file)):
            raise KnowledgeFileNotFound(path=placed.entry.source)
        return OpenedEntry(placed, draft_of(file.text, file.path, placed.number), file)

    def explain(self, query: str, most: int) -> Explanation:
        """What a query finds in the files here, and why. Raises GuidanceError."""
        return self._local.explain(query, most)

    def ask(self, request: GuidanceRequest) -> GuidanceAnswer:
        """What a call would be given: by the other server where there is one. Raises GuidanceError."""
        return self._in_use.assist(request)


def file_of(source: str) -> str:
    """The file of an entry's source: `a.md#title`, `a.json#2`, `a.csv:3`."""
    return source.rpartition(":" if ".csv:" in source.lower() else "#")[0]


def entries_at(file: KnowledgeText) -> tuple[PlacedEntry, ...]:
    """The entries of a file as it is on the disk. Raises KnowledgeFileInvalid."""
    return tuple(PlacedEntry(file.path, number, entry) for number, entry in enumerate(entries_of(file.text, file.path)))
