# The desk's key was stolen, with its file and its passphrase: listed codes stay good, then all go out again.
. "$(dirname "$0")/common.sh"
desk_with_a_license
first_bundle
expect 0 desk renew 1 --term 1y
issue 10 >code-2.txt
expect 0 desk revoke 2
expect 0 activation trust load bundle-1.txt "${roots[@]}" --state host

say 'the thief has a copy of the folder; ours is gone'
cp -r desk thief
rm desk/issuer-1.key
thief() { countersign --desk thief --passphrase-file desk.passphrase --yes "$@"; }

say 'first aid: the key is void, what it signed is listed'
expect 0 desk key lost --list
contains 'Key 1 is void'
expect 0 desk bundle draft bundle-2.txt
contains 'issuer 1 is VOID'
root_sign bundle-2.txt a b
expect 0 desk bundle publish bundle-2.txt
expect 0 activation trust load bundle-2.txt --state host
expect 0 activation inspect code-1.txt --state host
thief issue --customer 1 --product ES --units 9999 --from "$(date -u +%F)" --term 1y >code-stolen.txt
expect 1 activation inspect code-stolen.txt --state host
contains 'issuer 1 is void'

say 'then all that counts goes out again'
expect 0 desk key lost 1 --reissue --output codes.csv
contains 're-issued    2 codes of 1 license'
expect 0 desk bundle draft bundle-3.txt
root_sign bundle-3.txt a c
expect 0 desk bundle publish bundle-3.txt
expect 0 activation trust load bundle-3.txt --state host
expect 1 activation inspect code-1.txt --state host
contains 'issuer 1 is void'
cut -d, -f12 codes.csv | sed 1d >codes.txt
[ "$(wc -l <codes.txt)" = 2 ] || fail "$(cat codes.csv)"
while read -r code; do
    printf '%s\n' "$code" >code.txt
    expect 0 activation inspect code.txt --state host
done <codes.txt
expect 1 activation inspect code-2.txt --state host

say 'a host that never loads a bundle does not know'
expect 0 activation inspect code-stolen.txt --trust bundle-1.txt "${roots[@]}"

say 'nobody signs with that key again'
cp thief/issuer-1.key desk/issuer-1.key
issue 20 >code-3.txt
expect 0 activation inspect code-3.txt --state host
expect 1 desk key rotate 1
expect 0 desk audit verify --signatures
