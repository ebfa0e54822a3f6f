#!/usr/bin/env bash
# Prints every figure that is promised, each beside its raw limit from the same run, as docs/performance.md keeps them.
# Half an hour; with --full the largest ledgers and batches too, two hours.
set -euo pipefail
cd "$(dirname "$0")/.."

FIGURES=$(mktemp)
export FIGURES
trap 'rm -f "$FIGURES"' EXIT
sizes=(10000 100000) orders=(1000 10000 100000)
if [ "${1:-}" = --full ]; then
    sizes+=(1000000) orders+=(1000000)
fi

# What a bench prints by itself is for who looks on.
bench() { cargo bench --quiet --locked "$@" >&2; }

bench -p activation-code --bench verify
bench -p activation-code --bench bundle
RUSTFLAGS="-C target-feature=+crt-static" bench -p activation-host --bench process --target x86_64-unknown-linux-gnu
bench -p activation-host --bench status
bench -p countersign --bench batch -- "${orders[@]}"
ORDERS=1000 bench -p countersign --bench certificates
bench -p countersign --bench audit -- "${sizes[@]}"
bench -p countersign --bench ledger -- "${sizes[@]}"
cargo run --quiet --locked --release --manifest-path benches/peers/Cargo.toml >&2

echo "| what, medians | raw | ours | ratio | wanted | |"
echo "| --- | ---: | ---: | ---: | --- | --- |"
cat "$FIGURES"
