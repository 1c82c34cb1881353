#!/usr/bin/env bash
# Make or renew the virtual environment .venv: scripts/setup.sh [dev] [bench]
# It installs only when pyproject.toml, constraints.txt, the folder or the wanted extras changed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PIP_DISABLE_PIP_VERSION_CHECK=1

stamp=.venv/mosaicos-installed

# The first Python >= 3.11 that can make a virtual environment with pip in it.
find_python() {
  local name without_venv=""
  for name in ${PYTHON:-python3.11 python3}; do
    "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || continue
    if "$name" -c 'import ensurepip, venv' >/dev/null 2>&1; then
      echo "$name"
      return
    fi
    without_venv=$name
  done
  if [ -n "$without_venv" ]; then
    echo "$without_venv cannot make virtual environments. Run: apt-get install python3-venv" >&2
  else
    echo "No Python 3.11 or newer was found (looked for: ${PYTHON:-python3.11 python3}). Run: apt-get install python3 python3-venv, or name one: make PYTHON=... dashboard" >&2
  fi
  return 1
}

# What an installation depends on; a copied or moved folder counts as changed.
state=$({ cat pyproject.toml constraints.txt; pwd; } | cksum)

installed_state="" installed_extras=""
if [ -f "$stamp" ]; then
  { read -r installed_state && read -r installed_extras; } <"$stamp" || true
fi

extras="$installed_extras"
for extra in "$@"; do
  [[ " $extras " == *" $extra "* ]] || extras="${extras:+$extras }$extra"
done
if [ "$state" = "$installed_state" ] && [ "$extras" = "$installed_extras" ] && .venv/bin/python -c '' 2>/dev/null; then
  exit 0
fi

if ! .venv/bin/python -m pip --version >/dev/null 2>&1 || [ "$(cat .venv/mosaicos-folder 2>/dev/null)" != "$PWD" ]; then
  python=$(find_python)
  echo "== Making the virtual environment .venv with $("$python" --version)"
  rm -rf .venv
  "$python" -m venv .venv
  pwd >.venv/mosaicos-folder
fi
rm -f "$stamp"
echo "== Installing mosaicos${extras:+ with the extras $extras} into .venv (minutes at first; again only when something changed)"
.venv/bin/python -m pip install --quiet -c constraints.txt -e ".${extras:+[${extras// /,}]}"
printf '%s\n%s\n' "$state" "$extras" >"$stamp"
