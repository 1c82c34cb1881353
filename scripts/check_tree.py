"""Look through the files of the tree for what belongs to one machine: its paths, and where packages come from.

Usage: ``python scripts/check_tree.py [FOLDER]``. Prints ``file:line: what: text`` per finding; exits 1 if any.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

LEFT_ALONE_WITHOUT_GIT = (".git", ".venv", ".hypothesis", "__pycache__", "node_modules", "build", "dist")
LEFT_ALONE_ENDINGS = (".egg-info", "_cache")

# Written so that no pattern finds itself.
FORBIDDEN = {
    "a path of one machine": re.compile(
        r"(?<![\w.~}/-])/(?:work|tmp|root)/|(?<![\w.~}/-])/(?:home|Users)/\w|\b[A-Z]:\\Users\\"
    ),
    "a package registry's host": re.compile(
        r"\b(?:pypi\.org/simple|files\.pythonhosted\.org|registry\.npmjs\.org|deb\.debian\.org)\b"
    ),
    "a package registry's option": re.compile(r"\b(?:extra[-_])?index[-_]url\b|--find[-]links", re.IGNORECASE),
    "the address of a package download": re.compile(r"https?://[^\s\"']+(?:/simple/|\.whl|\.tgz|\.deb)\b"),
}


def list_files(root: Path) -> list[Path]:
    """List the files of the tree, sorted: those that git tracks or would add; all files where git does not know."""
    answer = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=root,
        capture_output=True,
        check=False,
    )
    if answer.returncode == 0:
        names = {os.fsdecode(name) for name in answer.stdout.split(b"\0") if name}
        return sorted(path for name in names if (path := root / name).is_file())
    return sorted(path for path in root.rglob("*") if path.is_file() and not _is_leftover(path.relative_to(root)))


def _is_leftover(path: Path) -> bool:
    return any(part in LEFT_ALONE_WITHOUT_GIT or part.endswith(LEFT_ALONE_ENDINGS) for part in path.parts)


def find_forbidden(path: Path) -> Iterator[tuple[int, str, str]]:
    """Yield ``(line number, what, text)`` of each forbidden mention in a text file; nothing for a binary file."""
    content = path.read_bytes()
    if b"\0" in content[:8192]:
        return
    for number, line in enumerate(content.decode("utf-8", errors="replace").splitlines(), start=1):
        for what, pattern in FORBIDDEN.items():
            if found := pattern.search(line):
                yield number, what, line[max(0, found.start() - 20) : found.end() + 40].strip()


def main() -> int:
    """Print the findings; return 1 if there are any."""
    root = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    files = list_files(root)
    findings = [
        f"{path.relative_to(root)}:{number}: {what}: {text}"
        for path in files
        for number, what, text in find_forbidden(path)
    ]
    print("\n".join(findings) if findings else f"{len(files)} files, nothing found")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
