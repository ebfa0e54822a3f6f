#!/usr/bin/env bash
# Promise: in the machine code of activation-code, built for release, no function of ours can come to a panic but those
# that tests/panics.txt names, each with the reason why it does not. With --write: as it is now, new lines without a
# reason. Left out: memory that is refused, and what core and alloc keep for a broken Ord. For x86-64 and the compiler
# that the list names: another one proves more, or less.
set -euo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C
list=tests/panics.txt
compiler=$(rustc --version | cut -d' ' -f1,2)
if [ "${1:-}" != --write ] && [ "$(head -n1 "$list")" != "# $compiler" ]; then
    echo "panics: the list is of another compiler ($(head -n1 "$list")) than $compiler: read it anew, with --write" >&2
    exit 2
fi
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")/panics
rm -rf "$target"/release/deps/activation_code-*.s "$target"/release/.fingerprint/activation-code-*
unset RUSTFLAGS
CARGO_TARGET_DIR=$target cargo rustc --quiet --locked --release -p activation-code --lib -- \
    --emit=asm -C lto=off -C embed-bitcode=no -C symbol-mangling-version=v0
python3 - "$list" "# $compiler" "${1:-}" "$target"/release/deps/activation_code-*.s <<'PYTHON'
import re, subprocess, sys

path, compiler, mode, assembly = sys.argv[1:]
ends, functions, within = set(), set(), ""
for line in open(assembly):
    if begun := re.match(r"(_R\S+):", line):
        within = begun[1]
        functions.add(within)
    called = re.search(r"(?:call|jmp)q?\s+\*?(_R[^@\s(]*)", line)
    if called and re.search(r"panic|slice_index|_fail|unwrap_failed|expect_failed", called[1]):
        # Generic code of core and alloc is not ours.
        if re.match(r"_RN(?!vXs_NtNtC\w+5alloc).*15activation_code", within):
            ends.add((within, called[1]))
if len(functions) < 200:
    sys.exit(f"panics: only {len(functions)} functions found")
plain = lambda name: re.sub(r"\[\w+\]", "", subprocess.check_output(["c++filt", name], text=True).strip())
found = {f"{plain(one)} -> {plain(other)}" for one, other in ends}
listed = dict(line.rstrip("\n").split(" # ", 1) for line in open(path) if " # " in line) if mode != "--write" else {}
if mode == "--write":
    try:
        listed = dict(line.rstrip("\n").split(" # ", 1) for line in open(path) if " -> " in line and " # " in line)
    except FileNotFoundError:
        pass
    with open(path, "w") as out:
        out.write(compiler + "\n")
        out.writelines(f"{line} # {listed.get(line, '')}\n" for line in sorted(found))
    sys.exit()
for line in sorted(found - listed.keys()):
    print(f"panics: not in {path}: {line}", file=sys.stderr)
for line in sorted(listed.keys() - found):
    print(f"panics: no longer there: {line}", file=sys.stderr)
for line in sorted(line for line, reason in listed.items() if not reason.strip()):
    print(f"panics: without a reason: {line}", file=sys.stderr)
print(f"panics: {len(functions)} functions, {len(found)} places, {len(listed)} listed")
sys.exit(found != listed.keys() or not all(reason.strip() for reason in listed.values()))
PYTHON
