"""Fetch what the maps need from the npm registry into `dashboard/static/vendor`: libraries, and the countries.

Run it by hand when a version changes, with npm installed: ``python scripts/vendor_assets.py``. The dashboard itself
never fetches anything. Each library keeps its licence file; `VENDORED.md` says what was taken.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

VENDOR = Path(__file__).resolve().parents[1] / "dashboard" / "static" / "vendor"


@dataclass(frozen=True)
class Library:
    """One npm package: what it is for and which of its files are kept (path in the package: name here)."""

    name: str
    version: str
    purpose: str
    files: dict[str, str]


LIBRARIES = (
    Library(
        "leaflet",
        "1.9.4",
        "the map: panes, zoom, canvas renderer, scale bar",
        {"dist/leaflet.js": "leaflet.js", "dist/leaflet.css": "leaflet.css", "LICENSE": "leaflet-LICENSE"},
    ),
    Library(
        "topojson-client",
        "3.1.0",
        "reads the display meshes: features and borders between them",
        {"dist/topojson-client.min.js": "topojson-client.min.js", "LICENSE": "topojson-client-LICENSE"},
    ),
    Library(
        "world-atlas",
        "2.0.2",
        "the countries behind meetings and partnerships (Natural Earth 1:110m, public domain)",
        {"countries-110m.json": "countries-110m.json", "LICENSE": "world-atlas-LICENSE"},
    ),
)


def fetch(library: Library, folder: Path) -> dict[str, bytes]:
    """Download one package with npm and read the files to keep, and its `package.json`."""
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("npm was not found. Install Node.js with npm, then run this script again.")
    command = [npm, "pack", f"{library.name}@{library.version}", "--silent", "--pack-destination", str(folder)]
    subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL)  # noqa: S603 - fixed arguments
    with tarfile.open(folder / f"{library.name}-{library.version}.tgz") as archive:
        read = {}
        for member in (*library.files, "package.json"):
            file = archive.extractfile(f"package/{member}")
            if file is None:
                raise SystemExit(f"{library.name} {library.version} holds no file {member}.")
            read[member] = file.read()
    return read


def main() -> None:
    """Replace the vendored files and write `VENDORED.md`."""
    lines = [
        "# Vendored libraries",
        "",
        "Unchanged files from the npm registry, written by `scripts/vendor_assets.py`. The images that `leaflet.css`",
        "names (markers, layer switch) are left out: nothing on the map uses them.",
        "",
        "| library | version | licence | used for | file | sha256 |",
        "|---|---|---|---|---|---|",
    ]
    VENDOR.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for library in LIBRARIES:
            read = fetch(library, Path(folder))
            licence = json.loads(read["package.json"])["license"]
            for member, name in library.files.items():
                (VENDOR / name).write_bytes(read[member])
                digest = hashlib.sha256(read[member]).hexdigest()
                lines.append(
                    f"| {library.name} | {library.version} | {licence} | {library.purpose} | `{name}` | `{digest}` |"
                )
    (VENDOR / "VENDORED.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
