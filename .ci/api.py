"""Lists the public interface of a crate, and compares two lists.

usage: api.py list RUSTDOC.json    prints the list: a line an item, in the order of their paths
       api.py breaks OLD NEW       prints what the list NEW breaks for those who use what OLD lists

What every type has anyway (blanket implementations, auto traits) is left out, and so is how a constant is computed.
What macros give many types is one word of a type's `impl` line.
"""

import json
import re
import sys

FORMATS = range(55, 60)

# What is derived or declared together, and the one word that a list has for it.
GROUPS = {
    "plain": "Clone Copy Debug Eq Hash PartialEq",
    "ordered": "Ord PartialOrd",
    # zerocopy's derives.
    "wire": "FromBytes FromZeros Immutable IntoBytes KnownLayout TryFromBytes Unaligned",
    # Those of a set of flags.
    "flags": "BitAnd BitOr BitOrAssign Flags Not Sub",
}
GROUPS = {name: set(traits.split()) for name, traits in GROUPS.items()}

# What `bitflags!` gives every set of flags.
OF_FLAGS = set(
    "all bits complement contains difference empty extend from_bits from_bits_retain from_bits_truncate from_iter"
    " from_name insert intersection intersects is_all is_empty iter iter_names remove set symmetric_difference toggle"
    " union into_iter".split()
)

# Traits that macros make up and no one names.
SILENT = {"StructuralPartialEq", "PublicFlags"}

HEAD = "\n".join(
    [f"# {name}: {', '.join(sorted(traits))}" for name, traits in GROUPS.items()]
    + [
        "# literal: every field is public, so that a new one breaks those who write them out",
        "# provided: a type that has the trait need not write it",
        "# Into<T>: From<this type> for T; lifetimes of implementations are left out",
    ]
)


def path(type_):
    """A path without the modules it was written with, which say how a file imports; `fmt::Result` keeps its module."""
    words = type_["path"].split("::")
    keep = 2 if words[-1] in ("Result", "Error") and words[0] not in ("crate", "$crate") else 1
    return "::".join(words[-keep:]) + arguments(type_.get("args"))


def arguments(args):
    if not args or "angle_bracketed" not in args:
        return ""
    parts = [generic_argument(arg) for arg in args["angle_bracketed"]["args"]]
    for constraint in args["angle_bracketed"]["constraints"]:
        binding = constraint["binding"]
        if "equality" in binding:
            parts.append(f"{constraint['name']} = {term(binding['equality'])}")
        else:
            parts.append(f"{constraint['name']}: {bounds(binding['constraint'])}")
    return f"<{', '.join(parts)}>" if parts else ""


def generic_argument(arg):
    if arg == "infer":
        return "_"
    (kind, value), = arg.items()
    return {"lifetime": lambda: value, "type": lambda: text(value), "const": lambda: value["expr"]}[kind]()


def term(value):
    return text(value["type"]) if "type" in value else value["constant"]["expr"]


def bounds(all_bounds):
    parts = []
    for bound in all_bounds:
        if "trait_bound" in bound:
            modifier = {"none": "", "maybe": "?", "maybe_const": "~const "}[bound["trait_bound"]["modifier"]]
            parts.append(modifier + path(bound["trait_bound"]["trait"]))
        elif "outlives" in bound:
            parts.append(bound["outlives"])
        else:
            parts.append("use<..>")
    return " + ".join(parts)


def text(type_):
    """A type as it is written."""
    if type_ is None:
        return "()"
    if type_ == "infer":
        return "_"
    (kind, value), = type_.items()
    if kind == "resolved_path":
        return path(value)
    if kind in ("generic", "primitive"):
        return value
    if kind == "borrowed_ref":
        lifetime = value["lifetime"] + " " if value["lifetime"] else ""
        return f"&{lifetime}{'mut ' if value['is_mutable'] else ''}{text(value['type'])}"
    if kind == "slice":
        return f"[{text(value)}]"
    if kind == "array":
        return f"[{text(value['type'])}; {value['len']}]"
    if kind == "tuple":
        return f"({', '.join(map(text, value))})"
    if kind == "impl_trait":
        return f"impl {bounds(value)}"
    if kind == "dyn_trait":
        return "dyn " + " + ".join(path(one["trait"]) for one in value["traits"])
    if kind == "qualified_path":
        trait = value.get("trait")
        of = f"<{text(value['self_type'])} as {path(trait)}>" if trait and trait["path"] else text(value["self_type"])
        return f"{of}::{value['name']}"
    if kind == "function_pointer":
        return f"fn({', '.join(text(one) for _, one in value['sig']['inputs'])}) -> {text(value['sig']['output'])}"
    sys.exit(f"no way to write {type_}")


def generics(value):
    shown = []
    for param in value["params"]:
        (kind, detail), = param["kind"].items()
        if kind == "lifetime":
            shown.append(param["name"])
        elif kind == "const":
            shown.append(f"const {param['name']}: {text(detail['type'])}")
        elif not detail["is_synthetic"]:
            shown.append(param["name"] + (f": {bounds(detail['bounds'])}" if detail["bounds"] else ""))
    where = [
        f"{text(one['bound_predicate']['type'])}: {bounds(one['bound_predicate']['bounds'])}"
        for one in value["where_predicates"]
        if "bound_predicate" in one
    ]
    return f"<{', '.join(shown)}>" if shown else "", f" where {', '.join(where)}" if where else ""


def signature(name, function):
    params, where = generics(function["generics"])
    header = function["header"]
    words = [word for word in ("const", "async", "unsafe") if header[f"is_{word}"]]
    if header["abi"] != "Rust":
        words.append(f"extern {json.dumps(header['abi'])}")
    inputs = ", ".join(f"{arg}: {text(one)}" for arg, one in function["sig"]["inputs"])
    inputs = re.sub(r"^self: (&?(?:'\w+ )?(?:mut )?)Self", r"\1self", inputs)
    output = function["sig"]["output"]
    result = f" -> {text(output)}" if output is not None else ""
    return " ".join([*words, f"fn {name}{params}({inputs}){result}{where}"])


def without_lifetimes(written):
    written = re.sub(r"'\w+ (?!=)", "", written)
    written = re.sub(r"(?<=[<, ])'\w+(, |(?=>))", "", written)
    return written.replace("<>", "").replace(", >", ">")


class Listing:
    def __init__(self, crate):
        self.index = crate["index"]
        root = self.index[str(crate["root"])]
        # Once to find by which paths each type is public, and once more to list it under the shortest.
        self.paths = {}
        for _ in range(2):
            self.lines = set()
            self.module(root, root["name"])

    def item(self, number):
        return self.index.get(str(number))

    def module(self, item, place):
        self.lines.add(f"mod {place}")
        for number in item["inner"]["module"]["items"]:
            self.public(self.item(number), place)

    def public(self, item, place, name=None):
        """An item of a module, or of what is exported there."""
        if item is None:
            return
        (kind, value), = item["inner"].items()
        if kind == "use":
            target = self.item(value["id"]) if value["id"] is not None else None
            if target is None:
                self.lines.add(f"use {place}::{value['name']} = {value['source']}")
            elif value["is_glob"]:
                for number in target["inner"]["module"]["items"]:
                    self.public(self.item(number), place)
            else:
                self.public(target, place, value["name"])
            return
        if item["visibility"] != "public":
            return
        full = f"{place}::{name or item['name']}"
        if kind in ("struct", "enum", "union", "trait"):
            self.paths.setdefault(item["id"], set()).add(full)
            shortest = min(self.paths[item["id"]], key=lambda one: (len(one), one))
            if shortest != full:
                self.lines.add(f"use {full} = {shortest}")
                return
        extra = "#[non_exhaustive] " if "non_exhaustive" in item["attrs"] else ""
        if kind == "module":
            self.module(item, full)
        elif kind == "function":
            self.lines.add(signature(full, value))
        elif kind == "constant":
            self.lines.add(f"const {full}: {text(value['type'])}")
        elif kind == "type_alias":
            params, _ = generics(value["generics"])
            self.lines.add(f"type {full}{params} = {text(value['type'])}")
        elif kind == "macro":
            self.lines.add(f"macro {full}")
        elif kind == "trait":
            params, where = generics(value["generics"])
            above = f": {bounds(value['bounds'])}" if value["bounds"] else ""
            self.lines.add(f"trait {full}{params}{above}{where}")
            self.members(value["items"], full, of_trait=True)
        elif kind in ("struct", "enum", "union"):
            params, where = generics(value["generics"])
            if kind == "struct" and not extra and self.is_literal(value["kind"]):
                extra = "literal "
            self.lines.add(f"{extra}{kind} {full}{params}{where}")
            self.fields(value, full)
            self.implementations([self.item(number) for number in value["impls"]], full)
        else:
            sys.exit(f"no way to list {kind} {full}")

    def is_literal(self, kind):
        if kind == "unit":
            return True
        (shape, fields), = kind.items()
        if shape == "plain":
            return not fields["has_stripped_fields"]
        return all(number is not None and self.item(number)["visibility"] == "public" for number in fields)

    def fields(self, value, full):
        for number in value.get("variants", []):
            variant = self.item(number)
            shape = variant["inner"]["variant"]["kind"]
            self.lines.add(f"variant {full}::{variant['name']}")
            if shape != "plain":
                self.shape(shape, f"{full}::{variant['name']}", everything=True)
        if value.get("kind") and value["kind"] != "unit":
            self.shape(value["kind"], full)

    def shape(self, kind, full, everything=False):
        (shape, numbers), = kind.items()
        numbers = numbers["fields"] if shape in ("plain", "struct") else numbers
        for number in numbers:
            field = self.item(number) if number is not None else None
            if field and (everything or field["visibility"] == "public"):
                self.lines.add(f"field {full}::{field['name']}: {text(field['inner']['struct_field'])}")

    def implementations(self, items, full):
        """A line for each way to write the type's traits; most types have one."""
        implementations = [item["inner"]["impl"] for item in items]
        implementations = [one for one in implementations if not one["is_synthetic"] and not one["blanket_impl"]]
        is_flags = any(one["trait"] and path(one["trait"]) == "Flags" for one in implementations)
        lines = {}
        for one in implementations:
            if one["trait"] is None:
                of = without_lifetimes(text(one["for"]))
                named = full if "<" not in of else f"{full}{of[of.index('<'):]}"
                own = [member for member in one["items"] if not (is_flags and self.item(member)["name"] in OF_FLAGS)]
                self.members(own, named)
            elif (told := self.told(one, full, is_flags)) is not None:
                head, trait, of, where = told
                lines.setdefault((head, of, where), set()).add(trait)
        for (head, of, where), traits in lines.items():
            if is_flags:
                # Of which type a set of flags is made, and with what it is extended, need not be said.
                traits = {re.sub(r"^(Extend|FromIterator)<.*", r"\1", trait) for trait in traits}
            for name, group in GROUPS.items():
                if group <= traits:
                    traits = traits - group | {name}
            words = sorted(traits, key=lambda word: (word not in GROUPS, word))
            self.lines.add(f"impl{head} {', '.join(words)} for {of}{where}  # {full}")

    def told(self, one, full, is_flags):
        """An implementation's parameters, trait, type and where; `None` when another type's lines have it."""
        name = full.rsplit("::", maxsplit=1)[-1]
        if one["trait"]["path"].rsplit("::", maxsplit=1)[-1] in SILENT:
            return None
        trait, of = without_lifetimes(path(one["trait"])), without_lifetimes(text(one["for"]))
        bare = re.sub(r"<.*", "", trait)
        # What macros write out of every field's type says no more than the type's own fields do.
        where = "" if bare in GROUPS["wire"] else generics(one["generics"])[1]
        params = []
        for param in one["generics"]["params"]:
            (kind, detail), = param["kind"].items()
            if kind == "const":
                params.append(f"const {param['name']}: {text(detail['type'])}")
            elif kind == "type" and not detail["is_synthetic"]:
                # A derive asks of each parameter what it gives.
                asked = bounds([bound for bound in detail["bounds"] if bounds([bound]) != bare])
                params.append(param["name"] + (f": {asked}" if asked else ""))
        head = f"<{', '.join(params)}>" if params else ""
        target = re.sub(r"^&(mut )?", "", of)
        if re.sub(r"<.*", "", target) == name:
            silent = GROUPS["wire"] | (GROUPS["flags"] if is_flags else set())
            types = [
                f"{item['name']} = {without_lifetimes(text(item['inner']['assoc_type']['type']))}"
                for item in map(self.item, one["items"])
                if item and "assoc_type" in item["inner"] and bare not in silent
            ]
            if types:
                trait = (trait[:-1] + ", " if trait.endswith(">") else trait + "<") + ", ".join(types) + ">"
            return head, trait, of.replace(name, full, 1), where
        if bare == "From" and not self.is_local(one["for"]):
            return head, f"Into<{of}>", full, where
        return None if self.is_local(one["for"]) else (head, trait, of, where)

    def is_local(self, type_):
        while "borrowed_ref" in type_:
            type_ = type_["borrowed_ref"]["type"]
        return "resolved_path" in type_ and self.item(type_["resolved_path"]["id"]) is not None

    def members(self, numbers, full, of_trait=False):
        for number in numbers:
            item = self.item(number)
            if item is None or not (of_trait or item["visibility"] == "public"):
                continue
            (kind, value), = item["inner"].items()
            given = {"function": "has_body", "assoc_const": "value", "assoc_type": "type"}.get(kind)
            provided = "provided " if of_trait and given and value[given] else ""
            if kind == "function":
                self.lines.add(provided + signature(f"{full}::{item['name']}", value))
            elif kind == "assoc_const":
                self.lines.add(f"{provided}const {full}::{item['name']}: {text(value['type'])}")
            elif kind == "assoc_type":
                self.lines.add(f"{provided}type {full}::{item['name']}")


def show(source):
    with open(source, encoding="utf-8") as file:
        crate = json.load(file)
    if crate["format_version"] not in FORMATS:
        sys.exit(f"rustdoc JSON of version {crate['format_version']}: look at what changed since {FORMATS[-1]}")

    def place(line):
        """The path of what a line is about, and the type before what it has."""
        found = re.search(rf"\b{name}(::\w+)*", re.sub(r"^impl.*  # ", "", line))
        return found[0], not re.match(r"(#\[\w+\] |literal )?(struct|enum|trait|union)\b", line), line

    name = crate["index"][str(crate["root"])]["name"]
    print(HEAD)
    for line in sorted(Listing(crate).lines, key=place):
        print(re.sub(r"  # .*", "", line))


def parts(words):
    """The parts of a list whose parts can have commas in brackets."""
    depth, start = 0, 0
    for at, letter in enumerate(words):
        depth += (letter in "(<[") - (letter in ")]" or letter == ">" and words[at - 1] != "-")
        if depth == 0 and words.startswith(", ", at):
            yield words[start:at]
            start = at + 2
    yield words[start:]


def split_at_closing(words):
    """What is before and behind the parenthesis that closes one before the words."""
    depth = 1
    for at, letter in enumerate(words):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return words[:at], words[at + 1 :]
    sys.exit(f"not closed: {words}")


def facts(lines):
    """What a list promises, each fact by itself: a trait that a type has, a function that is constant."""
    promised = set()
    for line in lines:
        line = re.sub(r"^(#\[non_exhaustive\]|provided) ", "", line.rstrip("\n"))
        if found := re.match(r"(impl(?:<.*?>)?) (.*) for (.*)$", line):
            for trait in parts(found[2]):
                promised.update(f"{found[1]} {one} for {found[3]}" for one in GROUPS.get(trait, [trait]))
            continue
        if line.startswith("const fn"):
            promised.add(re.sub(r"\(.*", " is constant", line))
            line = line.removeprefix("const ")
        if line.startswith("literal "):
            promised.add(f"{line} has no private field")
            line = line.removeprefix("literal ")
        if "fn " in line:
            # Names of arguments are nobody's business.
            name, rest = line.split("(", 1)
            given, result = split_at_closing(rest)
            types = ", ".join(re.sub(r"^\w+: ", "", one) for one in parts(given))
            line = f"{name}({types}){result}"
        if line and not line.startswith("#"):
            promised.add(line)
    return promised


def breaks(old_file, new_file):
    old, new = (open(name, encoding="utf-8").read().splitlines() for name in (old_file, new_file))
    had, has = facts(old), facts(new)
    told = {f"taken away: {fact}" for fact in had - has}

    def named(lines, pattern):
        return {found[1] for line in lines if (found := re.match(pattern + r" ((?:\w+::)*\w+)", line))}

    closed = named(old, "(?:literal struct|enum)")
    told |= {f"no longer exhaustive: {name}" for name in closed & named(new, r"#\[non_exhaustive\] (?:struct|enum)")}
    closed |= named(old, "variant")
    traits = named(old, "trait")
    for line in set(new) - set(old):
        if found := re.match(r"(?:variant|field) ([\w:]+)::\w+", line):
            if found[1] in closed and line not in had:
                told.add(f"one more of what is written or matched in full: {line}")
        elif found := re.match(r"(?:const |unsafe )*(?:fn|const|type) ([\w:]+)::\w+", line):
            if found[1] in traits and facts([line]) - had:
                told.add(f"one more of what a trait asks of a type: {line}")
    for line in sorted(told):
        print(line)


if sys.argv[1] == "list":
    show(sys.argv[2])
else:
    breaks(*sys.argv[2:])
