"""What tags of answers are made of. Needs no server: a worker makes the same ones."""

from __future__ import annotations

import hashlib

from geodata.snapshot import Snapshot
from geodata.store import Bundle


def digest_of_bundle(bundle: Bundle) -> str:
    """What changes when another bundle is published: a hash of the hashes of its tables."""
    hashes = sorted(f"{name} {one.get('sha256')}" for name, one in bundle.manifest.get("tables", {}).items())
    return hashlib.sha256("\n".join(hashes).encode()).hexdigest()[:16]


def digest_of_snapshot(bundle_digest: str, snapshot: Snapshot) -> str:
    """A hash of all that a snapshot says, and of the bundle beside it. The same content, the same digest."""
    found = hashlib.sha256(bundle_digest.encode())
    state = (snapshot.as_of, snapshot.is_demonstration, snapshot.is_recorded)
    found.update(repr((state, sorted(snapshot.links.items(), key=lambda one: one[0]))).encode())
    found.update(repr(sorted(snapshot.support.items())).encode())
    for kind in sorted(snapshot.local):
        frame = snapshot.local[kind]
        columns = [name for name in frame.columns if name != "geometry"]
        found.update(frame[columns].to_csv(index=False).encode() if len(frame) else kind.encode())
    return found.hexdigest()[:32]
