"""Checks `cargo metadata` on standard input: licences, and what the named crates depend on.
usage: dependencies.py CRATE..."""
import json
import re
import sys

ALLOWED = {"MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "0BSD", "Zlib", "ISC", "Unicode-3.0", "Unlicense",
           "CC0-1.0", "BSL-1.0", "MIT-0", "Apache-2.0 WITH LLVM-exception"}
# What runs in a kernel or in firmware; proc macros run in the compiler alone.
FEW = {"adler2", "bitflags", "cfg-if", "crc32fast", "miniz_oxide", "serde", "serde_core", "uuid", "zerocopy"}

metadata = json.load(sys.stdin)
packages = {package["id"]: package for package in metadata["packages"]}
nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
wrong = []


def allowed(licence):
    """Whether one of the licences that may be chosen is allowed, each `AND` part of it."""
    licence = re.sub(r"[()]", "", licence or "").replace("/", " OR ")
    return any(all(part.strip() in ALLOWED for part in choice.split(" AND ")) for choice in licence.split(" OR "))


def below(identifier, seen):
    """The packages that a package is built with, as cargo does for a library's user."""
    for dependency in nodes[identifier]["deps"]:
        kinds = {kind["kind"] for kind in dependency["dep_kinds"]}
        package = packages[dependency["pkg"]]
        macro = any("proc-macro" in target["kind"] for target in package["targets"])
        if None in kinds and not macro and dependency["pkg"] not in seen:
            seen.add(dependency["pkg"])
            below(dependency["pkg"], seen)
    return seen


for package in packages.values():
    if not allowed(package["license"]):
        wrong.append(f"{package['name']} {package['version']}: licence {package['license']}")
for package in packages.values():
    if package["name"] in sys.argv[1:] and package["source"] is None:
        names = {packages[identifier]["name"] for identifier in below(package["id"], set())}
        foreign = names - FEW - set(sys.argv[1:])
        if foreign:
            wrong.append(f"{package['name']} is built with {', '.join(sorted(foreign))}")
if wrong:
    sys.exit("\n".join(wrong))
print(f"{len(packages)} packages")
