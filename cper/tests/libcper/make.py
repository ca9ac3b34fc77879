"""Makes the records of this folder: for each kind of section that openbmc/libcper reads, five sections of any content.

usage: make.py FOLDER CPER-CONVERT

libcper's program reads each NAME.cper, and NAME.json is what it read: the values, without what it calls them. Sizes and
counts are those of the layout; the rest is pseudo-random, the same in each run. Every second section has all of its
validity bits set, and what a section holds is what its validity bits say it holds. The values here are those that
libcper read at its commit 7c410e2. Records are such that it reads them right, but for what libcper.rs names.
"""

import json
import pathlib
import random
import struct
import subprocess
import sys
import uuid

some = random.Random(11)


def fill(count):
    return some.randbytes(count)


def fixed(size, valid_bits, at=0, validity=8):
    """A structure of this size whose validity bits are at this offset."""

    def body(everything):
        out = bytearray(fill(size))
        bits = (1 << valid_bits) - 1
        out[at : at + validity] = (bits if everything else some.getrandbits(valid_bits)).to_bytes(validity, "little")
        return bytes(out)

    return body


def text(count):
    """Text that ends with a NUL: libcper leaves out one that fills its field."""
    return bytes(some.randrange(0x20, 0x7F) for _ in range(count - 1)) + b"\0"


def generic(everything):
    out = fixed(192, 13)(everything)
    return out[:24] + text(128) + out[152:]


def memory(size, valid_bits):
    def body(everything):
        out = bytearray(fixed(size, valid_bits)(everything))
        out[0] |= 0b0110_0000  # a bank as a whole, not by group and address
        return bytes(out)

    return body


def pcie(everything):
    out = bytearray(fixed(208, 6)(everything))
    out[0] |= 0b1100_0000  # without them libcper leaves out what is there
    return bytes(out)


def pci_bus(everything):
    out = bytearray(fixed(72, 9)(everything))
    out[17] = 0  # reserved: the type of the error is one byte
    return bytes(out)


def ia32x64(everything):
    checks = [
        "a55701f5-e3ef-43de-ac72-249b573fad2c",
        "fc06b535-5e1f-4562-9f25-0a3b9adb63c3",
        "1cf3f8b3-c5b1-49a2-aa59-5eef92ffa63c",
        "48ab7f57-dc34-4f6c-a7d3-b0b5b0a74314",
    ]
    valid = 3 if everything else some.getrandbits(2)
    out = struct.pack("<Q", valid | len(checks) << 2 | 2 << 8) + fill(8)
    out += b"".join(fill(4) + bytes(4) for _ in range(4)) + bytes(16)
    for check in checks:
        out += uuid.UUID(check).bytes_le + struct.pack("<Q", 31 if everything else some.getrandbits(5)) + fill(40)
    # Arrays of lengths that need no padding: registers of the processor and mapped ones.
    for kind, registers in [(6, 8), (7, 4)]:
        out += struct.pack("<HHI8s", kind, registers * 8, 0, fill(8)) + fill(registers * 8)
    return out


def arm(everything):
    errors = b""
    for kind in (1, 2, 4, 8):
        errors += struct.pack("<BBHB", 0, 32, 31 if everything else some.getrandbits(5), kind) + fill(3)
        # A bus error with all of its own validity bits: libcper takes one of them for another.
        errors += (b"\xff\x0f" if kind == 4 else fill(2)) + fill(22)
    # 64-bit general and EL1 registers, whose length needs no padding.
    contexts = b"".join(struct.pack("<HHI", 0, kind, size) + fill(size) for kind, size in [(4, 256), (5, 136)])
    valid = 15 if everything else some.getrandbits(4)
    vendor = fill(24 if valid & 8 else 0)
    length = 40 + len(errors) + len(contexts) + len(vendor)
    out = struct.pack("<IHHIB3x", valid, 4, 2, length, some.randrange(4)) + fill(16) + struct.pack("<II", 1, 0)
    return out + errors + contexts + vendor


def pci_component(everything):
    out = bytearray(fixed(40, 5)(everything))
    out[0] |= 0b11100
    out[32:40] = struct.pack("<II", 2, 1)
    return bytes(out) + fill(3 * 16)


def ccix_per(everything):
    valid = 7 if everything else some.getrandbits(3)
    log = fill(24 if valid & 4 else 0)
    return struct.pack("<IQBBH", 16 + len(log), valid, some.randrange(64), some.randrange(32), 0) + log


def cxl_protocol(everything):
    out = bytearray(fixed(116, 7)(everything))
    out[0] |= 0b11111  # what an agent has goes by its type too
    out[8:16] = bytes(8)
    dvsec, log = 56 if out[0] & 0x20 else 0, 88 if out[0] & 0x40 else 0
    out[108:116] = struct.pack("<HHI", dvsec, log, 0)
    return bytes(out) + fill(dvsec + log)


def cxl_event(size):
    def body(everything):
        valid = 7 if everything else some.getrandbits(2) | 4
        return struct.pack("<IQ", 32 + size, valid) + fill(20 + size)

    return body


def arm_ras(_):
    records, contexts, pairs = 2, [3, 1], 2
    kv_offset = 16 + sum(16 + 16 * registers for registers in contexts)
    aux_size = kv_offset + 24 * pairs
    aux = struct.pack("<BBHIIHH", 1, 0, len(contexts), aux_size, kv_offset, pairs, 0)
    for registers in contexts:
        scope = some.randrange(2)
        space = scope and some.randrange(4)
        aux += struct.pack("<IBBHH6x", 16 + 16 * registers, scope, 0, registers, space) + fill(16 * registers)
    aux += fill(24 * pairs)
    at = 80
    out = struct.pack("<IB3xIHHBB6x", 1, some.randrange(6), records, at, at + 72 * records, 1, 0)
    out += fill(16) + fill(24) + text(16)
    for _ in range(records):
        out += struct.pack("<IB3x", some.getrandbits(31), some.getrandbits(8)) + fill(64)
    return out + aux


def nvidia(_):
    count = some.randrange(1, 5)
    signature = some.choice([b"DCC-ECC", b"MCF", b"SCF", b"PCIe"]).ljust(16, b"\0")
    head = signature + fill(4) + struct.pack("<BBBx", some.randrange(4), some.randrange(4), count) + fill(8)
    return head + fill(16 * count)


def nvidia_event(_):
    info = fill(29)
    out = struct.pack("<BBBx", 1, 4, 0) + fill(12) + b"EVENT-OF-A-UNIT\0"
    out += struct.pack("<HB", 0, 3 + len(info)) + info
    for kind, unit in [(1, 16), (2, 8), (3, 8), (4, 4)]:
        data = fill(unit * 4)
        out += struct.pack("<IHHHHI", 16 + len(data), 1, 0, kind, 0, len(data)) + data
    return out


def firmware(_):
    return struct.pack("<BB6x", some.randrange(3), 2) + fill(24)


def dmar_generic(_):
    what = struct.pack("<BBBB", some.randrange(1, 12), some.randrange(2), some.randrange(2), some.randrange(1, 3))
    return fill(4) + what + fill(24)


def any_of(size):
    return lambda _: fill(size)


KINDS = {
    "generic": ("9876ccad-47b4-4bdb-b65e-16f193c4f3db", generic),
    "ia32x64": ("dc3ea0b0-a144-4797-b95b-53fa242b6e1d", ia32x64),
    "arm": ("e19e3d16-bc11-11e4-9caa-c2051d5d46b0", arm),
    "memory": ("a5bc1114-6f64-4ede-b863-3e83ed7c83b1", memory(80, 18)),
    "memory-2": ("61ec04fc-48e6-d813-25c9-8daa44750b12", memory(96, 20)),
    "pcie": ("d995e954-bbc1-430f-ad91-b44dcb3c6f35", pcie),
    "pci-bus": ("c5753963-3b84-4095-bf78-eddad3f9c9dd", pci_bus),
    "pci-component": ("eb5e4685-ca66-4769-b6a2-26068b001326", pci_component),
    "firmware": ("81212a96-09ed-4996-9471-8d729c8e69ed", firmware),
    "dmar-generic": ("5b51fef7-c79d-4434-8f1b-aa62de3e2c64", dmar_generic),
    "dmar-vtd": ("71761d37-32b2-45cd-a7d0-b0fedd93e8cf", any_of(144)),
    "dmar-iommu": ("036f84e1-7f37-428c-a79e-575fdfaa84ec", any_of(144)),
    "ccix-per": ("91335ef6-ebfb-4478-a6a6-88b728cf75d7", ccix_per),
    "cxl-protocol": ("80b9efb4-52b5-4de3-a777-68784b771048", cxl_protocol),
    "cxl-media": ("fbcd0a77-c260-417f-85a9-088b1621eba6", cxl_event(112)),
    "cxl-dram": ("601dcbb3-9c06-4eab-b8af-4e9bfb5c9624", cxl_event(112)),
    "arm-ras": ("bf32d4d5-b427-4025-8495-8a9e5d4030e4", arm_ras),
    "nvidia": ("6d5244f2-2712-11ec-bea7-cb3fdb95c786", nvidia),
    "nvidia-event": ("9068e568-6ca0-11f0-aeaf-159343591eac", nvidia_event),
    "ampere": ("2826cc9f-448c-4c2b-86b6-a95394b7ef33", any_of(40)),
    "unknown": ("11223344-5566-7788-99aa-bbccddeeff00", any_of(24)),
}


def descriptor(offset, length, guid):
    texts = [b"", b"DIMM_A1", b"CPU0-BANK4 row 17"]
    text = some.choice(texts).ljust(20, b"\0")
    valid = some.randrange(2) | 2 * (text[0] > 0)
    head = struct.pack("<IIHBxI", offset, length, 0x0300, valid, some.getrandbits(8))
    return head + uuid.UUID(guid).bytes_le + fill(16) + struct.pack("<I20s", some.randrange(4), text)


def record(guid, body, number):
    bodies = [body(count % 2 == 0) for count in range(5)]
    at = 128 + 72 * len(bodies)
    descriptors = b""
    for one in bodies:
        descriptors += descriptor(at, len(one), guid)
        at += len(one)
    # 2024-03-05 17:45:30, in BCD, as precise as a clock is.
    header = struct.pack(
        "<4sHIHIII8s16s16s16s16sQI8s12x", b"CPER", 0x0101, 0xFFFFFFFF, len(bodies), some.randrange(4), 7, at,
        bytes([0x30, 0x45, 0x17, 1, 0x05, 0x03, 0x24, 0x20]), fill(16), fill(16),
        uuid.UUID("cf93c01f-1a16-4dfc-b8bc-9c4daf67c104").bytes_le,
        uuid.UUID("e8f56ffe-919c-4cc5-ba88-65abe14913bb").bytes_le, number, 1, bytes(8)
    )
    return header + descriptors + b"".join(bodies)


def values(read):
    """What was read without words for people."""
    if isinstance(read, list):
        return [values(one) for one in read]
    if not isinstance(read, dict):
        return read
    words = {"message", "description"}
    if not {"value", "code", "guid", "data"}.isdisjoint(read):
        words |= {"name", "type"}
    return {name: values(one) for name, one in read.items() if name not in words}


folder, convert = pathlib.Path(sys.argv[1]), sys.argv[2]
for number, (name, (guid, body)) in enumerate(KINDS.items(), 1):
    path = folder / f"{name}.cper"
    path.write_bytes(record(guid, body, number))
    read = subprocess.run([convert, "to-json", path, "--no-validate"], capture_output=True, check=True).stdout
    sections = "".join(f",\n{json.dumps(section)}" for section in values(json.loads(read))["sections"])
    front = {key: value for key, value in values(json.loads(read)).items() if key != "sections"}
    (folder / f"{name}.json").write_text(f'{json.dumps(front)[:-1]}, "sections": [{sections[1:]}\n]}}\n')
