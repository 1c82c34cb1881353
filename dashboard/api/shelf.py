"""A shelf for bytes that were made once: the least lately used leave when it is full."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Generic, TypeVar

Thing = TypeVar("Thing")


class Shelf(Generic[Thing]):
    """Things by key, up to a weight in bytes. Any thread may use it."""

    def __init__(self, most: int) -> None:
        """Make an empty shelf.

        Args:
            most: Bytes that it holds.
        """
        self._most = most
        self._weight = 0
        self._held: OrderedDict[Hashable, tuple[Thing, int]] = OrderedDict()
        self._lock = Lock()

    @property
    def weight(self) -> int:
        """Bytes that it holds now."""
        return self._weight

    def get(self, key: Hashable) -> Thing | None:
        """The thing of that key, or None."""
        with self._lock:
            found = self._held.get(key)
            if found is None:
                return None
            self._held.move_to_end(key)
            return found[0]

    def put(self, key: Hashable, thing: Thing, weight: int) -> None:
        """Keep a thing, unless it alone is too heavy."""
        with self._lock:
            _, before = self._held.pop(key, (None, 0))
            self._weight -= before
            if weight > self._most:
                return
            self._held[key] = (thing, weight)
            self._weight += weight
            while self._weight > self._most:
                _, (_, gone) = self._held.popitem(last=False)
                self._weight -= gone

    def clear(self) -> None:
        """Take everything off."""
        with self._lock:
            self._held.clear()
            self._weight = 0
