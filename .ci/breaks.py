"""Breaks each invariant in a copy of the tree and asks which gate notices. usage: breaks.py FOLDER [NAME...]

A break replaces one text of one file; the command must then fail, and did not before. FOLDER is the copy. Without any
argument it only asks whether the text of each break is still there.
"""

import pathlib
import re
import subprocess
import sys

CPER = "cper/src/"
# Name, invariant, file, text, what is put in its place, and the command that must notice.
BREAKS = [
    ("unsafe-allowed", "no std, no unsafe code", "mce-record/src/lib.rs", "#![forbid(unsafe_code)]\n", "", "wire"),
    ("std-used", "no std, no unsafe code", "mce-record/src/lib.rs", "#![no_std]\n", "", "wire"),
    (
        "bounds-unchecked", "no panic on any bytes", CPER + "record.rs",
        "    bytes.get(start..start.saturating_add(length as usize))\n",
        "    Some(&bytes[start..start.saturating_add(length as usize)])\n",
        "test cper record",
    ),
    (
        "indexing", "no panic on any bytes", "pstore-format/src/ramoops.rs",
        "let ring = zone.get(HEADER..).and_then(|rest| rest.get(..capacity)).ok_or(too_short)?;",
        "let ring = &zone[HEADER..HEADER + capacity];",
        "clippy pstore-format",
    ),
    (
        "reserved-dropped", "a record is its bytes", CPER + "record_writer.rs",
        "        *to = *descriptor;\n", "        *to = *descriptor;\n        to.as_mut_bytes()[11] = 0;\n",
        "test cper properties",
    ),
    (
        "section-reserved-dropped", "a record is its bytes", CPER + "section/vendor/arm_ras_node.rs",
        "        ArmRasNodeHeader::AT.auxiliary_offset.put(",
        "        ArmRasNodeHeader::AT.reserved.put(&mut header.0, [0; 3]);\n        ArmRasNodeHeader::AT.auxiliary_offset.put(",
        "test cper sections",
    ),
    (
        "bit-unseen", "a record is its bytes", "pstore-format/src/seal.rs",
        "(before, from_field.get(8..).unwrap_or_default())", "(before, from_field.get(9..).unwrap_or_default())",
        "unit pstore-format",
    ),
    (
        "bit-hidden", "no bit of a record is hidden", CPER + "rows.rs",
        "out.stored(row.name, stored, Stored::NotValid);", "out.stored(row.name, stored, Stored::Shown);",
        "test ras-records flips",
    ),
    (
        "siblings-lost", "nothing is lost to a neighbour", CPER + "record.rs",
        "            return Some(Err(Error::new(kind, at).in_section(number)));\n        };\n        let Some(unclaimed)",
        "            self.number = self.count;\n            return Some(Err(Error::new(kind, at).in_section(number)));\n"
        "        };\n        let Some(unclaimed)",
        "test cper record",
    ),
    (
        "trailing-lost", "nothing is lost to a neighbour", CPER + "view.rs",
        "self.bytes.get($name::SIZE..).unwrap_or_default()", "&self.bytes[..0]", "test cper trailing",
    ),
    (
        "no-advance", "the outer slice wins, iterators advance", "mce-record/src/mcelog.rs",
        "                self.rest = rest;\n", "                let _ = rest;\n", "test mce-record logs",
    ),
    (
        "amplified", "the outer slice wins, output is linear", CPER + "record.rs",
        "        self.unclaimed = unclaimed;\n", "        let _ = unclaimed;\n", "test cper record",
    ),
    (
        "closed-value", "open values only", CPER + "severity.rs", "use ",
        "#[derive(zerocopy::TryFromBytes)]\n#[repr(u8)]\nenum Closed {\n    One = 1,\n}\n\nuse ", "wire",
    ),
    (
        "bit-not-set", "validity bits", CPER + "structure.rs",
        "self.mark($flags::$flag, $flags::empty());", "self.mark($flags::empty(), $flags::empty());",
        "test cper record",
    ),
    (
        "bit-not-asked", "validity bits", CPER + "structure.rs",
        "if self.validation().contains($flags::$flag) { Some(self.$raw()) } else { None }", "Some(self.$raw())",
        "test cper properties",
    ),
    (
        "short-refused", "length decides the layout", CPER + "section/memory.rs",
        "from 73 as MEMORY", "from 80 as MEMORY", "test cper properties",
    ),
    (
        "revision-refused", "length decides the layout", CPER + "record.rs",
        "        let declared = header.record_length();\n",
        "        if header.revision() > 0x0101 {\n"
        "            return Err(Error::new(ErrorKind::RecordLength(0), 4));\n        }\n"
        "        let declared = header.record_length();\n",
        "test cper record",
    ),
    (
        "byte-unwritten", "writers write every byte", "erst-table/src/table.rs", ".with_header_size(ENTRIES_OFFSET as u32)",
        ".with_header_size(ENTRIES_OFFSET as u32).with_reserved(7)",
        "test erst-table tables",
    ),
    (
        "half-a-record", "too small a buffer is left alone", "pstore-format/src/produce.rs",
        "    if out.len() < length {\n        return", "    if out.len() < length {\n        out.fill(0);\n        return",
        "unit pstore-format",
    ),
    (
        "unlocated", "an error says where", CPER + "record.rs",
        "let kind = ErrorKind::SectionBounds { offset, length, available: clamp(self.bytes.len()) };\n"
        "            return Some(Err(Error::new(kind, at)",
        "let kind = ErrorKind::SectionBounds { offset, length, available: clamp(self.bytes.len()) };\n"
        "            return Some(Err(Error::new(kind, 0)",
        "test cper record",
    ),
    (
        "size-unasserted", "wire structs assert their size", CPER + "structure.rs",
        "            const _: () = $crate::stored::check($size, FIELDS);\n", "", "wire",
    ),
    (
        "native-endian", "the same on every host", "pstore-format/src/seal.rs",
        "u32::from_le_bytes([a, b, c, d])", "u32::from_ne_bytes([a, b, c, d])", "wire",
    ),
    (
        "interface-changed", "the interface is listed", "pstore-format/src/ids.rs",
        "pub const fn is_valid(self)", "pub const fn is_good(self)", "api",
    ),
]

# A description of a body that tells nothing. The tests of each section's own file must notice, whatever others say.
UNTOLD = ("untold", "a record is its bytes: each body tells its fields")
DESCRIBE = "    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {\n"

LIMITS = "ulimit -v 6000000; exec timeout 900 "


def command(kind, *words):
    if kind == "wire":
        return ".ci/wire.sh"
    if kind == "api":
        return ".ci/api.sh"
    if kind == "clippy":
        return f"cargo clippy -q -p {words[0]} --lib -- -D warnings"
    tests = f"--test {words[1]}" if kind == "test" else "--lib"
    # What the program's commands are built with is no matter here.
    features = "--no-default-features" if words[0] == "ras-records" else "--all-features"
    return f"cargo test -q -p {words[0]} {features} {tests} -- --test-threads=1"


def run(tree, check):
    words = ["bash", "-c", LIMITS + command(*check.split())]
    return subprocess.run(words, cwd=tree, capture_output=True, text=True, check=False)


def noticed(output):
    """The tests, or the lines, that say what is wrong."""
    tests = re.findall(r"^---- (\S+) stdout ----$", output, re.M)
    lines = [line for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("error")]
    return ", ".join(tests[:3]) or (errors or lines or ["it did not end"])[0][:110]


def untold(tree):
    """Empties the description of every body; returns the modules whose own tests pass still, and how many bodies it were."""
    source = pathlib.Path(tree, CPER)
    table = source.joinpath("section/bodies.rs").read_text(encoding="utf-8")
    views = [*re.findall(r"^    \w+\((?:vendor::)?(\w+)<'a>\) of", table, re.M), "CxlComponentEvent"]
    before, modules = {}, {}
    for path in sorted(source.joinpath("section").rglob("*.rs")):
        text = path.read_text(encoding="utf-8")
        for view in views:
            start = f"impl Describe for {view}<'_> {{\n{DESCRIBE}"
            if start in text:
                before.setdefault(path, text)
                text = text.replace(start, start + "        return Ok(());\n")
                place = path.relative_to(source).with_suffix("").as_posix().removesuffix("/mod")
                modules[view] = place.replace("/", "::")
        if path in before:
            path.write_text(text, encoding="utf-8")
    lost = set(views) - set(modules)
    if lost:
        sys.exit(f"{UNTOLD[0]}: no description found of {', '.join(sorted(lost))}")
    result = run(tree, "unit cper")
    for path, text in before.items():
        path.write_text(text, encoding="utf-8")
    failed = re.findall(r"^---- (\S+)::tests::\S+ stdout ----$", result.stdout, re.M)
    return {module for module in modules.values() if module not in failed}, len(modules)


def stale():
    """The breaks whose text is not in its file."""
    sources = {file: pathlib.Path(file).read_text(encoding="utf-8") for _, _, file, *_ in BREAKS}
    return [name for name, _, file, text, *_ in BREAKS if text not in sources[file]]


def main(tree, wanted):
    missed, sound = [], set()
    if not wanted or UNTOLD[0] in wanted:
        if run(tree, "unit cper").returncode != 0:
            sys.exit("unit cper fails on the tree as it is")
        sound.add("unit cper")
        silent, bodies = untold(tree)
        missed += [f"{UNTOLD[0]} in {module}" for module in sorted(silent)]
        said = f"MISSED  {UNTOLD[0]:24} {UNTOLD[1]}: {', '.join(sorted(silent))}"
        print(said if silent else f"caught  {UNTOLD[0]:24} {UNTOLD[1]}: each of {bodies} by its own tests", flush=True)
    for name, invariant, file, text, other, check in BREAKS:
        if wanted and name not in wanted:
            continue
        if check not in sound:
            before = run(tree, check)
            if before.returncode != 0:
                sys.exit(f"{check} fails on the tree as it is:\n{before.stdout}{before.stderr}")
            sound.add(check)
        path = pathlib.Path(tree, file)
        before = path.read_text(encoding="utf-8")
        path.write_text(before.replace(text, other, 1), encoding="utf-8")
        result = run(tree, check)
        path.write_text(before, encoding="utf-8")
        output = result.stdout + result.stderr
        if result.returncode == 0:
            missed.append(name)
            print(f"MISSED  {name:24} {invariant}", flush=True)
        else:
            print(f"caught  {name:24} {invariant}: {check}: {noticed(output)}", flush=True)
    if missed:
        sys.exit(f"{len(missed)} breaks that no gate notices: {', '.join(missed)}")
    print(f"{len(wanted) or len(BREAKS) + 1} breaks, each caught")


if stale():
    sys.exit(f"files have changed, and so must these breaks: {', '.join(stale())}")
if sys.argv[1:]:
    main(sys.argv[1], sys.argv[2:])
