#!/bin/sh
# Runs the tests in .venv/X.Y for each version given; fails if one failed.  Each version's tests
# are run in two halves, as many at a time as there are processors, so that none is idle at the end.
# The tests in a browser are run with the last version alone: the page's scripts are the same for
# all, and the halves test what serves it.
# What a part has to say is printed as a whole when it ends.
# A part that hangs is aborted after LIMIT_S, many times what it takes on a busy machine; pytest then
# prints where it hangs.
set -eu

BROWSER=tests/browser
NATIVE="tests/cli tests/end_to_end tests/ext tests/live tests/real_time"
LIMIT_S=5400

test_part() {
    case $1 in
        browser) set -- "$1" "$2" $BROWSER ;;
        native) set -- "$1" "$2" $NATIVE ;;
        rest) set -- "$1" "$2" tests $(printf -- '--ignore=%s ' $NATIVE $BROWSER) ;;
    esac
    part=$1
    version=$2
    shift 2
    limit=
    ! command -v timeout >/dev/null || limit="timeout --signal=ABRT --kill-after=10 $LIMIT_S"

    mkdir -p build/tests
    log="build/tests/$version-$part.log"
    status=0
    $limit ".venv/$version/bin/python" -m pytest --quiet "$@" >"$log" 2>&1 || status=1
    printf '\nCPython %s, %s\n' "$version" "$part"
    cat "$log"
    return $status
}

if [ "${1-}" = --part ]; then
    test_part "$2" "$3"
else
    {
        for version in "$@"; do
            printf 'native %s\n' "$version"
        done
        printf 'browser %s\n' "$version"
        for version in "$@"; do
            printf 'rest %s\n' "$version"
        done
    } | xargs -P "$(getconf _NPROCESSORS_ONLN)" -n 2 sh "$0" --part
fi
