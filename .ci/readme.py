"""Does what a Markdown file tells its readers to do.

A block marked `sh` is run from the root as a person would; where one marked `text` follows, its lines are looked for in what
it prints. `toml` and `rust` blocks are a crate that depends on ours, which is compiled.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import tomllib

page = open(sys.argv[1], encoding="utf-8").read()
blocks = re.findall(r"^```(\w*)[^\n]*\n(.*?)^```$", page, re.M | re.S)
root = pathlib.Path.cwd()


def run(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    print(done.stdout + done.stderr, flush=True)
    if done.returncode:
        sys.exit(f"exit status {done.returncode}")
    return done.stdout + done.stderr


def commands(blocks, home):
    """Runs the commands; what they install goes below the folder `home`."""
    installs = {"CARGO_INSTALL_ROOT": home, "CARGO_TARGET_DIR": str(root / "target"), "PATH": f"{home}/bin:{os.environ['PATH']}"}
    ran = 0
    for (kind, body), (next_kind, shown) in zip(blocks, blocks[1:] + [("", "")]):
        lines = "\n".join(line for line in body.splitlines() if not line.startswith("cargo test"))
        # What is installed for all users is played on a machine of its own, by the gate `systemd`.
        if kind != "sh" or not lines.strip() or "systemctl" in lines:
            continue
        ran += 1
        print(f"$ {lines}", flush=True)
        printed = run(["bash", "-euo", "pipefail", "-c", lines], env=os.environ | installs)
        if next_kind == "text":
            printed = iter(line.rstrip() for line in printed.splitlines())
            for line in shown.splitlines():
                if line.strip() not in ("", "...") and line.rstrip() not in printed:
                    sys.exit(f"not printed, or not in this order: {line}")
    return ran


def crate(tomls, rusts, folder):
    """Compiles the `rust` blocks, whose `bytes` are somebody's, with what the `toml` blocks depend on."""
    dependencies = tomllib.loads(tomls)["dependencies"]
    for line in tomls.splitlines():
        if not (told := re.match(r"([\w-]+) = .*# features: ([\w, ]+)", line)):
            continue
        features = tomllib.loads((root / told[1] / "Cargo.toml").read_text(encoding="utf-8"))["features"]
        if sorted(set(features) - {"default"}) != told[2].strip().split(", "):
            sys.exit(f"{told[1]} has other features: {sorted(features)}")
    patches = "".join(f'{name} = {{ path = "{root / name}" }}\n' for name in dependencies)
    (folder / "src").mkdir(parents=True)
    (folder / "Cargo.toml").write_text(
        '[package]\nname = "reader"\nedition = "2021"\n[workspace]\n' + tomls + f"[patch.crates-io]\n{patches}"
    )
    (folder / "Cargo.lock").write_text((root / "Cargo.lock").read_text(encoding="utf-8"))
    functions = (
        f"pub fn block_{number}(bytes: &[u8]) -> Result<(), Box<dyn std::error::Error>> {{\n{block}Ok(())\n}}\n"
        for number, block in enumerate(rusts)
    )
    (folder / "src/lib.rs").write_text("".join(functions))
    run(["cargo", "check", "--quiet", "--target-dir", root / "target"], cwd=folder)


with tempfile.TemporaryDirectory() as scratch:
    ran = commands(blocks, f"{scratch}/home")
    tomls, rusts = ([body for kind, body in blocks if kind == wanted] for wanted in ("toml", "rust"))
    if not ran or not tomls or not rusts:
        sys.exit("no command to run, or no crate to compile")
    crate("".join(tomls), rusts, pathlib.Path(scratch, "reader"))
print(f"{ran} blocks of commands, {len(rusts)} of Rust")
