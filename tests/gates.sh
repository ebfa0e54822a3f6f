#!/usr/bin/env bash
# Plants one fault after another in a copy of the project, and shows which gate catches each. None may go uncaught.
# With names, only those faults. It takes an hour; GATES_TARGET names a folder for what is built, to be used again.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
git clone -q . "$work/project"
cd "$work/project"
export CARGO_TARGET_DIR=${GATES_TARGET:-$work/target} CARGO_TERM_COLOR=never RUST_BACKTRACE=0
export RUSTDOCFLAGS="-D warnings" PROPTEST_FAILURE_PERSISTENCE=off

wanted=("$@")
declare -A sound
caught=0
uncaught=()

# Whether a gate lets the project pass as it is: one that never does catches nothing.
passes_whole() { # GATE...
    [ -n "${sound[$*]:-}" ] && return
    if ! "$@" >"$work/log" 2>&1; then
        tail -20 "$work/log" >&2
        echo "gates: without a fault it does not pass: $*" >&2
        exit 2
    fi
    sound[$*]=yes
}

fault() { # NAME FILE OLD NEW GATE...
    local name=$1 file=$2 old=$3 new=$4
    shift 4
    if [ ${#wanted[@]} -gt 0 ] && [[ " ${wanted[*]} " != *" $name "* ]]; then return; fi
    passes_whole "$@"
    OLD=$old NEW=$new perl -0pi -e 's/\Q$ENV{OLD}\E/$ENV{NEW}/' "$file"
    if git diff --quiet; then
        echo "gates: $name: $file has no longer what the fault replaces: $old" >&2
        exit 2
    fi
    if "$@" >"$work/log" 2>&1; then
        uncaught+=("$name")
        echo "UNCAUGHT  $name: $*"
    elif [ "$1" != lint ] && grep -q 'could not compile' "$work/log"; then
        grep -m3 '^error' "$work/log" >&2
        echo "gates: $name: the fault does not compile, and so proves nothing" >&2
        exit 2
    else
        caught=$((caught + 1))
        echo "caught    $name: $*"
    fi
    git checkout -q .
}

code() { cargo test --quiet -p activation-code "$@"; }
host() { cargo test --quiet -p activation-host "$@"; }
lib() { cargo test --quiet -p countersign --lib "$@"; }
desk() { cargo build --quiet -p activation-host && cargo test --quiet -p countersign --test desk "$@"; }
documents() { cargo test --quiet -p countersign --test documents "$@"; }
lint() { cargo clippy --quiet --workspace --all-targets -- -D warnings; }
described() { cargo doc --workspace --no-deps --quiet; }
kept() { ONLY=$1 .ci/run; }
network() { cargo build --quiet --release -p activation-host && kept "the host's program cannot reach a network"; }

rust=crates/activation-code/src
strict='self.0.verify_strict(message, &Signature::from_bytes(signature)).is_ok()'
fault any-signature "$rust/trust.rs" "$strict" 'true || self.0.verify_strict(message, &Signature::from_bytes(signature)).is_ok()' \
    code --test vectors
fault lax-signature "$rust/trust.rs" "$strict" \
    'ed25519_dalek::Verifier::verify(&self.0, message, &Signature::from_bytes(signature)).is_ok()' code --tests
fault units-beyond-a-limit "$rust/bundle.rs" 'terms.units > most' 'terms.units > most && false' code --test bundle
fault digits-unchecked "$rust/rows.rs" 'if check != 98 - (number % 97) * 100 % 97 ||' 'if check > 98 ||' code --tests
fault a-way-to-panic "$rust/trust.rs" "$strict" \
    'self.0.verify_strict(message, &Signature::from_bytes(signature)).ok().map(|()| true).unwrap()' lint
fault nothing-said-of-it "$rust/lib.rs" '#![no_std]' $'#![no_std]\npub struct Undescribed;' lint
fault one-more-dependency crates/activation-code/Cargo.toml '[dependencies]' $'[dependencies]\nserde_json = "1"' \
    tests/dependencies.sh

rust=crates/activation-host/src
fault state-not-synced "$rust/files.rs" 'file.sync_all()' 'Ok(())' host --test crashes what_is_renamed
fault older-replaces-newer "$rust/holdings.rs" 'other.terms().revision > terms.revision' \
    'other.terms().revision < terms.revision' host --test installation
fault clock-without-floor "$rust/days.rs" 'clock.max(floor)' 'clock.max(floor).min(clock)' host --test model
fault bundle-rolls-back "$rust/trust_store.rs" 'if number < kept =>' 'if number < kept && false =>' host --test trust_cases
fault key-type-at-hosts "$rust/lib.rs" '#![' $'// SigningKey\n#![' kept 'no signing key in what goes to hosts'
fault a-connection "$rust/commands/status.rs" 'pub fn run(arguments: &Arguments) -> ExitCode {' \
    $'pub fn run(arguments: &Arguments) -> ExitCode {\n    let _ = std::net::TcpStream::connect("127.0.0.1:9");' network

fault ledger-not-synced src/ledger/schema.rs \
    'durable(connection, "synchronous", &pragma::<i64>(connection, "synchronous")?.to_string(), "2")' \
    'connection.pragma_update(None, "synchronous", "OFF").map_err(LedgerFault::from)' desk faults::every_signature
fault limit-not-checked src/desk/plan.rs 'terms.units.get() > *most)' 'terms.units.get() > *most && false)' \
    desk operators::
fault auditor-changes src/desk/operators.rs 'Role::Auditor => false' 'Role::Auditor => true' desk roles::each_role
fault row-without-digest src/ledger/chain.rs 'let digest = row_digest(table, columns.into_iter());' \
    'let digest = row_digest(table, columns.into_iter().take(1));' desk book::
fault link-not-compared src/ledger/audit.rs 'if link_over(&before, columns) != stored {' \
    'if link_over(&before, columns) != stored && false {' desk book::
fault passphrase-kept src/cli/change.rs 'drop(passphrase);' 'std::mem::forget(passphrase);' desk memory::
fault customer-of-another src/desk/accounts.rs 'if book.reseller_of(customer)? != Some(account) {' \
    'if book.reseller_of(customer)? != Some(account) && false {' desk accounts::
fault key-redeemed-twice src/desk/registration.rs 'state: KeyState::Redeemed,' 'state: KeyState::Available,' \
    desk registration::
fault notice-of-the-wrong-day src/desk/notices.rs 'left <= i32::from(*days)).min()' \
    'left <= i32::from(*days)).max()' desk notices::
fault bytes-left-by-a-purge src/desk/purge.rs 'ledger.erase_what_was_deleted().err()' 'None' desk purge::
fault header-of-two-lines src/documents/mail.rs 'text.chars().find(|c| c.is_control())' \
    'text.chars().find(|c| *c == char::MAX)' lib mail
fault formula-in-a-cell src/documents/csv.rs "matches!(c, '='" "matches!(c, 'z'" lib csv
fault template-without-end src/documents/template.rs 'jinja.set_fuel(Some(STEPS));' 'jinja.set_fuel(None);' \
    documents branding::

echo "gates: $caught caught, ${#uncaught[@]} uncaught: ${uncaught[*]:-}"
[ ${#uncaught[@]} -eq 0 ]
