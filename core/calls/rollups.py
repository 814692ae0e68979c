"""Keeps of every call that has ended what is needed to compare it with others, on a thread of its own.

`python -m core.calls.rollups` makes all of it anew while the server is stopped.
"""

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from core.calls.folding import FoldingPool
from core.model.call import CallId, CallState
from core.model.clock import Clock
from core.model.errors import CallNotFound, EarshotError
from core.model.turn_trace import turn_traces
from core.quality.alerts import judged_call
from core.quality.rollup import CallRollup, call_rollup
from core.quality.rollup_files import RollupFiles
from core.quality.segments import read_samples
from core.settings import load_settings
from core.store.lock import DataFolderLock
from core.store.records import Store

logger = logging.getLogger(__name__)

BATCH = 50
"""Missing rollups that are written together."""
CLOSE_S = 10.0
_REPAIR = "missing ones"


class Rollups:
    """The one writer of the rollups. Its methods return at once and may be called on any thread.

    What a crash, a full disk or a stop of the server has kept from being written is found missing and made at the next
    start.
    """

    def __init__(self, store: Store, samples_dir: Path, files: RollupFiles, clock: Clock) -> None:
        self._store = store
        self._samples_dir = samples_dir
        self._files = files
        self._pool = FoldingPool("earshot-rollups", clock)

    def write(self, call_id: CallId) -> None:
        """Keep a call's rollup. The call has ended, and its samples and records are written."""
        self._pool.submit(call_id, partial(self._write, call_id))

    def delete(self, call_id: CallId) -> None:
        """Forget a call that the store no longer knows."""
        self._pool.submit(call_id, partial(self._files.delete, [call_id]))

    def repair(self) -> None:
        """Make what is missing, and forget what belongs to no call."""
        self._pool.submit(_REPAIR, self._repair)

    def close(self) -> None:
        """Stop the thread; idempotent. What waits is found missing at the next start."""
        if not self._pool.close(CLOSE_S):
            logger.warning("a call is still being rolled up %g s after that should have ended", CLOSE_S)

    def _write(self, call_id: CallId) -> None:
        rollup = rolled_up(self._store, self._samples_dir, call_id)
        if rollup is None:
            self._files.delete([call_id])
        else:
            self._files.put([rollup])

    def _repair(self) -> None:
        made = write_missing(self._store, self._samples_dir, self._files, lambda: self._pool.is_closed)
        if made:
            logger.info("%d calls were rolled up that had been missing", made)


def rolled_up(store: Store, samples_dir: Path, call_id: CallId) -> CallRollup | None:
    """A call's rollup from all that is kept of it; None where it is not kept, or has not ended. Blocking.

    Raises StoreError.
    """
    try:
        kept = store.load_call(call_id)
    except CallNotFound:
        return None
    if kept.call.state is not CallState.ENDED:
        return None
    samples = read_samples(samples_dir, call_id).samples
    (record,) = store.turn_records([call_id])
    return call_rollup(kept.snapshot(samples, judged_call(kept, samples)), samples, turn_traces(record))


def write_missing(
    store: Store, samples_dir: Path, files: RollupFiles, is_given_up: Callable[[], bool] = lambda: False
) -> int:
    """Write the rollups of ended calls that have none, newest first, and delete those of no call. Blocking.

    Returns how many were written. Raises StoreError.
    """
    files.drop_damaged()
    ended, kept = store.ended_calls(), set(files.call_ids())
    if orphans := kept - set(ended):
        files.delete([CallId(call_id) for call_id in orphans])
    missing = [call_id for call_id in ended if call_id not in kept]
    made = 0
    for begin in range(0, len(missing), BATCH):
        batch: list[CallRollup] = []
        for call_id in missing[begin : begin + BATCH]:
            if is_given_up():
                break
            if (rollup := rolled_up(store, samples_dir, call_id)) is not None:
                batch.append(rollup)
        files.put(batch)
        made += len(batch)
        if is_given_up():
            break
    return made


def main(arguments: Sequence[str]) -> int:
    """Make all rollups anew; returns the exit status."""
    argparse.ArgumentParser(prog="python -m core.calls.rollups", description=__doc__).parse_args(arguments)
    try:
        settings = load_settings()
        with DataFolderLock(settings.data_dir):
            store = Store.open(settings.effective_database_url)
            try:
                files = RollupFiles(settings.data_dir / "rollups")
                files.clear()
                made = write_missing(store, settings.data_dir / "samples", files)
            finally:
                store.close()
    except EarshotError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{made} calls were rolled up\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
