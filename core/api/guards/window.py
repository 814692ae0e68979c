"""Moving windows of requests, for rate limits. Only home of `limits`.

The library's own memory starts a thread every few milliseconds, reads the machine's clock and keeps a key for good, so
it is given another: bounded, with a clock as an argument, and without threads.
"""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterator
from math import ceil

from limits import RateLimitItem, parse
from limits.storage import MovingWindowSupport, Storage
from limits.strategies import MovingWindowRateLimiter

from core.model.clock import Clock

KEYS_LIMIT = 20_000
"""Clients and routes that are remembered at the same time; about 10 MB."""
HITS_LIMIT = 400_000
"""Requests that are remembered at the same time; about 13 MB."""

Limit = RateLimitItem
"""So many requests in so much time."""


def parse_limit(text: str) -> Limit:
    """A limit as the settings write it: `100/minute`."""
    return parse(text)


class BoundedMemory(Storage, MovingWindowSupport):
    """Times of requests by key. Over its bounds it forgets the key that was used longest ago: many invented clients
    make others' limits forgetful, but never fill the memory. One loop only."""

    def __init__(self, clock: Clock, keys_limit: int = KEYS_LIMIT, hits_limit: int = HITS_LIMIT) -> None:
        super().__init__()
        self._now = clock.monotonic
        self._keys_limit = keys_limit
        self._hits_limit = hits_limit
        self._hits: OrderedDict[str, list[float]] = OrderedDict()
        self._ends: dict[str, float] = {}
        self._count = 0

    @property
    def base_exceptions(self) -> type[Exception]:
        """What this storage raises: nothing."""
        return ValueError

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Note `amount` requests, unless there would then be more than `limit` within the last `expiry` seconds."""
        now = self._now()
        hits = self._hits.setdefault(key, [])
        self._hits.move_to_end(key)
        gone = bisect_right(hits, now - expiry)
        del hits[:gone]
        is_allowed = len(hits) + amount <= limit
        if is_allowed:
            hits += [now] * amount
            self._ends[key] = now + expiry
        self._count += (amount if is_allowed else 0) - gone
        self._forget(now)
        return is_allowed

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """When the oldest request of the window came, on the clock's monotonic time, and how many there are."""
        now = self._now()
        hits = self._hits.get(key, [])
        first = bisect_right(hits, now - expiry)
        return (hits[first] if first < len(hits) else now), len(hits) - first

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Never called: fixed windows are not used."""
        raise NotImplementedError

    def get(self, key: str) -> int:
        """How many requests are noted."""
        return len(self._hits.get(key, []))

    def get_expiry(self, key: str) -> float:
        """When everything that is noted has expired, on the clock's monotonic time."""
        return self._ends.get(key, self._now())

    def check(self) -> bool:
        """Memory is always there."""
        return True

    def reset(self) -> int:
        """Forget everything; how many keys that were."""
        count = len(self._hits)
        self._hits.clear()
        self._ends.clear()
        self._count = 0
        return count

    def clear(self, key: str) -> None:
        """Forget a key."""
        self._count -= len(self._hits.pop(key, []))
        self._ends.pop(key, None)

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._hits))

    def __len__(self) -> int:
        return len(self._hits)

    def _forget(self, now: float) -> None:
        """Drop what has expired at the old end, and what is too much."""
        while self._hits:
            oldest = next(iter(self._hits))
            is_too_much = len(self._hits) > self._keys_limit or self._count > self._hits_limit
            if not is_too_much and self._ends.get(oldest, now) > now:
                return
            self.clear(oldest)


class MovingWindows:
    """Counts requests against limits. One loop only."""

    def __init__(self, clock: Clock, memory: Callable[[Clock], BoundedMemory] = BoundedMemory) -> None:
        self._now = clock.monotonic
        self._limiter = MovingWindowRateLimiter(memory(clock))

    def hit(self, limit: Limit, *key: str) -> int:
        """Count one request; 0 when it may pass, else after how many whole seconds the next one may."""
        if self._limiter.hit(limit, *key):
            return 0
        return max(1, ceil(self._limiter.get_window_stats(limit, *key).reset_time - self._now()))
