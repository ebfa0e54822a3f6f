#!/usr/bin/env bash
# Promise: two release builds of the same commit are bit-identical, wherever they are made, and name no folder of the
# machine that made them. Builds what is committed twice, from nothing: other folder, other home of cargo, other mask
# of files. Ten minutes.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(realpath "$(mktemp -d)")
trap 'rm -rf "$work"' EXIT
home=$(realpath "${CARGO_HOME:-$HOME/.cargo}")
cargo fetch --quiet --locked

git clone -q . "$work/a"
(cd "$work/a" && unset CARGO_TARGET_DIR && .ci/release >"$work/first")

# The downloads are copied, so that their sources are unpacked at another place.
mkdir -p "$work/another-home/registry"
cp -a "$home/registry/cache" "$home/registry/index" "$work/another-home/registry/"
for settings in config.toml config; do
    if [ -e "$home/$settings" ]; then cp "$home/$settings" "$work/another-home/"; fi
done
git clone -q . "$work/a folder/with a longer name"
(
    umask 077
    cd "$work/a folder/with a longer name"
    export CARGO_HOME=$work/another-home CARGO_TARGET_DIR="$work/built elsewhere" CARGO_NET_OFFLINE=true
    .ci/release >"$work/second"
)

result=0
for program in activation countersign; do
    one=$work/a/target/release/$program
    two="$work/built elsewhere/release/$program"
    cmp "$one" "$two" || result=1
    for built in "$one" "$two"; do
        if grep -aoE -m1 "($work|$home)[[:print:]]{0,60}" "$built"; then
            echo "reproducible: $program names a folder of this machine" >&2
            result=1
        fi
    done
done
if [ $result != 0 ]; then
    diff "$work/first" "$work/second" >&2 || true
    exit 1
fi
git log -1 --format='reproducible: commit %h, built twice'
rustc --version
cc --version | head -n1
cat "$work/first"
