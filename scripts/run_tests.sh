#!/usr/bin/env bash
# Set up and run the tests: scripts/run_tests.sh [--quick] [words for pytest]
# What this machine cannot run is left out by its marker and announced; with CI=true nothing may be left out.
# --quick: only what needs nothing but Python, for the loop between two changes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

is_quick=""
if [ "${1:-}" = --quick ]; then
  is_quick=yes
  shift
fi
scripts/setup.sh dev

left_out=()
leave_out() { # marker, why
  echo "== LEFT OUT: the tests marked '$1': $2"
  left_out+=("not $1")
}

find_what_is_there() {
  local code=0 chromium inputs postgres
  chromium=$(scripts/chromium.sh --install) || code=$?
  case $code in
    0)
      export MOSAICOS_CHROMIUM=$chromium
      echo "== Browser tests with $chromium"
      ;;
    3) leave_out browser "they need a Chromium (see the line above)" ;;
    *) exit "$code" ;;
  esac

  if command -v ogr2ogr >/dev/null || scripts/debian.sh gdal-bin; then
    echo "== Exports are read with ogr2ogr too"
  else
    leave_out gdal "ogr2ogr reads the exports in them. Run: sudo apt-get install gdal-bin"
  fi

  if command -v soffice >/dev/null || scripts/debian.sh libreoffice-calc-nogui; then
    echo "== Spreadsheets saved by LibreOffice are read too"
  else
    leave_out office "LibreOffice saves the spreadsheets in them. Run: sudo apt-get install libreoffice-calc-nogui"
  fi

  if command -v java >/dev/null || scripts/debian.sh default-jre-headless; then
    echo "== Field forms are checked by ODK Validate too"
  else
    leave_out java "ODK Validate checks the field forms in them. Run: sudo apt-get install default-jre-headless"
  fi

  # an ordinary user's path lacks the folder of servers
  if command -v nginx >/dev/null || command -v "${SBIN:-/usr/sbin}/nginx" >/dev/null || scripts/debian.sh nginx-light; then
    echo "== Access is attacked through nginx too"
  else
    leave_out nginx "nginx is put before the server in them. Run: sudo apt-get install nginx-light"
  fi

  if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    echo "== Access is attacked as another user of this machine too"
  else
    leave_out second_user "only root may run a command as another user"
  fi

  inputs=${MOSAICOS_INPUTS:-../shared/data}
  if [ -d "$inputs" ]; then
    echo "== Raw inputs from $inputs"
    if [ ! -f "$inputs/../docs/minutes-cnm-cuf-2007-03.txt" ]; then
      leave_out minutes "there is no docs/minutes-cnm-cuf-2007-03.txt beside the raw inputs"
    fi
  elif [ -n "${MOSAICOS_INPUTS:-}" ]; then
    echo "MOSAICOS_INPUTS=$MOSAICOS_INPUTS is not a folder. Mend or unset it." >&2
    exit 2
  else
    leave_out inputs "there is no folder $inputs (set MOSAICOS_INPUTS to one with the raw files)"
  fi

  postgres=${MOSAICOS_TEST_POSTGRES_URL:-}
  if [ -z "$postgres" ]; then
    leave_out postgres "MOSAICOS_TEST_POSTGRES_URL names no server; the same tests run on SQLite"
  elif .venv/bin/python - "$postgres" <<'PYTHON' 2>/dev/null; then
import sys
import psycopg
psycopg.connect(sys.argv[1].replace("+psycopg", ""), connect_timeout=30).close()
PYTHON
    echo "== PostgreSQL tests with the server of MOSAICOS_TEST_POSTGRES_URL"
  else
    echo "No PostgreSQL answers at MOSAICOS_TEST_POSTGRES_URL. Mend or unset it." >&2
    exit 2
  fi
}

if [ -n "$is_quick" ]; then
  for marker in browser gdal office java nginx second_user inputs postgres; do
    leave_out "$marker" "make test runs them too"
  done
else
  find_what_is_there
fi

if [ ${#left_out[@]} -gt 0 ] && [ "${CI:-}" = true ]; then
  echo "CI=true: no test may be left out here." >&2
  exit 1
fi

# pytest obeys the last -m only: one that was given is joined with what is left out
words=()
while [ $# -gt 0 ]; do
  if [ "$1" = -m ] && [ $# -gt 1 ]; then
    left_out+=("($2)")
    shift 2
  else
    words+=("$1")
    shift
  fi
done
selection=()
if [ ${#left_out[@]} -gt 0 ]; then
  expression=$(printf ' and %s' "${left_out[@]}")
  selection=(-m "${expression# and }")
fi
# as many side by side as there are cores, up to four; a file stays together, for its tests share what they set up;
# files in the order of their names, so that those of the browser, the longest, do not come last
workers=$(nproc)
[ "$workers" -le 4 ] || workers=4
echo "== Running the tests, $workers side by side"
exec .venv/bin/python -m pytest -n "$workers" --dist loadfile --no-loadscope-reorder "${selection[@]}" "${words[@]}"
