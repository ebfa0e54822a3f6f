# The desk's disk broke: the last backup is put back, and nothing that was given out since is used twice or forgotten.
. "$(dirname "$0")/common.sh"
desk_with_a_license
first_bundle
expect 0 desk backup monday.ledger

say 'after the backup: a license, a revocation, a limit, a key and a product, and a bundle that has them'
issue 10 >code-2.txt
expect 0 desk revoke 1
expect 0 desk issuer limit 1 --units 500
expect 0 desk product add 8 MAIL 'Example Mail Gateway' --unit users
expect 0 desk key new
mv desk/issuer-2.key elsewhere.key
expect 0 desk bundle draft bundle-2.txt
root_sign bundle-2.txt a c
expect 0 desk bundle publish bundle-2.txt
expect 0 activation trust load bundle-2.txt "${roots[@]}" --state host

say 'the disk breaks; the keys are in their own copy'
printf 'nothing that is left of it' >desk/ledger.sqlite
rm -f desk/ledger.sqlite-wal desk/ledger.sqlite-shm
expect 2 desk list
expect 0 desk restore monday.ledger
expect 0 desk import code-2.txt --customer 1
expect 0 desk audit verify

say 'the bundle that the backup does not know is read in again'
expect 0 desk bundle draft forgetful.txt
expect 0 desk bundle publish bundle-2.txt
expect 0 desk bundle draft bundle-3.txt
contains 'Drafted trust bundle 3'
contains 'It says the same as bundle 2'
root_sign bundle-3.txt b c
expect 0 desk bundle publish bundle-3.txt
expect 0 activation trust load bundle-3.txt --state host

say 'what was revoked since the backup is still revoked'
expect 1 activation inspect code-1.txt --trust bundle-3.txt "${roots[@]}"
contains 'revoked'
expect 0 activation inspect code-2.txt --trust bundle-3.txt "${roots[@]}"

say 'what the desk has read in holds for what it issues'
expect 1 desk renew 1 --term 1y
contains 'revoked'
expect 1 desk issue --customer 1 --product ES --units 501 --from "$(date -u +%F)" --term 1y
contains 'so many units'

say 'no number is used twice'
issue 20 >code-3.txt
grep -q 'license      1,' code-3.txt && fail 'license 1 again'
grep -q 'license      2,' code-3.txt && fail 'license 2 again'

say 'a bundle that was signed before the restore was noticed is refused by hosts that know better'
against=bundle-1.txt root_sign forgetful.txt a b
expect 1 activation trust load forgetful.txt --state host
expect 0 desk audit verify
