"""Time limit and progress of one run, for solvers that stop cooperatively with what they have.

``solve()`` opens a watch from the solver's ``time_limit`` and the caller's ``progress``; inside ``propose()`` a
solver takes it with ``current_watch()`` and asks ``expired()`` in its outer loop. A solver called without ``solve()``
has a watch that never expires.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Progress = Callable[[float, str], object]
"""Called with the share done, in [0, 1], and a word about the stage."""


class Watch:
    """Seconds left and whom to tell: ``expired()`` says when to stop, ``report()`` how far the run is."""

    def __init__(self, time_limit: float | None = None, progress: Progress | None = None) -> None:
        if time_limit is not None and not time_limit >= 0.0:
            raise ValueError(f"time_limit = {time_limit} is not a number of seconds >= 0")
        self._deadline = math.inf if time_limit is None else time.perf_counter() + time_limit
        self._progress = progress
        self._shown = 0.0
        self.inner: Progress | None = None

    @property
    def seconds_left(self) -> float:
        """Seconds until the limit, infinite without one, never negative."""
        return max(0.0, self._deadline - time.perf_counter()) if self._deadline < math.inf else math.inf

    def expired(self) -> bool:
        """Whether the time is up."""
        return self._deadline < math.inf and time.perf_counter() >= self._deadline

    def report(self, share: float, stage: str = "") -> None:
        """Tell the caller that ``share`` of the work, clipped to [0, 1], is done; what was shown never shrinks."""
        if self._progress is not None:
            self._shown = min(1.0, max(self._shown, float(share)))
            self._progress(self._shown, stage)

    @contextmanager
    def stage(self, low: float, high: float, name: str) -> Iterator[None]:
        """A stage of the work: runs that are started within it report as the shares between ``low`` and ``high``."""
        self.report(low, name)
        if self._progress is not None:
            self.inner = lambda share, part: self.report(
                low + (high - low) * share, f"{name}, {part}" if part else name
            )
        try:
            yield
        finally:
            self.inner = None


_WATCH: ContextVar[Watch | None] = ContextVar("bargain_watch", default=None)


def current_watch() -> Watch:
    """The watch of the running ``solve()``, or one without limit."""
    return _WATCH.get() or Watch()


@contextmanager
def watched(time_limit: float | None, progress: Progress | None) -> Iterator[Watch]:
    """Open the watch of one run; the one outside comes back afterwards."""
    outside = _WATCH.get()
    if progress is None and outside is not None:
        progress = outside.inner
    watch = Watch(time_limit, progress)
    token = _WATCH.set(watch)
    try:
        yield watch
    finally:
        _WATCH.reset(token)
