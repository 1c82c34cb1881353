#!/usr/bin/env bash
# Print the path of a Chromium that starts: scripts/chromium.sh [--install]
# Looks at MOSAICOS_CHROMIUM, then the usual names. With --install, installs Debian's package where it
# may (root, or sudo without a password). Exit codes: 0 found, 2 MOSAICOS_CHROMIUM is wrong, 3 none.
set -euo pipefail

find_chromium() {
  local name path
  for name in chromium chromium-browser google-chrome; do
    path=$(command -v "$name") || continue
    # An Ubuntu stub that only asks for a snap, or a broken installation, does not answer.
    if "$path" --version >/dev/null 2>&1; then
      echo "$path"
      return
    fi
  done
  return 1
}

if [ -n "${MOSAICOS_CHROMIUM:-}" ]; then
  if "$MOSAICOS_CHROMIUM" --version >/dev/null 2>&1; then
    command -v "$MOSAICOS_CHROMIUM"
    exit 0
  fi
  echo "MOSAICOS_CHROMIUM=$MOSAICOS_CHROMIUM does not start. Mend or unset it." >&2
  exit 2
fi

find_chromium && exit 0
if [ "${1:-}" = --install ] && "$(dirname "${BASH_SOURCE[0]}")/debian.sh" chromium; then
  find_chromium && exit 0
fi
echo "No Chromium was found. Run: sudo apt-get install chromium (or set MOSAICOS_CHROMIUM to one)" >&2
exit 3
