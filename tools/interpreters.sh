#!/bin/sh
# Lists the CPythons that Pikos is developed on, one "X.Y /path/to/python" a line: one for each
# supported minor version that is found on PATH or under ~/.pyenv/versions.
#
# Chosen is the first that can make a virtual environment and has Python.h; failing that, the
# first that can make one. A shim with nothing behind it does not run, so it is never chosen.
set -u

supported="3.11 3.12 3.13"

# Candidates for version $1, one a line: those on PATH first, then pyenv's, newest first.
candidates() {
    saved_ifs=$IFS
    IFS=:
    for directory in $PATH; do
        [ -x "$directory/python$1" ] && printf '%s\n' "$directory/python$1"
    done
    IFS=$saved_ifs
    for directory in "$HOME/.pyenv/versions/$1".*/bin; do
        [ -x "$directory/python$1" ] && printf '%s\n' "$directory/python$1"
    done | sort -t. -k 3,3nr
}

# What the interpreter $1 is good for as version $2: "whole PATH", "venv PATH", or nothing.
probe() {
    "$1" -I - "$2" 2>/dev/null <<'PYTHON'
import importlib.util, os, platform, sys, sysconfig

if (
    platform.python_implementation() == "CPython"
    and "%d.%d" % sys.version_info[:2] == sys.argv[1]
    and not sysconfig.get_config_var("Py_GIL_DISABLED")
    and all(importlib.util.find_spec(name) for name in ("venv", "ensurepip"))
):
    header = os.path.join(sysconfig.get_path("include"), "Python.h")
    base = getattr(sys, "_base_executable", sys.executable)
    print("whole" if os.path.exists(header) else "venv", base)
PYTHON
}

for version in $supported; do
    second=
    chosen=
    for candidate in $(candidates "$version"); do
        answer=$(probe "$candidate" "$version")
        case $answer in
        "whole "*)
            chosen=${answer#* }
            break
            ;;
        "venv "*) [ -n "$second" ] || second=${answer#* } ;;
        esac
    done
    [ -n "$chosen" ] || chosen=$second
    [ -z "$chosen" ] || printf '%s %s\n' "$version" "$chosen"
done
