#!/usr/bin/env python3
"""How much of what reads the saved inputs and the seeds come to: regions of the functions in fuzz/parsers.txt.

Needs cargo-llvm-cov, and LLVM_COV and LLVM_PROFDATA for tools as new as the compiler. Fails below the bound.
--missing names the lines that no input comes to."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

LEAST = 95.0
ROOT = pathlib.Path(__file__).resolve().parent.parent
LAW = "every_saved_input_keeps_its_law"
CODE = 0  # A region of code, in what llvm-cov exports.


def measured():
    subprocess.run([ROOT / "fuzz/seeds.py"], check=True, stdout=subprocess.DEVNULL)
    with tempfile.NamedTemporaryFile() as out:
        command = ["cargo", "llvm-cov", "--locked", "--workspace", "--test", "replay", "--test", "desk", "--json"]
        environment = {**os.environ, "FUZZ_WORK": "1"}
        command += ["--output-path", out.name, "--", LAW]
        subprocess.run(command, check=True, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
        return json.load(open(out.name))


def wanted():
    lines = (ROOT / "fuzz/parsers.txt").read_text().splitlines()
    pairs = (line.split(": ") for line in lines if not line.startswith("#"))
    return {path: set(names.split()) for path, names in pairs}


def count(exported):
    """The regions of each function that counts, by file and name: place to how often it was run."""
    parsers, found, seen = wanted(), {}, {}
    for function in exported["data"][0]["functions"]:
        path = os.path.relpath(function["filenames"][0], ROOT)
        if path in parsers:
            regions = [region for region in function["regions"] if region[5] == 0 and region[7] == CODE]
            seen.setdefault(path, []).append(regions)
    for path, functions in seen.items():
        lines = (ROOT / path).read_text().splitlines()
        tests = next((at for at, line in enumerate(lines) if line == "mod tests {"), len(lines))
        spans = []
        for regions in functions:
            first, end = regions[0][0], max(region[2] for region in regions)
            name = re.search(r"\bfn (\w+)", lines[first - 1])
            if name and first <= tests:
                spans.append((first, end, name[1]))
        for regions in functions:
            # What is within another function, as a closure is, counts with it.
            around = [span for span in spans if span[0] <= regions[0][0] and regions[0][0] <= span[1]]
            if not around:
                continue
            name = max(around)[2]
            if name in parsers[path] or "*" in parsers[path]:
                places = found.setdefault((path, name), {})
                for region in regions:
                    places[tuple(region[:4])] = places.get(tuple(region[:4]), 0) + region[4]
    unknown = [f"{path}: {name}" for path in parsers for name in parsers[path] - {"*"} if (path, name) not in found]
    if unknown:
        sys.exit("fuzz/parsers.txt has functions that are not there: " + "; ".join(sorted(unknown)))
    return found


def main():
    found = count(json.load(open(sys.argv[2])) if sys.argv[1:2] == ["--of"] else measured())
    total = hit = 0
    by_file = {}
    for (path, name), places in sorted(found.items()):
        file = by_file.setdefault(path, [0, 0])
        file[0] += len(places)
        file[1] += sum(1 for times in places.values() if times)
        for (line, column, *_), times in sorted(places.items()):
            if not times and "--missing" in sys.argv:
                print(f"{path}:{line}:{column}: {name}")
    for path, (regions, come_to) in sorted(by_file.items()):
        total, hit = total + regions, hit + come_to
        print(f"{path}: {come_to} of {regions} regions, {100 * come_to / regions:.1f} %")
    print(f"all: {hit} of {total} regions, {100 * hit / total:.1f} %, wanted {LEAST} %")
    if hit < LEAST / 100 * total:
        sys.exit(1)


if __name__ == "__main__":
    main()
