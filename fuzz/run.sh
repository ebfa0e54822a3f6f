#!/usr/bin/env bash
# Fuzzes a target for some seconds, from what is saved and from its seeds if fuzz/seeds.py has written them.
#   fuzz/run.sh TARGET SECONDS
set -euo pipefail
cd "$(dirname "$0")/.."
target=$1
seconds=$2
case $target in
qr_file) dictionary=pictures ;;
*) dictionary=text ;;
esac
mkdir -p "fuzz/work/$target"
log=fuzz/work/$target.log
# A text may be 64 KiB, what is mistyped is searched for long, and a picture as long as it may.
cargo +nightly fuzz run "$target" "fuzz/work/$target" "fuzz/corpus/$target" -- -timeout=60 \
    -dict="fuzz/dictionaries/$dictionary.dict" -max_total_time="$seconds" -verbosity=0 -print_final_stats=1 \
    >"$log" 2>&1 || {
    tail -60 "$log"
    exit 1
}
echo "$target: $(grep -o 'number_of_executed_units: .*' "$log")"
