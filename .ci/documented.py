"""Makes a crate of the examples in other crates' documentation. usage: documented.py FOLDER CRATES NAME...

The crate in FOLDER depends on the crates NAME in the folder CRATES, and on nothing else: an example that needs another
one does not compile there, as it would not for a reader.
"""

import json
import pathlib
import re
import sys

DOC = re.compile(r"^\s*//[/!] ?(.*)$")
FENCE = re.compile(r"^```(.*)$")
NOT_RUST = re.compile(r"text|ignore|toml|sh|console|json|c\b")


def examples(text):
    """The fenced blocks of the documentation in a source file: line number, words behind the fence, lines."""
    block = None
    for number, line in enumerate(text.splitlines(), 1):
        doc = DOC.match(line)
        if not doc:
            block = None
            continue
        fence = FENCE.match(doc[1])
        if fence and block is None:
            block = (number, fence[1], [])
        elif fence:
            if not NOT_RUST.match(block[1]):
                yield block
            block = None
        elif block:
            block[2].append(doc[1])


def main(folder, crates, *names):
    folder = pathlib.Path(folder)
    (folder / "src").mkdir(parents=True)
    features = {"cper": ["alloc", "linux", "serde"], "erst-table": ["serde", "sim"]}
    dependencies = "".join(
        f'{name} = {{ version = "0.2", features = {json.dumps(features.get(name, ["serde"]))} }}\n' for name in names
    )
    patches = "".join(f'{name} = {{ path = "{crates}/{name}" }}\n' for name in names)
    (folder / "Cargo.toml").write_text(
        '[package]\nname = "documented"\nedition = "2024"\n\n'
        '[features]\ndefault = ["alloc", "linux", "serde", "sim"]\nalloc = []\nlinux = []\nserde = []\nsim = []\n\n'
        f"[workspace]\n\n[profile.dev]\ndebug = false\n\n[dependencies]\n{dependencies}\n"
        f"[patch.crates-io]\n{patches}"
    )
    out = []
    for name in names:
        for path in sorted(pathlib.Path(crates, name, "src").rglob("*.rs")):
            for number, words, lines in examples(path.read_text()):
                place = f"{name}_{path.relative_to(pathlib.Path(crates, name, 'src')).with_suffix('')}_{number}"
                item = re.sub(r"\W", "_", place)
                out.append("\n".join(f"/// {line}" for line in [f"```{words}", *lines, "```"]) + f"\npub fn {item}() {{}}\n")
    (folder / "src/lib.rs").write_text("\n".join(out))
    print(f"{len(out)} examples of the documentation")


main(*sys.argv[1:])
