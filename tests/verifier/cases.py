#!/usr/bin/env python3
"""Runs the cases of tests/trust/ through verifier.py: what is loaded, refused and accepted, and for which reason.

    python3 tests/verifier/cases.py

A bundle is kept in memory as an installation keeps it in its folder. Left out, and counted: steps that ask for
products, for options that go together, and what a code is worth on a day.
"""

import json
import pathlib
import sys

from verifier import MAX_BUNDLE, NotABundle, answer, public_key, read_bundle, want

TRUST = pathlib.Path(__file__).resolve().parent.parent / "trust"
KEYS = {name: key["key"] for name, key in json.loads((TRUST / "keys.json").read_text()).items()}
ROOTS = "2 of root-a root-b root-c"
# What is not the verifier's to say: an installation that has nothing to trust.
LEFT_OUT = ("no-roots", "no-bundle")


def file_of(source):
    """The bytes of a SOURCE, as the README describes them."""
    def raw(name):
        return (TRUST / "bundles" / f"{name}.txt").read_bytes()

    if isinstance(source, str):
        return raw(source)
    if "numbered" in source:
        one = raw(source["numbered"]).split(b"\n")
        notes = [b"\n".join(one[:2] + [b"number %d" % number] + one[3:]) for number in range(1, source["times"] + 1)]
        return b"".join(notes + [raw(name) for name in source["then"]])
    one = raw(source.get("repeated") or source["endless"])
    size = source.get("bytes", MAX_BUNDLE + 1)
    return (one * (size // len(one) + 1))[:size]


def text_of(file):
    want(len(file) <= MAX_BUNDLE, "too long")
    return file.decode("utf-8")


def given(step):
    """The threshold and the roots that are given, checked as any key is."""
    threshold, names = step.get("roots", ROOTS).split(" of ")
    roots = sorted(KEYS[name] for name in names.split(" "))
    want(all(public_key(root) for root in roots) and len(set(roots)) == len(roots) <= 16, "roots")
    want(1 <= int(threshold) <= len(roots), "threshold")
    return roots, int(threshold)


def load(step, kept):
    """What `trust load` does: `new` or `already`, and the bundle in force."""
    roots, threshold = (kept["roots"], kept["threshold"]) if kept else given(step)
    bundle = read_bundle(text_of(file_of(step["load"])), roots, threshold)
    want(not bundle["test"] or step.get("allow_test"), "for testing")
    if kept:
        want(bundle["vendor"] == kept["vendor"] and bundle["number"] >= kept["number"], "vendor or number")
        want(bundle["number"] > kept["number"] or bundle["text"] == kept["text"], "fork")
        if bundle["text"] == kept["text"]:
            return "already", kept
    return "new", bundle


def inspect(step, kept):
    """Outcome and reason, or `refused` of the bundle; None if nobody is trusted or it is not the verifier's."""
    case = {"text": (TRUST / "codes" / f"{step['inspect']}.txt").read_text(),
            "purpose": "testing" if step.get("allow_test") else "production"}
    if "issuers" in step:
        named = [issuer.split(":") for issuer in step["issuers"]]
        case["issuers"] = [f"{number}:{KEYS[name]}" for number, name in named]
        usable = all(public_key(KEYS[name]) for _, name in named) and len({n for n, _ in named}) == len(named)
        if "trust" in step or not usable:
            return None
    elif "trust" in step:
        if step.get("roots") == "none":
            return None
        try:
            case["bundle"] = text_of(file_of(step["trust"]))
        except ValueError:
            return "refused"
        case["roots"], case["threshold"] = given(step)
    elif kept:
        # What is kept was verified when it was loaded; it is verified again by the roots that it brings.
        case["bundle"], case["roots"], case["threshold"] = kept["file"], kept["roots"], kept["threshold"]
    else:
        return None
    said = answer(case)
    return "refused" if "bundle" in said else (said["outcome"], said["reason"])


def run(case):
    """Faults, and how many steps were looked at and left out."""
    kept, seen, left_out = None, 0, 0
    for number, step in enumerate(case["steps"], 1):
        if step.get("refused") in LEFT_OUT or "products" in step:
            left_out += 1
            continue
        if "load" in step:
            try:
                found, kept = load(step, kept)
                if found == "new":
                    kept["file"] = text_of(file_of(step["load"]))
            except (NotABundle, ValueError):
                found = "refused"
            wanted = step.get("loaded", "refused")
        elif "show" in step:
            found, wanted = kept["number"], step["show"].get("number", kept["number"])
        else:
            found = inspect(step, kept)
            if found is None:
                left_out += 1
                continue
            wanted = "refused" if "refused" in step else (step["outcome"], step.get("reason"))
        seen += 1
        if found != wanted:
            return [f"{case['name']}, step {number}: {found}, wanted {wanted}"], seen, left_out
    return [], seen, left_out


if __name__ == "__main__":
    results = [run(case) for case in json.loads((TRUST / "cases.json").read_text())]
    for fault in (fault for faults, _, _ in results for fault in faults):
        print(fault)
    print(f"{len(results)} cases: {sum(seen for _, seen, _ in results)} steps agree, "
          f"{sum(left for _, _, left in results)} left out")
    sys.exit(any(faults for faults, _, _ in results))
