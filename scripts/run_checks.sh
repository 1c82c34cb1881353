#!/usr/bin/env bash
# Run every check, go on after a failure, and name at the end what failed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/setup.sh dev

failed=()
check() { # what it is, command...
  local about=$1
  shift
  echo "== $about"
  "$@" || failed+=("$about")
}

check "Lint (ruff check)" .venv/bin/ruff check .
check "Format (ruff format --check)" .venv/bin/ruff format --check .
check "Types (mypy --strict on all packages)" .venv/bin/mypy
check "Imports between packages (lint-imports)" .venv/bin/lint-imports
check "No machine path and no registry host in the tree" .venv/bin/python scripts/check_tree.py
check "JavaScript (oxlint)" .venv/bin/oxlint --quiet dashboard
check "Published tables keep their contracts (mosaicos check)" .venv/bin/mosaicos check

if [ ${#failed[@]} -gt 0 ]; then
  printf '== FAILED: %s\n' "${failed[@]}" >&2
  exit 1
fi
echo "== All checks passed"
