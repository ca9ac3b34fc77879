#!/usr/bin/env python3
"""A corpus is a file for each target: every input, its length in two bytes (little-endian) before it.

usage: corpus.py unpack FILE FOLDER     writes every input to a file of its own
       corpus.py pack FOLDER FILE       the way back, shortest first, as many as fit 40,000 bytes
       corpus.py add TOTALS NAME COUNT  adds executions to a target's count; prints the lowest of all counts
"""

import hashlib
import pathlib
import sys


def unpack(file, folder):
    data = pathlib.Path(file).read_bytes()
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    at = 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 2], "little")
        piece = data[at + 2 : at + 2 + length]
        (folder / hashlib.sha1(piece).hexdigest()).write_bytes(piece)
        at += 2 + length


def pack(folder, file):
    pieces = sorted({path.read_bytes() for path in pathlib.Path(folder).iterdir()}, key=lambda p: (len(p), p))
    while sum(len(piece) + 2 for piece in pieces) > 40_000:
        pieces.pop()
    data = b"".join(len(piece).to_bytes(2, "little") + piece for piece in pieces)
    pathlib.Path(file).write_bytes(data)
    print(f"{file}: {len(pieces)} inputs, {len(data)} bytes")


def add(totals, name, count):
    totals = pathlib.Path(totals)
    counts = dict(line.split() for line in totals.read_text().splitlines()) if totals.exists() else {}
    counts[name] = int(counts.get(name, 0)) + int(count)
    totals.write_text("".join(f"{name} {count}\n" for name, count in sorted(counts.items())))
    print(min(int(count) for count in counts.values()))


{"unpack": unpack, "pack": pack, "add": add}[sys.argv[1]](*sys.argv[2:])
