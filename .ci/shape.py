"""The rules that the public interface of every crate keeps, checked on its listing. usage: shape.py LISTING...

One reader learns one grammar: what is a wire structure, a view, an error or an open value has the same members in every
crate. Prints each offender with the rule that it breaks:

- a wire structure has private fields, and for each with_x a set_x, for each set_x an x or x_raw;
- a view has bytes, structure, trailing, missing;
- an error has kind and offset and no public field, and kinds may grow;
- an open value, a number, flags: new, raw, From both ways, Display, Debug, Ord, Hash, Default, serde both ways;
- a value of bytes, which is made of an array of them: from_bytes, bytes, From;
- no name is a word of our own.
"""

import collections
import pathlib
import re
import sys

# Words of our own making, which no specification has: a name says what a thing is.
PRIVATE = set("Told Tell Claim Unclaimed unclaimed Turn Keeper And Each Extended forget_past ShortForms Swindler Loud".split())
# Setters of one form of a field that is read in all its forms at once.
OTHER_READER = {"set_extended_row": "row"}
NUMBER = re.compile(r"[ui](8|16|32|64|128)")


class Type:
    def __init__(self):
        self.methods, self.fields, self.traits, self.attributes, self.kind = {}, [], set(), "", ""


def bare(path):
    """A path without the arguments of its types."""
    while "<" in path:
        shorter = re.sub(r"<[^<>]*>", "", path)
        if shorter == path:
            break
        path = shorter
    return path


def read(lines):
    """The types of a listing by their paths, and every path in it."""
    # The listing has one word for the traits that macros give together, and says at its head which these are.
    groups = {found[1]: set(found[2].split(", ")) for line in lines if (found := re.match(r"# (\w+): (\w+(?:, \w+)+)$", line))}
    types, paths = collections.defaultdict(Type), set()
    for line in lines:
        attributes, rest = re.match(r"((?:#\[\w+\] |literal |provided )*)(.*)", line).groups()
        if found := re.match(r"(struct|enum|union) ([\w:]+)", rest):
            types[found[2]].kind, types[found[2]].attributes = found[1], attributes
            paths.add(found[2])
        elif found := re.match(r"impl(?:<[^>]*>)? (.*) for ([\w:]+)", rest):
            for trait in re.split(r", (?![^<]*>)", found[1]):
                types[found[2]].traits |= groups.get(trait, {trait})
        elif found := re.match(r"field ([\w:]+)::(\w+): ", rest):
            types[found[1]].fields.append(found[2])
        elif found := re.match(r"(?:const |unsafe )*fn (.*)", rest):
            name = bare(found[1].split("(")[0].replace("->", ""))
            owner, _, method = name.rpartition("::")
            types[owner].methods[method] = found[1]
            paths.add(name)
        elif found := re.match(r"(?:const|type|trait|mod|macro|variant) ([\w:]+)", rest):
            paths.add(found[1])
    return {path: one for path, one in types.items() if one.kind}, paths


def missing(one, *traits):
    """Those of the traits that the type does not have, whatever their arguments."""
    return [trait for trait in traits if trait not in {bare(had) for had in one.traits}]


def findings(lines):
    types, paths = read(lines)
    for path in sorted(paths):
        for word in path.split("::"):
            if word in PRIVATE:
                yield f"{path}: {word} is a word of our own, not of the field"
    for path, one in sorted(types.items()):
        name = path.rpartition("::")[2]
        traits = {bare(trait) for trait in one.traits}
        is_flags = "Flags" in traits
        is_wire = one.kind == "struct" and "FromBytes" in traits
        if is_wire and one.fields:
            yield f"{path}: a wire structure with public fields: {', '.join(one.fields)}"
        if is_wire:
            for method, signature in one.methods.items():
                if re.match(r"with_\w+\((mut )?self\b", signature.rpartition("::")[2]) and "set_" + method[5:] not in one.methods:
                    yield f"{path}: has {method} and no set_{method[5:]}"
                if not re.match(r"set_\w+\(&mut self, \w+: [^,]*\)$", signature.rpartition("::")[2]):
                    continue
                readers = {method[4:], method[4:] + "_raw", OTHER_READER.get(method)}
                if not readers & set(one.methods) or "with_" + method[4:] not in one.methods:
                    yield f"{path}: has {method} and no {method[4:]}, or no with_{method[4:]}"
        # A value that is bytes and no number; an open value or a number is checked below.
        from_bytes = any(trait.startswith("From<[u8; ") for trait in one.traits)
        if (from_bytes or "from_bytes" in one.methods) and "raw" not in one.methods:
            lacking = [member for member in ("from_bytes", "bytes") if member not in one.methods]
            lacking += missing(one, "Clone", "Copy", "Debug", "Eq")
            if not from_bytes:
                lacking.append("From<its bytes>")
            if lacking:
                yield f"{path}: a value of bytes without {', '.join(lacking)}"
        if "View" in traits:
            if lacking := [member for member in ("bytes", "structure", "trailing", "missing") if member not in one.methods]:
                yield f"{path}: a view without {', '.join(lacking)}"
        if "Error" in traits or name == "Error":
            if one.kind == "enum":
                if "non_exhaustive" not in one.attributes:
                    yield f"{path}: an enum of errors that is not non_exhaustive"
            elif lacking := [member for member in ("kind", "offset") if member not in one.methods]:
                yield f"{path}: an error without {', '.join(lacking)}"
            if one.fields and one.kind == "struct":
                yield f"{path}: an error with public fields: {', '.join(one.fields)}"
        if name == "ErrorKind" and "non_exhaustive" not in one.attributes:
            yield f"{path}: is not non_exhaustive"
        raw = one.methods.get("raw", "")
        if is_flags or re.search(r"\(self\) -> [ui]\d+$", raw):
            lacking = [member for member in ("new", "raw") if member not in one.methods]
            lacking += missing(one, "Clone", "Copy", "Debug", "Display", "Eq", "Hash", "Ord", "Default", "Serialize")
            # What is shown as a map of its fields is not read back.
            if "Describe" not in traits:
                lacking += missing(one, "Deserialize")
            if not any(re.fullmatch(rf"From<{NUMBER.pattern}>", trait) for trait in one.traits):
                lacking.append("From<its number>")
            if not any(re.fullmatch(rf"Into<{NUMBER.pattern}>", trait) for trait in one.traits):
                lacking.append("Into<its number>")
            if lacking:
                kind = "flags" if is_flags else "an open value" if "name" in one.methods else "a number"
                yield f"{path}: {kind} without {', '.join(lacking)}"
    yield len(types)


# The control: each line breaks one rule, and the check must say so.
CONTROL = """
# plain: Clone, Copy, Debug
struct c::Structure
impl plain, FromBytes for c::Structure
field c::Structure::length: U32
const fn c::Structure::with_kind(self, value: u8) -> Self
struct c::Body<'a>
impl View for c::Body
const fn c::Body::bytes(&self) -> &'a [u8]
struct c::Error
impl Clone, Error for c::Error
const fn c::Error::kind(&self) -> ErrorKind
enum c::ErrorKind
struct c::Value
impl plain for c::Value
const fn c::Value::raw(self) -> u8
struct c::And
struct c::Id
impl plain, From<[u8; 16]> for c::Id
const fn c::Id::from_bytes(bytes: [u8; 16]) -> Self
struct c::Good
impl plain, Default, Deserialize<'de>, Display, Eq, From<u8>, Hash, Into<u8>, Ord, Serialize for c::Good
const fn c::Good::new(raw: u8) -> Self
const fn c::Good::raw(self) -> u8
"""
*control, _ = findings(CONTROL.strip().splitlines())
if len(control) != 8 or any("Good" in line for line in control):
    sys.exit("the check does not see what it should:\n" + "\n".join(control))

total, wrong = 0, 0
for listing in sys.argv[1:]:
    *found, seen = findings(pathlib.Path(listing).read_text(encoding="utf-8").splitlines())
    total += seen
    wrong += len(found)
    for finding in found:
        print(finding)
if wrong:
    sys.exit(f"{wrong} findings")
print(f"{total} public types of {len(sys.argv) - 1} crates")
