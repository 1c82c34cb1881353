"""The files that the map loads, held in memory under names that carry a hash of their content.

A name that changes with the content may be cached for ever. Nothing is looked up on disk when a request comes, so no
path can leave a folder: a name is in the store or it is not found.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from geodata.errors import UnknownIdError
from geodata.outlines import close_mesh
from geodata.search import nearest
from geodata.store import Bundle

PREFIX = "/assets/"
HASH_LENGTH = 12
HERE = Path(__file__).parent
VENDOR = HERE / "static" / "vendor"
JOINED_FILES = {
    "mosaicos-map.js": (
        VENDOR / "leaflet.js",
        VENDOR / "topojson-client.min.js",
        *(HERE / "map" / f"mosaicos-{name}.js" for name in ("drawing", "mesh", "places", "controls", "map")),
    ),
    "mosaicos-world.js": (
        VENDOR / "leaflet.js",
        VENDOR / "topojson-client.min.js",
        *(HERE / "map" / f"mosaicos-{name}.js" for name in ("drawing", "mesh", "world")),
    ),
    "countries-110m.json": (VENDOR / "countries-110m.json",),
    "mosaicos-map.css": (VENDOR / "leaflet.css", HERE / "map" / "mosaicos-map.css"),
    "mosaicos-app.css": (HERE / "static" / "app.css",),
}
"""What goes out as one file: streamlit-folium loads one after the other, and each is a round trip before the first
picture."""
COMPONENTS = ("chooser", "facets", "grid")
"""Our own components, each a script and a style sheet in `dashboard/static`."""
OUTLINES = "area"
"""The display mesh that holds the outlines of mosaics: it goes out with their slivers closed."""
MEDIA_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".topojson": "application/json",
}


@dataclass(frozen=True)
class Asset:
    """One file to serve.

    Attributes:
        name: Its name in the address, with the content hash after a hyphen.
        media_type: Value of `Content-Type`.
        compressed: The gzipped bytes.
    """

    name: str
    media_type: str
    compressed: bytes

    @cached_property
    def plain(self) -> bytes:
        """The bytes before compression."""
        return gzip.decompress(self.compressed)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the plain bytes, shortened: the ground of the entity tags."""
        return hashlib.sha256(self.plain).hexdigest()[:32]


def hashed_name(name: str, content: bytes) -> str:
    """Put a hash of the content into a file name: ``leaflet.js`` becomes ``leaflet-1f0c….js``.

    The hash follows a hyphen: streamlit-folium drops ``_`` and what follows it from its map key.
    """
    stem, dot, ending = name.rpartition(".")
    return f"{stem}-{hashlib.sha256(content).hexdigest()[:HASH_LENGTH]}{dot}{ending}"


@cache
def own_files() -> dict[str, bytes]:
    """The content of our own and vendored files, joined, by name."""
    joined = {name: b"\n".join(path.read_bytes() for path in paths) for name, paths in JOINED_FILES.items()}
    return joined | {component_file(name): _component_script(name) for name in COMPONENTS}


def component_file(name: str) -> str:
    """The file of one of our own components."""
    return f"mosaicos-{name}.js"


def _component_script(name: str) -> bytes:
    """The script of a component, which gives out its style sheet as a text."""
    script, style = ((HERE / "static" / f"{name}.{kind}").read_text(encoding="utf-8") for kind in ("js", "css"))
    return f"{script}\nexport const style = {json.dumps(style)};\n".encode()


@cache
def own_address(name: str) -> str:
    """The local address of one of our own files, such as ``mosaicos-map.js``.

    Raises:
        UnknownIdError: there is no such file.
    """
    files = own_files()
    if name not in files:
        raise UnknownIdError("asset", name, nearest(name, files))
    return PREFIX + hashed_name(name, files[name])


def mesh_address(bundle: Bundle, mesh: str) -> str | None:
    """The local address of a display mesh; null where there is none of that name."""
    if mesh not in bundle.manifest["display"]:
        return None
    return PREFIX + bundle.display_path(mesh).name.removesuffix(".gz")


class AssetStore:
    """All files that the map may load: our script and style, the vendored libraries, the display meshes."""

    def __init__(self, bundle: Bundle, made: Mapping[str, bytes] | None = None) -> None:
        """Read and compress the files.

        Args:
            bundle: The published bundle, for its display meshes (already gzipped, already hashed names).
            made: Files made when the process starts, by name.
        """
        self._by_name: dict[str, Asset] = {}
        self._address: dict[str, str] = {}
        for name, content in (own_files() | dict(made or {})).items():
            compressed = gzip.compress(content, 9, mtime=0)
            self._add(name, hashed_name(name, content), Path(name).suffix, compressed)
        for mesh in bundle.manifest["display"]:
            path = bundle.display_path(mesh)
            if mesh == OUTLINES:
                drawn = close_mesh(gzip.decompress(path.read_bytes()))
                compressed = gzip.compress(drawn, 9, mtime=0)
                self._add(f"mesh:{mesh}", hashed_name(f"{mesh}.topojson", drawn), ".topojson", compressed)
                continue
            self._add(f"mesh:{mesh}", path.name.removesuffix(".gz"), ".topojson", path.read_bytes())

    def _add(self, key: str, name: str, suffix: str, compressed: bytes) -> None:
        self._by_name[name] = Asset(name, MEDIA_TYPES[suffix], compressed)
        self._address[key] = PREFIX + name

    def __iter__(self) -> Iterator[Asset]:
        return iter(self._by_name.values())

    def find(self, name: str) -> Asset | None:
        """The asset of that name in the address, or None."""
        return self._by_name.get(name)

    def address(self, key: str) -> str:
        """The local address of a file (``mosaicos-map.js``) or of a mesh (``mesh:territory``).

        Raises:
            UnknownIdError: there is no such file or mesh.
        """
        if key not in self._address:
            raise UnknownIdError("asset", key, nearest(key, self._address))
        return self._address[key]

    def holds_address(self, address: str) -> bool:
        """Whether an address is one that this server answers from the store."""
        return address.startswith(PREFIX) and address.removeprefix(PREFIX) in self._by_name


@cache
def drawing(name: str) -> str:
    """A drawing (SVG) of `dashboard/static` as a `data:` address, read once."""
    return f"data:image/svg+xml;base64,{base64.b64encode((HERE / 'static' / name).read_bytes()).decode()}"
