#!/usr/bin/env bash
# Promise: what each package is linked with is what tests/dependencies/PACKAGE.txt says.
# With --write, the lists are written as they are now; a longer list of activation-code
# needs a decision record in docs/decisions/. No list is longer than is promised, written or not.
set -euo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C

linked() { # PACKAGE: on any target; names only, so that an update changes nothing here
    cargo tree --locked -p "$1" -e normal --prefix none --target all --format '{p}' | cut -d' ' -f1 | sort -u
}

most() { # PACKAGE: itself included
    case $1 in
        activation-code) echo 25 ;; # What decides whether a code is accepted.
        activation-host) echo 80 ;;
        countersign) echo 260 ;;
        *) echo 0 ;;
    esac
}

result=0
for list in tests/dependencies/*.txt; do
    package=$(basename "$list" .txt)
    names=$(linked "$package")
    if [ "${1:-}" = --write ]; then
        echo "$names" >"$list"
    elif ! diff -u --label "$list" --label 'cargo tree' "$list" - <<<"$names"; then
        echo "dependencies: $package is linked with something else than $list says" >&2
        result=1
    fi
    count=$(wc -l <<<"$names")
    echo "$package: $count crates, itself included; at most $(most "$package")"
    if [ "$count" -gt "$(most "$package")" ]; then
        echo "dependencies: $package is linked with more than is promised" >&2
        result=1
    fi
done
exit $result
