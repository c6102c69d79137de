#!/bin/sh
# Runs the tests in .venv/X.Y for each version given, as many versions at a time as there are
# processors; fails if one failed. What each has to say is printed as a whole when it ends.
# Tests that hang are ended after LIMIT_S, told on stderr by pytest as where they hang.
set -eu

test_one() {
    LIMIT_S=900
    limit=
    ! command -v timeout >/dev/null || limit="timeout --signal=ABRT --kill-after=10 $LIMIT_S"

    mkdir -p build/tests
    log="build/tests/$1.log"
    status=0
    $limit ".venv/$1/bin/python" -m pytest --quiet >"$log" 2>&1 || status=1
    printf '\nCPython %s\n' "$1"
    cat "$log"
    return $status
}

if [ "${1-}" = --one ]; then
    test_one "$2"
else
    printf '%s\n' "$@" | xargs -P "$(getconf _NPROCESSORS_ONLN)" -n 1 sh "$0" --one
fi
