#!/bin/sh
# Installs libzmq's header where that is easy: on a Debian, for root. No failure is an error.
set -u

if pkg-config --exists libzmq 2>/dev/null || [ "$(id -u)" != 0 ] ||
    ! command -v apt-get >/dev/null; then
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive
install="apt-get install --yes --no-install-recommends libzmq3-dev"
echo "Installing libzmq3-dev"
$install >/dev/null 2>&1 || { apt-get update && $install; } >/dev/null 2>&1 ||
    echo "It cannot be installed; the extension will bind to the libzmq of pyzmq"
