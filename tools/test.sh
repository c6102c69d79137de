#!/bin/sh
# Runs the tests in .venv/X.Y for each version given: all of them, then fails if one failed.
# Tests that hang are ended after LIMIT_S, told on stderr by pytest as where they hang.
set -u

LIMIT_S=900
limit=
! command -v timeout >/dev/null || limit="timeout --signal=ABRT --kill-after=10 $LIMIT_S"

status=0
for version in "$@"; do
    printf '\nCPython %s\n' "$version"
    $limit ".venv/$version/bin/python" -m pytest --quiet || status=1
done
exit $status
