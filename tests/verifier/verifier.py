#!/usr/bin/env python3
"""Reads activation codes and trust bundles as docs/code-format.md and docs/trust.md say, written from them alone.

A second opinion: it shares no line with the programs, and shall agree with them. It reads codes as they are
printed (rows of letters or digits, with or without labels, or one A1: line) and repairs nothing.

    verifier.py < cases.jsonl > answers.jsonl

A case: {"text", "purpose": "production"|"testing", "issuers": ["N:HEX"]} or {..., "bundle", "roots": [HEX],
"threshold"}. An answer: {"outcome", "reason", "terms"}, as `activation inspect --json --strict` gives them;
{"bundle": "refused"} where the bundle is not accepted.
"""

import base64
import datetime
import functools
import hashlib
import json
import re
import sys
import unicodedata

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CONTEXT = b"countersign/activation-code/1\0"
BUNDLE = "countersign/trust-bundle/1"
KINDS = ["full", "evaluation", "service"]
GRACE = {"full": 30, "evaluation": 0, "service": 30}
DIGITS = {5: 8, 10: 18, 15: 23, 20: 33, 25: 38}
EPOCH = datetime.date(2020, 1, 1)
P = 2**255 - 19
D = -121665 * pow(121666, P - 2, P) % P
L = 2**252 + 27742317777372353535851937790883648493
MAX_BUNDLE = 8 * 1024 * 1024


class Refused(Exception):
    """The answer is no, for a reason of the closed list."""

    def __init__(self, reason, terms=None):
        super().__init__(reason)
        self.reason, self.terms = reason, terms


class NotABundle(Exception):
    """The file is no bundle that these roots have signed."""


# --- Rows ---------------------------------------------------------------------------------------

def multiply(a, b):
    product = 0
    while b:
        if b & 1:
            product ^= a
        a = a << 1 ^ (0x29 if a & 16 else 0)
        b >>= 1
    return product


POWERS = [functools.reduce(multiply, [2] * exponent, 1) for exponent in range(31)]


def syndromes(symbols, row, last, kind=1):
    """The row polynomial at 1, alpha and alpha squared."""
    terms = [(30, row + (16 if last else 0)), (29, kind)]
    terms += [(len(symbols) - 1 - i, symbol) for i, symbol in enumerate(symbols)]
    totals = [0, 0, 0]
    for exponent, value in terms:
        for j in range(3):
            totals[j] ^= multiply(value, POWERS[exponent * j % 31])
    return totals


def crc10(data):
    register = 0
    for byte in data:
        for bit in range(8):
            top = register >> 9 & 1 ^ byte >> (7 - bit) & 1
            register = register << 1 & 0x3FF ^ (0x233 if top else 0)
    return register


def row_symbols(text):
    """A row in letters or digits to symbols."""
    plain = re.sub(r"[\s-]", "", text).upper()
    if plain.isdigit() and len(plain) - 2 in DIGITS.values():
        length = next(n for n, digits in DIGITS.items() if digits == len(plain) - 2)
        number, check = int(plain[:-2]), int(plain[-2:])
        if check != 98 - 100 * number % 97 or number >= 32**length:
            raise Refused("row-check")
        return [number >> 5 * (length - 1 - i) & 31 for i in range(length)]
    plain = plain.translate(str.maketrans("OILU", "011V"))
    if not plain or any(c not in ALPHABET for c in plain):
        raise Refused("unknown-character")
    return [ALPHABET.index(c) for c in plain]


def rows_of(text):
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if not lines:
        raise Refused("empty")
    if len(lines) == 1 and lines[0].upper().startswith("A1:"):
        symbols = row_symbols(lines[0][3:])
        return [symbols[at:at + 25] for at in range(0, len(symbols), 25)]
    return [row_symbols(re.sub(r"^(?:[Rr]ow\s*)?\d{1,2}\)\s*", "", line)) for line in lines]


def code_bytes(text):
    rows = rows_of(text)
    if any(len(row) != 25 for row in rows[:-1]) or len(rows[-1]) not in DIGITS or not 2 <= len(rows) <= 15:
        raise Refused("row-length")
    for number, row in enumerate(rows, 1):
        if any(syndromes(row, number, number == len(rows))):
            raise Refused("row-check")
    symbols = [symbol for row in rows for symbol in row[:-3]]
    groups = sum(len(row) for row in rows) // 5
    size = 5 * (5 * groups - 3 * len(rows) - 2) // 8
    bits = "".join(f"{symbol:05b}" for symbol in symbols[:-2])
    data = bytes(int(bits[at:at + 8], 2) for at in range(0, size * 8, 8))
    if crc10(data) != symbols[-2] << 5 | symbols[-1]:
        raise Refused("rows-from-different-codes")
    if "1" in bits[size * 8:] or size < 17 + 64:
        raise Refused("not-canonical")
    return data


# --- Terms --------------------------------------------------------------------------------------

def capacity(payload_size):
    """The payload bytes of the smallest number of groups that holds so many."""
    for groups in range(1, 76):
        held = 5 * (5 * groups - 3 * -(-groups // 5) - 2) // 8 - 64
        if held >= payload_size:
            return held
    raise Refused("not-canonical")


def bidirectional(c):
    return c in "\u061c\u200e\u200f" or "\u202a" <= c <= "\u202e" or "\u2066" <= c <= "\u2069"


def terms_of(payload):
    number = int.from_bytes(payload[:17], "big")
    widths = [4, 2, 1, 1, 10, 16, 28, 24, 10, 15, 13, 12]
    fields, left = [], 136
    for width in widths:
        left -= width
        fields.append(number >> left & (1 << width) - 1)
    version, kind, test, extended, issuer, product, license_, units, revision, first, length, lead = fields
    if version != 1 or kind == 3:
        raise Refused("newer-format")
    if 0 in (issuer, product, license_, units, revision):
        raise Refused("not-canonical")
    issued = first - (lead - 2048)
    if issued < 0:
        raise Refused("not-canonical")
    day = lambda days: (EPOCH + datetime.timedelta(days)).isoformat()
    terms = {"product": product, "license": license_, "units": units, "first": day(first), "last": day(first + length),
             "issued": day(issued), "issuer": issuer, "revision": revision, "kind": KINDS[kind]}
    at = 17

    def take(count):
        nonlocal at
        if at + count > len(payload):
            raise Refused("not-canonical")
        at += count
        return payload[at - count:at]

    if test:
        terms["test"] = True
    if extended:
        flags = take(1)[0]
        if flags & 7:
            raise Refused("newer-format")
        if flags == 0:
            raise Refused("not-canonical")
        if flags & 0x80:
            terms["grace"] = take(1)[0]
        if flags & 0x40:
            terms["host"] = int.from_bytes(take(4), "big")
        if flags & 0x20:
            count = take(1)[0]
            members = [int.from_bytes(take(2), "big") for _ in range(count)] if count <= 16 else []
            if not members or members[0] == 0 or any(a >= b for a, b in zip(members, members[1:])):
                raise Refused("not-canonical")
            terms["members"] = members
        if flags & 0x10:
            terms["features"] = int.from_bytes(take(2), "big")
        if flags & 0x08:
            size = take(1)[0]
            if not 1 <= size <= 64:
                raise Refused("not-canonical")
            try:
                holder = take(size).decode("utf-8")
            except UnicodeDecodeError as error:
                raise Refused("not-canonical") from error
            if any(unicodedata.category(c) == "Cc" or bidirectional(c) for c in holder):
                raise Refused("not-canonical")
            terms["holder"] = holder
    if any(payload[at:]) or len(payload) != capacity(at):
        raise Refused("not-canonical")
    return terms


# --- Keys and signatures ------------------------------------------------------------------------

def point(encoding):
    """x and y of a canonical encoding, or None."""
    y = int.from_bytes(encoding, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    return (P - x if x & 1 != sign else x), y


def add(a, b):
    (x1, y1), (x2, y2) = a, b
    common = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + common, P - 2, P) % P
    y = (y1 * y2 + x1 * x2) * pow(1 - common, P - 2, P) % P
    return x, y


def times(number, a):
    result = (0, 1)
    while number:
        if number & 1:
            result = add(result, a)
        a, number = add(a, a), number >> 1
    return result


@functools.cache
def public_key(hex_text):
    """A key worth trusting: canonical, and of the large group alone."""
    if not re.fullmatch("[0-9a-fA-F]{64}", hex_text):
        return None
    found = point(bytes.fromhex(hex_text))
    if found is None or found == (0, 1) or times(L, found) != (0, 1):
        return None
    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(hex_text))


def signed(key, signature, message):
    """Strictly: R canonical and not of small order, S below L."""
    r = point(signature[:32])
    if r is None or times(8, r) == (0, 1) or int.from_bytes(signature[32:], "little") >= L:
        return False
    try:
        key.verify(signature, message)
        return True
    except InvalidSignature:
        return False


# --- Bundles ------------------------------------------------------------------------------------

def want(right, what):
    if not right:
        raise NotABundle(what)


def date(text):
    want(re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text), text)
    return datetime.date.fromisoformat(text).isoformat()


def integer(text, low, high):
    want(re.fullmatch("0|[1-9][0-9]*", text) and low <= int(text) <= high, text)
    return int(text)


def plain(text):
    want(text == text.strip() and 0 < len(text.encode()) <= 1000, text)
    want(not any(unicodedata.category(c) == "Cc" or bidirectional(c) for c in text), text)
    return text


def ascending(values):
    want(all(a < b for a, b in zip(values, values[1:])), "not ascending")
    return values


LIMITS = ["products", "kinds", "units", "grace", "features", "licenses", "days", "until", "from", "to"]


def limit(name, value):
    if name == "products":
        return ascending([integer(id_, 1, 65535) for id_ in value.split(",")])
    if name == "kinds":
        want(all(kind in KINDS for kind in value.split(",")), value)
        ascending([KINDS.index(kind) for kind in value.split(",")])
        return value.split(",")
    if name == "features":
        want(re.fullmatch("[0-9a-f]{4}", value), value)
        return int(value, 16)
    if name == "licenses":
        first, last = (integer(number, 1, 268435455) for number in value.split("-"))
        want(first <= last, value)
        return first, last
    if name in ("until", "from", "to"):
        return date(value)
    return integer(value, 1 if name == "units" else 0, {"units": 16777215, "grace": 255, "days": 2**32 - 1}[name])


def issuer_of(line):
    number, key, *words = line.split(" ")
    want(key == key.lower() and public_key(key), key)
    void = words[:1] == ["void"]
    pairs = [word.partition("=") for word in words[void:]]
    want(all(name in LIMITS and equals for name, equals, _ in pairs), line)
    ascending([LIMITS.index(name) for name, _, _ in pairs])
    limits = {name: limit(name, value) for name, _, value in pairs}
    return integer(number, 1, 1023), {"key": key, "void": void, "limits": limits}


PRODUCT = ("([0-9]+) ([A-Z0-9-]{1,16}) ([a-z-]{1,32}) (software|service|suite)(?: rank=([0-9]+))?"
           r"(?: members=([0-9,]+))?(?: end-of-life=(\S+))?( use-ends)?(?: family=([0-9]+):(.*))? name=(.*)")


def product_of(line):
    found = re.fullmatch(PRODUCT, line)
    want(found, line)
    want(not found[5] or integer(found[5], 1, 65535), line)
    members = ascending([integer(member, 1, 65535) for member in found[6].split(",")]) if found[6] else []
    want(len(members) <= 16 and (not found[7] or date(found[7])) and plain(found[11]), line)
    want(not found[9] or integer(found[9], 1, 1000) == len(found[10].encode()) and plain(found[10]), line)
    return integer(found[1], 1, 65535), {"mnemonic": found[2], "members": members}


def parse_bundle(text):
    lines = text.split("\n")
    want(lines.pop() == "" and lines[:1] == [BUNDLE], "first line, and a line feed at the end")
    at = 1

    def take(keyword, many=False):
        nonlocal at
        found = []
        while at < len(lines) and lines[at].startswith(keyword + " ") and (many or not found):
            found.append(lines[at][len(keyword) + 1:])
            at += 1
        want(many or found, keyword)
        return found if many else found[0]

    bundle = {"text": text, "vendor": plain(take("vendor")), "number": integer(take("number"), 1, 2**32 - 1)}
    bundle["issued"] = date(take("issued"))
    bundle["test"] = at < len(lines) and lines[at] == "test"
    at += bundle["test"]
    bundle["contact"] = [plain(line) for line in take("contact", many=True)]
    bundle["threshold"] = integer(take("threshold"), 1, 16)
    bundle["roots"] = roots = ascending(take("root", many=True))
    want(bundle["threshold"] <= len(roots) <= 16, "roots")
    want(all(root == root.lower() and public_key(root) for root in roots), "roots")
    issuers = [issuer_of(line) for line in take("issuer", many=True)]
    ascending([number for number, _ in issuers])
    bundle["issuers"] = dict(issuers)
    bundle["stolen"] = {issuer["key"] for _, issuer in issuers if issuer["void"]}
    listed = []
    for line in take("listed", many=True):
        number, digest = line.split(" ")
        number = integer(number, 1, 1023)
        want(re.fullmatch("[0-9a-f]{32}", digest) and bundle["issuers"].get(number, {}).get("void"), line)
        listed.append((number, digest))
    bundle["listed"] = set(ascending(listed))
    revoked = []
    for line in take("revoked", many=True):
        license_, good = line.split(" ")
        revoked.append((integer(license_, 1, 268435455), None if good == "all" else integer(good, 1, 1023)))
    ascending([license_ for license_, _ in revoked])
    bundle["revoked"] = dict(revoked)
    products = [product_of(line) for line in take("product", many=True)]
    ascending([id_ for id_, _ in products])
    bundle["products"] = dict(products)
    want(at == len(lines), lines[at:])
    return bundle


def signers(text, lines, roots):
    found, seen = set(), set()
    want(len(lines) <= 32, "too many signatures")
    for line in lines:
        match = re.fullmatch(r"— ([^\s+]+) ([A-Za-z0-9+/=]+)", line)
        want(match and line not in seen, line)
        seen.add(line)
        try:
            raw = base64.b64decode(match[2], validate=True)
        except ValueError as error:
            raise NotABundle(line) from error
        want(len(raw) == 68 and base64.b64encode(raw).decode() == match[2], line)
        known = [root for root in roots
                 if hashlib.sha256(match[1].encode() + b"\n\x01" + bytes.fromhex(root)).digest()[:4] == raw[:4]]
        if known:
            good = [root for root in known if signed(public_key(root), raw[4:], text.encode())]
            want(good and good[0] not in found, line)
            found.add(good[0])
    return found


def read_bundle(file, roots, threshold):
    """The last of the notes; each signed by the threshold before it and its own."""
    want(len(file.encode()) <= MAX_BUNDLE, "too long")
    in_force, before, rest, notes = None, None, file, 0
    while rest:
        text, blank, rest = rest.partition("\n\n")
        text += "\n"
        lines = []
        while rest.startswith("— "):
            line, end, rest = rest.partition("\n")
            want(end, "no line feed at the end")
            lines.append(line)
        notes += 1
        want(blank and lines and notes <= 64, "no signatures, or too many notes")
        bundle = parse_bundle(text)
        want(before is None or bundle["number"] > before["number"] and bundle["vendor"] == before["vendor"], "order")
        before = bundle
        if len(signers(text, lines, roots)) < threshold:
            want(in_force is None, "below threshold")
            continue
        want(len(signers(text, lines, bundle["roots"])) >= bundle["threshold"], "new roots below threshold")
        in_force, roots, threshold = bundle, bundle["roots"], bundle["threshold"]
    want(in_force, "below threshold")
    return in_force


# --- The answer ---------------------------------------------------------------------------------

def exceeded(limits, terms, members):
    lasts = (datetime.date.fromisoformat(terms["last"]) - datetime.date.fromisoformat(terms["issued"])).days
    products = [terms["product"]] + terms.get("members", members)
    grace = terms.get("grace", GRACE[terms["kind"]])
    first, last = limits.get("licenses", (1, 268435455))
    return ("products" in limits and any(product not in limits["products"] for product in products)
            or "kinds" in limits and terms["kind"] not in limits["kinds"]
            or terms["units"] > limits.get("units", terms["units"])
            or grace > limits.get("grace", grace)
            or terms.get("features", 0) & ~limits.get("features", 0xFFFF) != 0
            or not first <= terms["license"] <= last
            or lasts > limits.get("days", lasts)
            or terms["last"] > limits.get("until", terms["last"])
            or terms["issued"] < limits.get("from", terms["issued"])
            or terms["issued"] > limits.get("to", terms["issued"]))


def judge(case):
    bundle = None
    if "bundle" in case:
        bundle = read_bundle(case["bundle"], sorted(case["roots"]), case["threshold"])
        want(not bundle["test"] or case["purpose"] == "testing", "for testing")
        issuers = {number: issuer["key"] for number, issuer in bundle["issuers"].items()}
    else:
        issuers = {int(number): key for number, key in (issuer.split(":") for issuer in case["issuers"])}
    data = code_bytes(case["text"])
    payload, signature = data[:-64], data[-64:]
    terms = terms_of(payload)
    if terms["issuer"] not in issuers:
        raise Refused("unknown-issuer", terms)
    if not signed(public_key(issuers[terms["issuer"]]), signature, CONTEXT + payload):
        raise Refused("bad-signature", terms)
    if terms.get("test") and case["purpose"] == "production":
        raise Refused("for-testing-only", terms)
    if bundle:
        issuer = bundle["issuers"][terms["issuer"]]
        digest = hashlib.sha256(data).hexdigest()[:32]
        if issuer["key"] in bundle["stolen"] and (terms["issuer"], digest) not in bundle["listed"]:
            raise Refused("issuer-void", terms)
        if terms["license"] in bundle["revoked"]:
            good = bundle["revoked"][terms["license"]]
            if good is None or terms["revision"] < good:
                raise Refused("revoked", terms)
        if exceeded(issuer["limits"], terms, bundle["products"].get(terms["product"], {}).get("members", [])):
            raise Refused("limit-exceeded", terms)
    return terms


def answer(case):
    try:
        return {"outcome": "accepted", "reason": None, "terms": judge(case)}
    except Refused as refused:
        return {"outcome": "refused", "reason": refused.reason, "terms": refused.terms}
    except (NotABundle, ValueError):
        return {"bundle": "refused"}


if __name__ == "__main__":
    for case_line in sys.stdin:
        print(json.dumps(answer(json.loads(case_line)), ensure_ascii=False))
