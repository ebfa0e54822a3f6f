# A planned change of the desk's key: hosts learn of the new one before it signs, and no code is lost.
. "$(dirname "$0")/common.sh"
desk_with_a_license
first_bundle
expect 0 activation trust load bundle-1.txt "${roots[@]}" --state host

say 'a new key signs nothing before hosts know it'
expect 0 desk key new
expect 1 desk key rotate
contains 'installations do not know issuing key 2'
expect 0 desk bundle draft bundle-2.txt
contains 'issuer 2 is new'
root_sign bundle-2.txt a b
expect 0 desk bundle publish bundle-2.txt

say 'the switch'
expect 0 desk key rotate
contains 'Switched to issuing key 2'
expect 0 desk --json issuer
contains '"retired"'
rm desk/issuer-1.key
issue 10 >code-2.txt
expect 1 activation inspect code-2.txt --state host
contains 'issued by issuer 2, which this installation does not know'
expect 0 activation trust load bundle-2.txt --state host
expect 0 activation inspect code-1.txt --state host
expect 0 activation inspect code-2.txt --state host

say 'with the next bundle the old key has ended'
expect 0 desk bundle draft bundle-3.txt
contains "to=$(date -u +%F)"
root_sign bundle-3.txt b c
expect 0 desk bundle publish bundle-3.txt
expect 0 activation trust load bundle-3.txt --state host
expect 0 activation inspect code-1.txt --state host
expect 0 activation inspect code-2.txt --state host
expect 0 desk audit verify --signatures
