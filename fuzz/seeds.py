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

# Any bytes are chances for a target that makes its own input.
for number in range(200):
    save("issue_then_verify", b"".join(hashlib.sha512(b"%d %d" % (number, part)).digest() for part in range(6)))

for target in sorted(WORK.iterdir()):
    if target.is_dir():
        print(f"{target.name}: {len(list(target.iterdir()))} inputs")
