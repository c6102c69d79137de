#!/bin/sh
# Runs the tests in .venv/X.Y for each version given; fails if one failed.  Each version's tests
# are run in two halves, as many at a time as there are processors, so that none is idle at the end.
# What a half has to say is printed as a whole when it ends.
# Tests that hang are ended after LIMIT_S, told on stderr by pytest as where they hang.
set -eu

NATIVE="tests/cli tests/end_to_end tests/ext tests/live tests/real_time"
LIMIT_S=900

test_half() {
    case $1 in
        native) set -- "$1" "$2" $NATIVE ;;
        rest) set -- "$1" "$2" tests $(printf -- '--ignore=%s ' $NATIVE) ;;
    esac
    half=$1
    version=$2
    shift 2
    limit=
    ! command -v timeout >/dev/null || limit="timeout --signal=ABRT --kill-after=10 $LIMIT_S"

    mkdir -p build/tests
    log="build/tests/$version-$half.log"
    status=0
    $limit ".venv/$version/bin/python" -m pytest --quiet "$@" >"$log" 2>&1 || status=1
    printf '\nCPython %s, %s\n' "$version" "$half"
    cat "$log"
    return $status
}

if [ "${1-}" = --half ]; then
    test_half "$2" "$3"
else
    for half in native rest; do
        for version in "$@"; do
            printf '%s %s\n' "$half" "$version"
        done
    done | xargs -P "$(getconf _NPROCESSORS_ONLN)" -n 2 sh "$0" --half
fi
