#!/usr/bin/env bash
# Promise: activation-code builds for a machine without an operating system.
# Needs Debian's rustc-web, cargo-web, rust-web-src and lld-19: they bring the sources of
# core and alloc, so that no target has to be downloaded.
set -euo pipefail
cd "$(dirname "$0")/.."

program() { # PACKAGE NAME: where the package keeps its program
    dpkg -L "$1" | awk -v end="/usr/bin/$2" '$0 == end { print; found = 1 } END { exit !found }' ||
        { echo "no-std: install $1" >&2; exit 2; }
}
CARGO=$(program cargo-web cargo)
RUSTC=$(program rustc-web rustc)
export RUSTC RUSTC_BOOTSTRAP=1

# ARM without an operating system: no std exists for it.
target=${1:-thumbv7em-none-eabihf}
"$CARGO" build --locked -p activation-code --target "$target" -Z build-std=core,alloc --target-dir target/no-std
echo "no-std: activation-code builds for $target"
