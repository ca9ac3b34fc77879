"""The rules of wire structs, checked on the source's text. usage: wire.py FOLDER..."""
import pathlib
import re
import sys

ITEM = re.compile(r"((?:^[ \t]*#\[[^\n]*\n|^[ \t]*#\[(?:[^\[\]]|\[[^\]]*\])*?\]\s*\n)+)"
                  r"([ \t]*)(?:pub(?:\([a-z]+\))? )?(struct|enum|union) (\w+<?)", re.M)
READ = re.compile(r"\b(FromBytes|TryFromBytes|IntoBytes)\b")
NATIVE = re.compile(r"\b(from_ne_bytes|to_ne_bytes|NativeEndian|transmute_unchecked|mem::transmute)\b")


def findings(name, text):
    """Yields what is wrong, and last the number of wire structs seen."""
    code = re.sub(r"//[^\n]*", "", text)
    seen = 0
    for match in ITEM.finditer(code):
        attributes, indent, kind, item = match.groups()
        where = f"{name}:{code.count(chr(10), 0, match.start(3)) + 1}: {kind} {item}"
        read, layout = READ.search(attributes), re.search(r"repr\(([^)]*)\)", attributes)
        layout = layout.group(1) if layout else ""
        if kind != "struct":
            if read or layout:
                yield f"{where}: bytes are not read as a Rust {kind}; an open value is a newtype with constants"
            continue
        if indent:
            continue  # scratch inside a function, or a test's own
        if not read:
            if layout == "C":
                yield f"{where}: is repr(C) but is neither read from bytes nor written as bytes"
            continue
        seen += 1
        if layout not in ("C", "transparent"):
            yield f"{where}: is read from bytes but is not repr(C) or repr(transparent)"
        if "Unaligned" not in attributes:
            yield f"{where}: does not derive Unaligned, so its alignment may not be 1"
        # The size of a generic struct is that of what is put into it, and one that ends in a slice has none.
        sized = item[-1] != "<" and not re.match(r"\s*{[^}]*:\s*(\w+<)?\[\w+\]>?,?\s*}", code[match.end():])
        if layout == "C" and sized and not re.search(rf"assert!\(\s*size_of::<{item}>\(\) ==", code):
            yield f"{where}: has no assert!(size_of::<{item}>() == ...)"
    for match in NATIVE.finditer(code):
        yield f"{name}:{code.count(chr(10), 0, match.start()) + 1}: {match.group()}: reads in the host's byte order"
    rules = {
        "structure.rs": ["const _: () = $crate::stored::check($size, FIELDS);"],
        "stored.rs": ['assert!(field.at == end, "{}", field.name);', 'assert!(end == size, "'],
    }
    for rule in rules.get(pathlib.Path(name).name, []):
        if rule not in code:
            yield f"{name}: does not say {rule}"
    if pathlib.Path(name).name == "lib.rs":
        for rule in ("#![no_std]", "#![forbid(unsafe_code)]"):
            if rule not in code.splitlines():
                yield f"{name}: does not say {rule}"
    yield seen


# The control: each line breaks one rule, and the check must say so.
CONTROL = """
#[derive(TryFromBytes)]\n#[repr(u8)]\nenum A { B }
#[derive(FromBytes, Unaligned)]\n#[repr(C)]\nstruct NoSize(u8);
#[derive(FromBytes)]\n#[repr(transparent)]\nstruct NotUnaligned(u8);
#[derive(FromBytes, Unaligned)]\nstruct NoLayout(u8);
#[repr(C)]\nstruct NotRead(u8);
#[derive(FromBytes, Unaligned)]\n#[repr(C)]\npub struct Good(u8);\nconst _: () = assert!(size_of::<Good>() == 1);
#[derive(FromBytes, Unaligned)]\n#[repr(C)]\npub struct GoodSlice {\n    front: Good,\n    rest: [u8],\n}
fn f() { u32::from_ne_bytes(b) }
"""
*control, _ = findings("lib.rs", CONTROL)
if len(control) != 8:
    sys.exit("the check does not see what it should:\n" + "\n".join(control))

total, wrong = 0, 0
for folder in sys.argv[1:]:
    for path in sorted(pathlib.Path(folder).rglob("*.rs")):
        *found, seen = findings(path, path.read_text())
        total += seen
        wrong += len(found)
        for finding in found:
            print(finding)
if wrong:
    sys.exit(f"{wrong} findings")
print(f"{total} wire structs")
