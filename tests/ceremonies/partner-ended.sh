# A partner issues with a key of its own, is found to issue too much, and is ended: its codes stay good where they were
# imported, and nothing that it signs afterwards counts.
. "$(dirname "$0")/common.sh"
desk_with_a_license
first_bundle

printf 'the partner has one\n' >partner.passphrase
partner() { countersign --desk partner --passphrase-file partner.passphrase --yes "$@"; }
sell() { partner issue --customer 1 --product ES --units "$1" --from "$(date -u +%F)" --term 1y; }
# publish NUMBER: the next bundle, signed by two roots.
publish() {
    expect 0 desk bundle draft "bundle-$1.txt"
    root_sign "bundle-$1.txt" a c
    expect 0 desk bundle publish "bundle-$1.txt"
}

say 'a desk of its own, that issues nothing yet'
expect 0 partner init --vendor 'Example Security' --partner --issuer 17
expect 0 partner customer add 'Example City Council'
expect 1 partner bundle draft nothing.txt
contains "partner's desk"
expect 0 partner partner request request.txt
fingerprint=$(printf '%s\n' "$out" | sed -n 's/^  fingerprint  //p')

say 'the vendor adds it; nobody can change the request on its way'
sed 's/^issuer 17 /issuer 18 /' request.txt >changed.txt
expect 2 desk partner add changed.txt --name 'North Systems'
contains 'was changed on its way'
expect 1 desk partner add request.txt --name 'North Systems' --licenses 1-1000
contains "this desk's own"
expect 0 desk partner add request.txt --name 'North Systems' --products ES --units 100 --licenses 1000000-1999999 \
    --allotment 150
contains "$fingerprint"
expect 1 desk partner add request.txt --name 'North Systems'
contains 'issuer number 17 is in use'
expect 1 partner partner load bundle-1.txt "${roots[@]}"
contains 'does not name issuer 17'
publish 2
expect 1 partner partner load bundle-2.txt
expect 1 partner partner load bundle-2.txt --root "$a" --root "$b"
expect 0 partner partner load bundle-2.txt "${roots[@]}"
contains 'licenses=1000000-1999999'

say 'it issues with no connection, inside its limits'
sell 100 >partner-1.txt
grep -q 'license      1000000,' partner-1.txt || fail 'its first license is not the first of its own'
expect 1 sell 101
contains 'issuer 17 may not issue so many units'
expect 0 activation inspect partner-1.txt --trust bundle-2.txt "${roots[@]}"
contains 'Activated'
expect 1 activation inspect partner-1.txt --trust bundle-1.txt "${roots[@]}"

say 'it sends what it issued'
expect 0 partner partner export first.txt
expect 0 desk partner import first.txt --preview
contains 'Nothing was imported'
expect 0 desk partner import first.txt
contains '100 units count'
contains 'Nothing is wrong'
sell 60 >partner-2.txt
expect 1 partner partner export second.txt --since 1000
contains 'none of number 1000'
events=$(desk --json partner show 17 2>/dev/null | sed -n 's/.*"events": \([0-9]*\).*/\1/p')
expect 0 partner partner export second.txt --since "$events"
sed 's/^code 1000001 1 /code 1000001 2 /' second.txt >changed.txt
expect 2 desk partner import changed.txt
expect 0 desk partner import second.txt
contains 'OVER-ISSUE   10 units'
expect 0 desk partner show 17
contains 'OVER-ISSUE   10 units'
expect 1 desk partner import first.txt
contains 'its end is gone'

say 'narrowed with the next bundle'
expect 0 desk partner limit 17 --units 20 --allotment 200
publish 3
expect 0 partner partner load bundle-3.txt
expect 1 sell 21
sell 20 >partner-3.txt
expect 1 partner partner load bundle-2.txt
contains 'bundle has number 2'

say 'a license of the partner is revoked'
expect 0 desk revoke 1000001
publish 4
expect 1 activation inspect partner-2.txt --trust bundle-4.txt "${roots[@]}"
contains 'revoked'

say 'ended for good: what was imported stays good, and nothing else'
expect 0 partner partner export third.txt
expect 0 desk partner import third.txt
contains 'so many units'
sell 19 >partner-4.txt
expect 0 desk partner end 17 --stolen
contains 'bundle draft'
expect 1 desk partner end 17
expect 1 desk partner limit 17 --units 5
publish 5
expect 1 activation inspect partner-1.txt --trust bundle-5.txt "${roots[@]}"
contains 'so many units'
expect 0 activation inspect partner-3.txt --trust bundle-5.txt "${roots[@]}"
contains 'Activated'
expect 0 partner partner load bundle-5.txt
contains 'ended this desk'
expect 1 sell 1
contains 'the vendor has ended issuer 17'
expect 1 activation inspect partner-4.txt --trust bundle-5.txt "${roots[@]}"
expect 0 partner audit verify --signatures
expect 0 desk audit verify --signatures
