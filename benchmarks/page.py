"""What every benchmark writes down: its section of docs/BENCHMARKS.md, and the machine it ran on."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
from collections.abc import Iterable
from pathlib import Path


def environment(packages: Iterable[str]) -> str:
    """One line: processor, cores, Python, versions of the packages that matter."""
    processor = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        found = re.search(r"model name\s*:\s*(.+)", info.read_text(encoding="utf-8"))
        processor = found[1] if found else processor
    versions = [f"Python {platform.python_version()}"]
    for package in packages:
        try:
            versions.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            versions.append(f"{package} not installed")
    return f"{processor}, {os.cpu_count()} processors; {', '.join(versions)}"


def write_section(path: Path, *, name: str, title: str, text: str) -> None:
    """Put the text between the markers of a section; add the section where it is missing."""
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    whole = path.read_text(encoding="utf-8") if path.exists() else "# Benchmarks\n"
    block = f"{begin}\n{text.rstrip()}\n{end}"
    if begin in whole and end in whole:
        whole = whole.split(begin)[0] + block + whole.split(end)[1]
    else:
        whole = f"{whole.rstrip()}\n\n## {title}\n\n{block}\n"
    path.write_text(whole, encoding="utf-8")
