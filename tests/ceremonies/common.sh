# What every ceremony begins with: an empty folder, the two programs, passphrases of its own.
set -euo pipefail
umask 077

say() { printf '== %s\n' "$*"; }

# Says what was wrong, and ends the ceremony.
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }

# expect CODE COMMAND...: the command ends with this exit code; its output is in $out.
expect() {
    local wanted=$1 found=0
    shift
    out=$("$@" 2>&1 </dev/null) || found=$?
    [ "$found" = "$wanted" ] || fail "$* ended with $found, wanted $wanted: $out"
}

# contains TEXT: the last output has it.
contains() { case $out in *"$1"*) ;; *) fail "wanted \"$1\" in: $out" ;; esac; }

printf 'the desk has one\n' >desk.passphrase
desk() { countersign --desk desk --passphrase-file desk.passphrase --yes "$@"; }

# root_create NAME: a root key on a medium of its own, with a passphrase of its own.
root_create() {
    mkdir -p "$1"
    printf 'root %s has one of its own\n' "$1" >"$1/passphrase"
    countersign --passphrase-file "$1/passphrase" --json root create "$1/root.key" 2>/dev/null |
        sed -n 's/.*"root": "\([0-9a-f]*\)".*/\1/p'
}

# root_sign BUNDLE NAME...: the file is carried from one to the next; $against is the bundle before, or that of the
# number before.
root_sign() {
    local bundle=$1 name number before=()
    shift
    number=${bundle//[!0-9]/}
    [ -n "${number:-}" ] && [ -e "bundle-$((number - 1)).txt" ] && before=(--against "bundle-$((number - 1)).txt")
    [ -n "${against:-}" ] && before=(--against "$against")
    for name in "$@"; do
        expect 0 countersign --passphrase-file "$name/passphrase" --yes root sign "$bundle" --key "$name/root.key" \
            "${before[@]}"
    done
}

# A desk with a product, a customer, and a license whose code is in code-1.txt.
desk_with_a_license() {
    expect 0 desk init --vendor 'Example Security'
    expect 0 desk product add 7 ES 'Example Endpoint Security' --unit seats
    expect 0 desk customer add 'Example Hospital'
    expect 0 desk bundle contact 'Example Security, +49 30 123456'
    issue 250 >code-1.txt
}

issue() { desk issue --customer 1 --product ES --units "$1" --from "$(date -u +%F)" --term 1y; }

# Three roots of which two sign, and the first bundle, in force.
first_bundle() {
    a=$(root_create a) b=$(root_create b) c=$(root_create c)
    roots=(--root "$a" --root "$b" --root "$c" --roots-needed 2)
    expect 0 desk bundle draft bundle-1.txt "${roots[@]}"
    root_sign bundle-1.txt a b
    expect 0 desk bundle publish bundle-1.txt
}
