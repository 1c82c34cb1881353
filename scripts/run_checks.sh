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

# A file that Node's version takes for CommonJS is looked at as a module too.
javascript() {
  local file copy code=0
  copy=$(mktemp -d)
  while IFS= read -r -d '' file; do
    node --check "$file" 2>"$copy/why" && continue
    cp "$file" "$copy/module.mjs"
    node --check "$copy/module.mjs" 2>/dev/null && continue
    cat "$copy/why" >&2
    code=1
  done < <(find dashboard -name '*.js' -print0)
  rm -rf "$copy"
  return $code
}

check "Lint (ruff check)" .venv/bin/ruff check .
check "Format (ruff format --check)" .venv/bin/ruff format --check .
check "Types (mypy --strict on geodata and pipelines)" .venv/bin/mypy
check "Import law (lint-imports)" .venv/bin/lint-imports
check "No machine path and no registry host in the tree" .venv/bin/python scripts/check_tree.py
if command -v node >/dev/null; then
  check "JavaScript parses (node --check)" javascript
else
  echo "== LEFT OUT: whether JavaScript parses: there is no node here"
fi
check "Published tables keep their contracts (mosaicos check)" .venv/bin/mosaicos check

if [ ${#failed[@]} -gt 0 ]; then
  printf '== FAILED: %s\n' "${failed[@]}" >&2
  exit 1
fi
echo "== All checks passed"
