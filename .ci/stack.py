"""The deepest chain of calls below each rust_* function of a program, from its own stack-size records.

usage: stack.py PROGRAM TITLE LIMIT|none
Exits 1 when a chain is deeper than LIMIT bytes, recursive, or unknown.
"""
import re, subprocess, sys

RETURN_ADDRESS = 8
# A function without a record of its frame (of the toolchain's own core): deeper than any limit, printed as "more than".
UNKNOWN = 10**6


def shown(depth):
    return f"more than {depth % UNKNOWN}" if depth >= UNKNOWN else str(depth)


def lines(*command):
    return subprocess.run(command, check=True, text=True, capture_output=True).stdout.splitlines()


def main(program, title, limit):
    frames = {}
    for line in lines("llvm-readelf-22", "--stack-sizes", program):
        if found := re.match(r"\s*(\d+)\s+(\S+)$", line):
            frames[found[2]] = int(found[1])
    calls, function = {}, None
    for line in lines("llvm-objdump-22", "-d", "--no-show-raw-insn", program):
        if found := re.match(r"[0-9a-f]+ <(.+)>:$", line):
            function = found[1]
            calls[function] = set()
        elif found := re.search(r"\b(call|jmp)q?\s+(.*)$", line):
            target = re.search(r"<([^>+]+)>", found[2])
            if target and target[1] != function:
                calls[function].add(target[1])
            elif found[1] == "call" and not target:
                calls[function].add("an indirect call")
    depths = {}

    def depth(function, chain):
        if function in chain:
            return UNKNOWN, ["recursion"]
        if function not in depths:
            if function not in calls:  # the C library's memcpy and its like
                return 0, []
            below = max((depth(callee, chain | {function}) for callee in calls[function]), default=(0, []))
            depths[function] = (frames.get(function, UNKNOWN) + RETURN_ADDRESS + below[0], [function, *below[1]])
        return depths[function]

    entries = sorted((depth(name, frozenset()) for name in calls if name.startswith("rust_")), reverse=True)
    if len(entries) < 2:
        sys.exit(f"{title}: only {len(entries)} entry points")
    print(f"{title}: " + ", ".join(f"{shown(bytes_)} {chain[0]}" for bytes_, chain in entries[:5]))
    over = False
    for bytes_, chain in entries:
        if limit != "none" and bytes_ > int(limit):
            print(f"{title}: {shown(bytes_)} bytes, at most {limit}: {' > '.join(chain)}")
            over = True
    sys.exit(over)


main(*sys.argv[1:])
