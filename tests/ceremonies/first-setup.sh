# The first setup: roots in the safe, a desk, the first bundle, and a host that trusts it.
. "$(dirname "$0")/common.sh"

say 'a checklist, printed and logged'
expect 0 countersign root checklist --roots 3 --needed 2
contains 'cold spare'
grep -q 'ceremony of 3 roots begun' ceremony.log || fail 'the checklist is not logged'

say 'three roots, each on a medium of its own'
a=$(root_create a) b=$(root_create b) c=$(root_create c)
[ "$(grep -c 'root key made' ceremony.log)" = 3 ] || fail 'each root is logged'
! grep -q 'PRIVATE' ceremony.log || fail 'the log has a secret'
expect 0 countersign root fingerprint "$a" "$b" "$c" --needed 2
fingerprint=$out
expect 0 countersign root fingerprint "$c" "$a" "$b" --needed 2
[ "$out" = "$fingerprint" ] || fail 'the order of the roots matters'
expect 1 countersign --passphrase-file a/passphrase root create a/root.key
contains 'not touched'

say 'a desk, and its first bundle'
desk_with_a_license
roots=(--root "$a" --root "$b" --root "$c" --roots-needed 2)
expect 1 desk bundle draft bundle-1.txt
contains 'no roots are named'
expect 0 desk bundle draft bundle-1.txt "${roots[@]}"
expect 1 desk bundle publish bundle-1.txt
contains 'not signed'
root_sign bundle-1.txt a
contains 'Carry the file to the next root'
expect 1 countersign --passphrase-file a/passphrase --yes root sign bundle-1.txt --key a/root.key
contains 'has signed this bundle already'
expect 1 desk bundle publish bundle-1.txt
root_sign bundle-1.txt c
contains 'It is complete'
expect 0 desk bundle verify bundle-1.txt "${roots[@]}"
contains "$fingerprint"
expect 0 desk bundle publish bundle-1.txt

say 'a host without a network'
expect 0 activation trust load bundle-1.txt "${roots[@]}" --state host
contains "$fingerprint"
expect 0 activation inspect code-1.txt --trust bundle-1.txt "${roots[@]}"
contains 'Activated'
expect 1 activation trust load bundle-1.txt --root "$a" --root "$b" --state other-host
contains 'not signed by 2 of the roots'

say 'what the desk said is in its book'
expect 0 desk audit verify
