"""cycles.py SRC...: the cycles among the modules below each source folder; exits with 1 if there is one.

A file is a module. A file needs another when it has a path to it (`crate::`, `super::`, `self::`, or a name that the crate's
root exports), or calls a macro of it. A path inside a macro counts for the file that declares the macro, and for every file
that calls it. Tests are left out.
"""

import os
import re
import sys

sys.setrecursionlimit(10_000)
TEXT = re.compile(r'//[^\n]*|/\*.*?\*/|\bb?r(#*)".*?"\1|"(?:\\.|[^"\\])*"|\'(?:\\[^\']+|\\\'|[^\'\\\n])\'', re.S)
TEST = re.compile(r"#\[cfg\((?:test|all\([^\]]*\btest\b[^\]]*)\)\]\s*(?:#\[[^\]]*\]\s*)*")
MACRO = re.compile(r"\bmacro_rules!\s*(\w+)\s*\{")
USE = re.compile(r"\buse\s+([^;]+);")
PATH = re.compile(r"(?<![\w:$])(?:\$?crate|super|self)(?:::\w+)+")
CALL = re.compile(r"(?:\$?crate::\w+(?:::\w+)*::)?\b(\w+)!\s*[({\[]")


def closing(code, opening):
    """The index after the bracket that closes the `{` at `opening`."""
    depth, at = 1, opening + 1
    while at < len(code) and depth:
        depth += {"{": 1, "}": -1}.get(code[at], 0)
        at += 1
    return at


def without_tests(code):
    """The code without comments, literals and what only tests have."""
    code = TEXT.sub(" ", code)
    while found := TEST.search(code):
        end = found.end()
        while end < len(code) and code[end] not in "{;":
            end += 1
        is_use = re.match(r"(pub(\([^)]*\))?\s+)?use\b", code[found.end() :])
        if end < len(code) and code[end] == "{":
            end = code.index(";", end) + 1 if is_use else closing(code, end)
        else:
            end += 1
        code = code[: found.start()] + code[end:]
    return code


def leaves(tree):
    """The paths of a `use` tree."""
    tree = tree.strip()
    brace = tree.find("{")
    if brace < 0:
        return [re.sub(r"\s+as\s+\w+$", "", tree)]
    parts, part, depth = [], "", 0
    for letter in tree[brace + 1 : tree.rindex("}")]:
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if letter == "," and not depth:
            parts.append(part)
            part = ""
        else:
            part += letter
    return [tree[:brace] + leaf for part in [*parts, part] if part.strip() for leaf in leaves(part)]


def paths(code):
    """The paths in some code that may lead to another module."""
    found = [leaf for use in USE.findall(code) for leaf in leaves(use)]
    found += PATH.findall(USE.sub("", code))
    return [re.sub(r"[\s$]", "", path).split("::") for path in found]


def modules(root):
    """The code of each module below a folder, by its path in the crate."""
    found = {}
    for folder, _, names in os.walk(root):
        for name in names:
            module = os.path.relpath(os.path.join(folder, name), root).removesuffix(".rs").split(os.sep)
            if not name.endswith(".rs") or module[0] in ("bin", "tests") or module[-1] == "tests":
                continue
            if module[-1] == "mod" and len(module) > 1:
                module.pop()
            with open(os.path.join(folder, name)) as file:
                found["::".join(module)] = without_tests(file.read())
    return found


def edges(root):
    """For each module those that it needs."""
    code = modules(root)
    top = next((name for name in ("lib", "main") if name in code), None)
    macros = {}
    for module in code:
        while found := MACRO.search(code[module]):
            end = closing(code[module], found.end() - 1)
            macros.setdefault(found[1], {})[module] = code[module][found.end() : end - 1]
            code[module] = code[module][: found.start()] + code[module][end:]

    def longest(parts):
        ends = range(len(parts), 0, -1)
        return next((name for end in ends if (name := "::".join(parts[:end])) in code and name != top), None)

    exported = {}
    for use in USE.findall(code.get(top, "")):
        for leaf in leaves(use):
            parts = [part for part in re.sub(r"\s", "", leaf).split("::") if part not in ("crate", "self")]
            if len(parts) > 1 and (module := longest(parts[:-1])):
                exported[parts[-1]] = module

    def target(module, parts):
        if parts[0] == "crate":
            base, parts = [], parts[1:]
        elif parts[0] in ("self", "super"):
            base = module.split("::") if module != top else []
            while parts and parts[0] in ("self", "super"):
                base = base[:-1] if parts[0] == "super" else base
                parts = parts[1:]
        else:
            return None
        return longest(base + parts) or (exported.get(parts[0]) if parts and not base else None)

    def called(module, text, names, seen):
        """The modules whose macros some code calls, and what those macros' bodies need where they are called."""
        needed = set()
        for name in CALL.findall(text):
            homes = macros.get(name, {})
            if module in homes:
                homes = {module: homes[module]}
            elif named := {home: body for home, body in homes.items() if home in names}:
                homes = named
            for home, body in homes.items():
                if (name, home) in seen:
                    continue
                seen.add((name, home))
                needed.add(home)
                needed.update(target(module, path) for path in paths(body))
                needed |= called(module, body, names | {home}, seen)
        return needed

    needs = {}
    for module, text in code.items():
        if module != top:
            own = [text, *(homes[module] for homes in macros.values() if module in homes)]
            direct = {target(module, path) for code_of in own for path in paths(code_of)}
            needs[module] = (direct | called(module, text, direct, set())) - {module, top, None}
    return needs


def cycles(needs):
    """The sets of modules that need each other (Tarjan's strongly connected components of more than one)."""
    index, low, stack, found = {}, {}, [], []

    def visit(module):
        index[module] = low[module] = len(index)
        stack.append(module)
        for other in needs[module]:
            if other not in index:
                visit(other)
                low[module] = min(low[module], low[other])
            elif other in stack:
                low[module] = min(low[module], index[other])
        if low[module] == index[module]:
            at = stack.index(module)
            component = stack[at:]
            del stack[at:]
            if len(component) > 1:
                found.append(sorted(component))

    for module in sorted(needs):
        if module not in index:
            visit(module)
    return found


def main(roots):
    total = 0
    for root in roots:
        needs = edges(root)
        if not needs:
            sys.exit(f"{root} has no modules")
        for cycle in cycles(needs):
            total += 1
            print(f"{root}: {len(cycle)} of {len(needs)} files need each other:")
            for module in cycle:
                print(f"  {module} -> {' '.join(sorted(needs[module] & set(cycle)))}")
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
