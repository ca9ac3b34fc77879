"""Prints a crate's README: the front page of its documentation, as a page of its own. usage: crate-readme.py FOLDER

What only rustdoc reads is taken out: the hidden lines of examples, and links to items.
"""
import pathlib
import re
import sys
import tomllib

folder = pathlib.Path(sys.argv[1])
manifest = tomllib.loads((folder / "Cargo.toml").read_text(encoding="utf-8"))
package = manifest["package"]
workspace = tomllib.loads((folder.parent / "Cargo.toml").read_text(encoding="utf-8"))["workspace"]["package"]
docs = package["documentation"]

lines = []
fence = None
for line in (folder / "src/lib.rs").read_text(encoding="utf-8").splitlines():
    if not line.startswith("//!"):
        if lines:
            break
        continue
    line = line[4:]
    if line.startswith("```"):
        fence = None if fence else line
        lines.append("```rust" if line == "```" and fence else line)
    elif fence:
        if not re.match(r"# |#$", line):
            lines.append(line)
    else:
        line = re.sub(r"^#", "##", line)
        # Definitions of links, and links to items: `[`Item`]`, `[`Item`](path)`, `[module]`, `[words](path::to)`.
        if re.match(r"\[[^\]]+\]: (?!https?:)", line):
            continue
        line = re.sub(r"\[(`[^`\]]+`)\](?:\((?!https?:)[^)]*\))?", r"\1", line)
        line = re.sub(r"\[([^\]`]+)\]\((?!https?:)[^)]*\)", r"\1", line)
        line = re.sub(r"\[(\w+)\](?!\()", r"`\1`", line)
        lines.append(line)

page = re.sub(r"```rust\n\n+", "```rust\n", "\n".join(lines).strip())
features = {example["name"]: example["required-features"] for example in manifest.get("example", [])}
examples = "\n".join(
    f"- [`{path.stem}`](examples/{path.name}): {path.read_text(encoding='utf-8').splitlines()[0].removeprefix('//! ')}"
    + "".join(f" With `--features {feature}`." for feature in features.get(path.stem, []))
    for path in sorted((folder / "examples").glob("*.rs"))
)
print(f"""# {package['name']}

{page}

## Use it

```sh
cargo add {package['name']}
```

Rust {workspace['rust-version']} or newer, of edition 2021 or later; `no_std`, no heap. The whole of it is in the
[documentation]({docs}). To run in a clone, `cargo run -p {package['name']} --example NAME`:

{examples}

Licence: [{workspace['license']}](LICENSE).""")
