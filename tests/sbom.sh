#!/usr/bin/env bash
# Writes what each package is made of, as CycloneDX 1.5, into a folder (target/sbom): of what is committed, for all
# targets, the same bytes from any folder. Fails where it is not what tests/dependencies/ lists. Needs
#     cargo install --locked cargo-cyclonedx
set -euo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C
folder=$(realpath -m "${1:-target/sbom}")
cargo cyclonedx --version >/dev/null 2>&1 || { echo "sbom: run cargo install --locked cargo-cyclonedx" >&2; exit 2; }

# It writes beside each manifest, and names the folder.
work=$(realpath "$(mktemp -d)")
trap 'rm -rf "$work"' EXIT
git clone -q . "$work/project"
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
cd "$work/project"
cargo cyclonedx --quiet --format json --spec-version 1.5 --target all --override-filename sbom

mkdir -p "$folder"
for list in tests/dependencies/*.txt; do
    package=$(basename "$list" .txt)
    # Features are those of the whole workspace there; what a package has by itself, cargo tree says. Programs that run
    # while it is built are part of it too.
    cargo tree --locked -p "$package" -e normal,build --prefix none --target all --format '{p}' | cut -d' ' -f1,2 |
        sort -u >"$work/$package"
    python3 - "$(find . -name sbom.json -exec grep -l "\"purl\": \"pkg:cargo/$package@.*#src/" {} + | head -n1)" \
        "$work/$package" "$list" "$PWD" "$folder/$package.cdx.json" <<'PYTHON'
import json, sys

source, linked, listed, project, target = sys.argv[1:]
bom = json.loads(open(source).read().replace(project, "/countersign"))
package = bom["metadata"]["component"]["name"]
wanted = {tuple(line.split()) for line in open(linked)}
named = lambda part: (part["name"], "v" + part["version"])
bom["components"] = [part for part in bom["components"] if named(part) in wanted]
kept = {part["bom-ref"] for part in bom["components"]} | {bom["metadata"]["component"]["bom-ref"]}
bom["dependencies"] = [
    {**entry, "dependsOn": [ref for ref in entry["dependsOn"] if ref in kept]} if "dependsOn" in entry else entry
    for entry in bom["dependencies"]
    if entry["ref"] in kept
]
found = {named(part) for part in bom["components"]} | {named(bom["metadata"]["component"])}
if wanted - found:
    sys.exit(f"sbom: {package}: not in it: {sorted(wanted - found)}")
names = {line.strip() for line in open(listed)}
required = {part["name"] for part in bom["components"] if part.get("scope") != "excluded"} | {package}
if names - required:
    sys.exit(f"sbom: {package}: linked and not in it: {sorted(names - required)}")
open(target, "w").write(json.dumps(bom, indent=2, ensure_ascii=False) + "\n")
print(f"{package}: {len(bom['components'])} components, of which {len(names) - 1} names are linked")
PYTHON
done
cd "$folder"
sha256sum ./*.cdx.json
