# Roots are rotated: a medium was lost, and the two that are left make new ones.
. "$(dirname "$0")/common.sh"
desk_with_a_license
first_bundle
expect 0 activation trust load bundle-1.txt "${roots[@]}" --state host

say 'a license is revoked between, so that there is a bundle that a host sleeps through'
issue 10 >code-2.txt
expect 0 desk revoke 2
expect 0 desk bundle draft bundle-2.txt
root_sign bundle-2.txt b c
expect 0 desk bundle publish bundle-2.txt

say 'new roots, signed by the old and the new threshold'
d=$(root_create d) e=$(root_create e) f=$(root_create f)
new_roots=(--root "$d" --root "$e" --root "$f" --roots-needed 2)
expect 0 desk bundle draft bundle-3.txt "${new_roots[@]}"
contains 'is trusted no more'
root_sign bundle-3.txt d e
expect 1 desk bundle publish bundle-3.txt
root_sign bundle-3.txt b
contains 'old roots    1 of 2'
expect 1 desk bundle publish bundle-3.txt
root_sign bundle-3.txt c
contains 'It is complete'
expect 0 desk bundle publish bundle-3.txt

say 'the old roots sign no more'
expect 0 desk bundle draft bundle-4.txt
expect 1 countersign --passphrase-file a/passphrase --yes root sign bundle-4.txt --key a/root.key --against bundle-3.txt
contains "none of the roots"
cp bundle-4.txt unsigned-4.txt
root_sign bundle-4.txt e f
expect 0 desk bundle publish bundle-4.txt

say 'nobody signs what takes something back, or what is not compared with the bundle before'
sed '/^revoked/d' unsigned-4.txt >tampered.txt
expect 2 countersign --passphrase-file e/passphrase --yes root sign tampered.txt --key e/root.key
contains '--against'
expect 1 countersign --passphrase-file e/passphrase --yes root sign tampered.txt --key e/root.key --against bundle-3.txt
contains 'takes something back'
sed '/^—/d' bundle-3.txt >unsigned.txt
expect 2 countersign --passphrase-file e/passphrase --yes root sign bundle-4.txt --key e/root.key --against unsigned.txt

say 'a host that slept through the rotation follows it; one that begins today trusts the new roots alone'
expect 0 activation trust load bundle-4.txt --state host
contains 'in the place of 1'
expect 0 activation trust load bundle-4.txt "${new_roots[@]}" --state new-host
expect 0 activation inspect code-1.txt --trust bundle-4.txt "${roots[@]}"
expect 1 activation inspect code-2.txt --trust bundle-4.txt "${new_roots[@]}"
contains 'revoked'

say 'no way back'
expect 1 activation trust load bundle-2.txt --state host
expect 1 activation trust load bundle-1.txt "${roots[@]}" --state host
expect 0 desk audit verify
