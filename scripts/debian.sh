#!/usr/bin/env bash
# Install one of Debian's packages where one may (root, or sudo without a password): scripts/debian.sh PACKAGE
# Says what it does on the error stream. Exit code 1: one may not, or it failed.
set -euo pipefail

command -v apt-get >/dev/null || exit 1
if [ "$(id -u)" = 0 ]; then
  as_root=()
elif sudo -n true 2>/dev/null; then
  as_root=(sudo -n)
else
  exit 1
fi
echo "== Installing Debian's package $1 (apt-get install $1)" >&2
"${as_root[@]}" apt-get -qq -o DPkg::Lock::Timeout=300 update >&2 &&
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -qq -y -o DPkg::Lock::Timeout=300 install --no-install-recommends "$1" </dev/null >&2
