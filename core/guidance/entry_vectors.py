"""The vectors of a handbook's entries, kept on the disk by what the entries say, so that each is asked for once."""

import hashlib
import io
import logging
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from core.guidance.embeddings import Embedder, Vectors
from core.guidance.entry import Entry
from core.model.atomic_file import put_in_place
from core.model.errors import GuidanceAnswerInvalid
from core.model.message import Message

logger = logging.getLogger(__name__)

BATCH = 32
BATCH_TIMEOUT_S = 10.0
LONGEST_TEXT = 4_000
"""Characters of an entry that the model is given; models take about 8,000 tokens."""


class EntryVectors:
    """One model's vectors. Used by one thread at a time."""

    def __init__(self, embedder: Embedder, folder: Path) -> None:
        self._embedder = embedder
        model = hashlib.sha256(embedder.model.encode()).hexdigest()
        self.file = folder / f"{model[:32]}.npz"
        self._known: dict[str, Vectors] | None = None

    def of(self, entries: Sequence[Entry], is_over: Callable[[], bool]) -> Vectors | None:
        """A row for each entry. Blocking: the model is asked for those that are not kept.

        None where `is_over`, asked before each request, says that nobody wants them any more. What was gained until
        then, or until an error, is kept. Raises GuidanceError.
        """
        texts = {self._key(entry): _text(entry) for entry in entries}
        known = self._read() if self._known is None else self._known
        kept = set(known)
        known = {key: vector for key, vector in known.items() if key in texts}
        is_renewed = False
        try:
            while batch := [key for key in texts if key not in known][:BATCH]:
                if is_over():
                    return None
                rows = self._embedder.embed([texts[key] for key in batch], BATCH_TIMEOUT_S)
                if known and len(next(iter(known.values()))) != rows.shape[1]:
                    if is_renewed:
                        reason = Message("the length of its vectors changes")
                        raise GuidanceAnswerInvalid(address=self._embedder.model, reason=reason)
                    logger.warning("the embedding model gives other vectors than before; all are made anew")
                    known, is_renewed = {}, True
                known |= dict(zip(batch, rows, strict=True))
        finally:
            self._known = known
            if known.keys() != kept:
                self._write(known)
        return np.stack([known[self._key(entry)] for entry in entries])

    def _key(self, entry: Entry) -> str:
        return hashlib.sha256(f"{self._embedder.model}\0{_text(entry)}".encode("utf-8", "replace")).hexdigest()

    def _read(self) -> dict[str, Vectors]:
        """What the file holds; nothing where it is not there or broken, which is made good by asking again."""
        try:
            with np.load(self.file, allow_pickle=False) as kept:
                keys, vectors = kept["keys"], np.asarray(kept["vectors"], dtype=np.float32)
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            logger.warning("the kept vectors %s cannot be read (%s); they are made anew", self.file, error)
            return {}
        if vectors.ndim != 2 or len(keys) != len(vectors):
            logger.warning("the kept vectors %s are not whole; they are made anew", self.file)
            return {}
        return dict(zip(map(str, keys), vectors, strict=True))

    def _write(self, known: Mapping[str, Vectors]) -> None:
        if not known:
            return
        content = io.BytesIO()
        np.savez(content, keys=np.array(list(known)), vectors=np.stack(list(known.values())))
        try:
            put_in_place(content.getvalue(), self.file)
        except OSError as error:
            logger.warning("the vectors %s cannot be kept (%s); they are asked for again next time", self.file, error)


def _text(entry: Entry) -> str:
    return "\n".join((entry.title, ", ".join(entry.aliases), entry.body))[:LONGEST_TEXT]
