"""The deepest chain of calls below each rust_* function of a program, from its own stack-size records.

usage: stack.py PROGRAM TITLE LIMIT|none [NESTED]
Exits 1 when a chain is deeper than LIMIT bytes, recursive, or unknown. Where indirect calls are expected, of formatters,
so many are nested in each other at most; each is taken for one of the deepest function that nobody calls directly.
"""
import re, subprocess, sys

RETURN_ADDRESS = 8
# A function without a record of its frame (of the toolchain's own core): deeper than any limit, printed as "more than".
UNKNOWN = 10**6
INDIRECT = "an indirect call"


def shown(depth):
    return f"more than {depth % UNKNOWN}" if depth >= UNKNOWN else str(depth)


def lines(*command):
    return subprocess.run(command, check=True, text=True, capture_output=True).stdout.splitlines()


def main(program, title, limit, nested=None):
    frames = {}
    for line in lines("llvm-readelf-22", "--stack-sizes", program):
        if found := re.match(r"\s*(\d+)\s+(\S+)$", line):
            frames[found[2]] = int(found[1])
    calls, function = {}, None
    for line in lines("llvm-objdump-22", "-d", "--no-show-raw-insn", program):
        if found := re.match(r"[0-9a-f]+ <(.+)>:$", line):
            # Labels inside a function begin with a dot.
            if not found[1].startswith(".L"):
                function = found[1]
                calls[function] = set()
        elif found := re.search(r"\b(call|jmp)q?\s+(.*)$", line):
            target = re.search(r"<([^>+]+)>", found[2])
            if target and target[1].startswith("__x86_indirect_thunk") or found[1] == "call" and not target:
                calls[function].add(INDIRECT)
            elif target and target[1] != function:
                calls[function].add(target[1])
    depths = {}
    called = {callee for callees in calls.values() for callee in callees}
    formatters = [name for name in calls if name not in called and not name.startswith("rust_")]

    def depth(function, chain, left):
        if function == INDIRECT and left:
            return max((depth(name, frozenset(), left - 1) for name in formatters), default=(UNKNOWN, [INDIRECT]))
        if function in chain:
            return UNKNOWN, ["recursion"]
        if (function, left) not in depths:
            if function not in calls:  # the C library's memcpy and its like
                return 0, []
            below = max((depth(callee, chain | {function}, left) for callee in calls[function]), default=(0, []))
            own = frames.get(function, UNKNOWN) + RETURN_ADDRESS
            depths[function, left] = (own + below[0], [function, *below[1]])
        return depths[function, left]

    entries = sorted((depth(name, frozenset(), int(nested or 0)) for name in calls if name.startswith("rust_")), reverse=True)
    if len(entries) < (1 if nested else 2):
        sys.exit(f"{title}: only {len(entries)} entry points")
    print(f"{title}: " + ", ".join(f"{shown(bytes_)} {chain[0]}" for bytes_, chain in entries[:5]))
    over = False
    for bytes_, chain in entries:
        if limit != "none" and bytes_ > int(limit):
            print(f"{title}: {shown(bytes_)} bytes, at most {limit}: {' > '.join(chain)}")
            over = True
    sys.exit(over)


main(*sys.argv[1:])
