#!/usr/bin/env python3
"""Writes seeds for fuzzing to fuzz/work/TARGET: the vectors and the golden texts, beside the inputs that are saved in
fuzz/corpus. Nothing of them is committed twice."""

import hashlib
import json
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORK = ROOT / "fuzz/work"


def save(target, data):
    folder = WORK / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / hashlib.sha256(data).hexdigest()[:20]).write_bytes(data)


def vectors(name):
    return json.loads((ROOT / "tests/vectors" / name).read_text())["cases"]


for case in vectors("accept.json"):
    for rows in (case["letters"], case["digits"]):
        for target in ("read_code", "read_typed"):
            save(target, "\n".join(rows).encode())
    save("terms", bytes.fromhex(case["bytes"])[:-64])
for case in vectors("refuse.json"):
    save("read_code", case["text"].encode())
    save("read_typed", case["text"].encode())
for case in vectors("typing.json"):
    save("read_typed", "\n".join(case["typed"]).encode())

tests = ROOT / "crates/activation-code/tests"
for line in (tests / "golden.jsonl").read_text().strip().split("\n"):
    golden = json.loads(line)
    text = golden["text"].encode()
    if "other" in golden["says"] or golden["says"]["strictly"].startswith("other-kind"):
        save("request_row", text)
    else:
        save("read_code", text)
        save("read_typed", text)
bundle = (tests / "golden.bundle").read_bytes()
save("bundle", bundle)
save("bundle", bundle.split(b"\n\n")[0] + b"\n")


def lines_gone_wrong(target, name):
    """Each line of a saved input: without it, twice, exchanged, and with each word or sign changed."""
    lines = (ROOT / "fuzz/corpus" / target / name).read_bytes().removesuffix(b"\n").split(b"\n")
    for at, line in enumerate(lines):
        words = re.split(rb"([ =,:-])", line)
        others = [[], [line, line], [line + b" "], [line + b"x"], [line.replace(b" ", b"  ", 1)]]
        for place, word in enumerate(words):
            for other in (b"", b"x", b"0" + word, word[:-1], word.upper(), b"99999999999", b"\xe2\x80\xae"):
                others.append([b"".join(words[:place] + [other] + words[place + 1 :])])
        if at + 1 < len(lines):
            exchanged = lines[:at] + [lines[at + 1], line] + lines[at + 2 :]
            save(target, b"\n".join(exchanged) + b"\n")
        for other in others:
            save(target, b"\n".join(lines[:at] + other + lines[at + 1 :]) + b"\n")


for target, name in (
    ("bundle", "every-line"),
    ("state_file", "lines"),
    ("usage_report", "lines"),
    ("usage_report", "sites"),
    ("partner_export", "since"),
    ("partner_export", "request"),
):
    lines_gone_wrong(target, name)

# Revocations, which an export ends with.
since = (ROOT / "fuzz/corpus/partner_export/since").read_bytes()
for revoked in (b"1000000 all", b"1000000 2", b"1000001 1\nrevoked 1000000 all", b"1000000 0", b"1000000 1024", b"0 all", b"1000000", b"x y"):
    save("partner_export", since.replace(b"\nkey ", b"\nrevoked " + revoked + b"\nkey "))

# Characters that are read as others, or as none.
scripts = [*range(0x80, 0x530), *range(0x900, 0x980), *range(0x2000, 0x2200), 0x3000, *range(0xFF00, 0xFFF0), 0x1D400]
for first in range(0, len(scripts), 100):
    characters = "".join(map(chr, scripts[first : first + 100]))
    for before in ("", "1) ", "A1:", "A"):
        for target in ("read_code", "read_typed"):
            save(target, (before + characters).encode())

# Every cut and every changed bit of payloads that have all that a payload may have.
payloads = [bytes.fromhex(case["bytes"])[:-64] for case in vectors("accept.json")]
for payload in sorted(payloads, key=len)[-2:]:
    for length in range(len(payload)):
        save("terms", payload[:length])
    for bit in range(8 * len(payload)):
        changed = bytearray(payload)
        changed[bit // 8] ^= 0x80 >> bit % 8
        save("terms", bytes(changed))

# What hosts are told in rows: each row by itself, with a mistake, and rows of two kinds.
for path in sorted((ROOT / "fuzz/corpus/request_row").iterdir()):
    text = path.read_text()
    rows = text.splitlines()
    for row in rows:
        save("request_row", row.encode())
        for at in range(0, len(row), 3):
            save("request_row", text.replace(row, row[:at] + "K" + row[at + 1 :]).encode())
            save("request_row", text.replace(row, row[:at] + row[at + 1 :]).encode())
issuer = "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c"
for text in (f"1:{issuer}", f"0:{issuer}", f"1024:{issuer}", issuer, f"1:{issuer[1:]}", f"1:{issuer[:-1]}g", "1:" + "0" * 64, f"1:{issuer.upper()}"):
    save("request_row", text.encode())

# Any bytes are chances for a target that makes its own input.
for number in range(200):
    save("issue_then_verify", b"".join(hashlib.sha512(b"%d %d" % (number, part)).digest() for part in range(6)))

for target in sorted(WORK.iterdir()):
    if target.is_dir():
        print(f"{target.name}: {len(list(target.iterdir()))} inputs")
