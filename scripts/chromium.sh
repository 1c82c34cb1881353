#!/usr/bin/env bash
# Print the path of a Chromium that starts: scripts/chromium.sh [--install] [--window]
# Looks at MOSAICOS_CHROMIUM, then the usual names; Debian's chromium-headless-shell comes first, for it does the
# same work in less time. With --window it does not count: benchmarks measure the browser that people use.
# With --install, installs Debian's package where it may (root, or sudo without a password).
# Exit codes: 0 found, 2 MOSAICOS_CHROMIUM is wrong, 3 none.
set -euo pipefail

shell=chromium-headless-shell
windows=(chromium chromium-browser google-chrome)
may_install=""
for word in "$@"; do
  case $word in
    --install) may_install=yes ;;
    --window) shell="" ;;
    *)
      echo "chromium.sh does not know $word." >&2
      exit 1
      ;;
  esac
done

find_chromium() { # names
  local name path
  for name in "$@"; do
    path=$(command -v "$name") || continue
    # An Ubuntu stub that only asks for a snap, or a broken installation, does not answer.
    if "$path" --version >/dev/null 2>&1; then
      echo "$path"
      return
    fi
  done
  return 1
}

install() { # package
  [ -n "$may_install" ] && "$(dirname "${BASH_SOURCE[0]}")/debian.sh" "$1"
}

if [ -n "${MOSAICOS_CHROMIUM:-}" ]; then
  if "$MOSAICOS_CHROMIUM" --version >/dev/null 2>&1; then
    command -v "$MOSAICOS_CHROMIUM"
    exit 0
  fi
  echo "MOSAICOS_CHROMIUM=$MOSAICOS_CHROMIUM does not start. Mend or unset it." >&2
  exit 2
fi

if [ -n "$shell" ]; then
  find_chromium "$shell" && exit 0
  # Where another Chromium is there already, the shell is installed only if the lists of packages name it.
  if ! find_chromium "${windows[@]}" >/dev/null || apt-cache show "$shell" >/dev/null 2>&1; then
    install "$shell" && find_chromium "$shell" && exit 0
  fi
fi
find_chromium "${windows[@]}" && exit 0
install chromium && find_chromium "${windows[@]}" && exit 0
echo "No Chromium was found. Run: sudo apt-get install ${shell:-chromium} (or set MOSAICOS_CHROMIUM to one)" >&2
exit 3
