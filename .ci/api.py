"""Lists the public interface that a crate's rustdoc JSON describes, a line for each item, in the order of their paths.

What every type has anyway (blanket implementations, auto traits) is left out, and so is how a constant is computed.
"""

import json
import re
import sys

FORMATS = range(55, 60)

# What `bitflags!` gives every set of flags.
OF_FLAGS = set(
    "all bits complement contains difference empty extend from_bits from_bits_retain from_bits_truncate from_iter"
    " from_name insert intersection intersects is_all is_empty iter iter_names remove set symmetric_difference toggle"
    " union into_iter".split()
)


def path(type_):
    return type_["path"] + arguments(type_.get("args"))


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


class Listing:
    def __init__(self, crate):
        self.index = crate["index"]
        self.lines = set()
        root = self.index[str(crate["root"])]
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
        extra = "".join(f"#[{attr}] " for attr in item["attrs"] if attr in ("non_exhaustive", "must_use"))
        if kind == "module":
            self.module(item, full)
        elif kind == "function":
            self.lines.add(f"{extra}{signature(full, value)}")
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
            self.members(value["items"], full, everything=True)
        elif kind in ("struct", "enum", "union"):
            params, where = generics(value["generics"])
            self.lines.add(f"{extra}{kind} {full}{params}{where}")
            self.fields(value, full)
            self.is_flags = any(
                self.item(number)["inner"]["impl"]["trait"] and path(self.item(number)["inner"]["impl"]["trait"]) == "Flags"
                for number in value["impls"]
            )
            plain = filter(None, [self.implementation(self.item(number), full) for number in value["impls"]])
            self.lines.add(f"impl {', '.join(sorted(plain))} for {full}")
        else:
            sys.exit(f"no way to list {kind} {full}")

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

    def implementation(self, item, full):
        """Lists what an implementation has; returns the trait's name where there is no more to say."""
        value = item["inner"]["impl"]
        if value["is_synthetic"] or value["blanket_impl"]:
            return None
        params, where = generics(value["generics"])
        if value["trait"] is None:
            of = text(value["for"])
            named = full if "<" not in of else f"{full}{of[of.index('<'):]}"
            own = [one for one in value["items"] if not (self.is_flags and self.item(one)["name"] in OF_FLAGS)]
            self.members(own, named)
        else:
            trait, of = path(value["trait"]), text(value["for"])
            # Names that derive macros make up and say nothing.
            if trait == "StructuralPartialEq":
                return None
            if of == full.rsplit("::", maxsplit=1)[-1] and not params and not where:
                return trait
            self.lines.add(f"impl{params} {trait} for {of}{where}  # {full}")
        return None

    def members(self, numbers, full, everything=False):
        for number in numbers:
            item = self.item(number)
            if item is None or not (everything or item["visibility"] == "public"):
                continue
            (kind, value), = item["inner"].items()
            if kind == "function":
                self.lines.add(signature(f"{full}::{item['name']}", value))
            elif kind == "assoc_const":
                self.lines.add(f"const {full}::{item['name']}: {text(value['type'])}")
            elif kind == "assoc_type":
                self.lines.add(f"type {full}::{item['name']}")


def main(source):
    with open(source, encoding="utf-8") as file:
        crate = json.load(file)
    if crate["format_version"] not in FORMATS:
        sys.exit(f"rustdoc JSON of version {crate['format_version']}: look at what changed since {FORMATS[-1]}")

    def place(line):
        """The path of what a line is about, and the type before what it has."""
        found = re.search(rf"\b{name}(::\w+)*", re.sub(r"^impl.*(  # | for )", "", line))
        return found[0], not line.startswith(("struct", "enum", "trait", "#")), line

    name = crate["index"][str(crate["root"])]["name"]
    for line in sorted(Listing(crate).lines, key=place):
        print(re.sub(r"  # .*", "", line))


main(sys.argv[1])
