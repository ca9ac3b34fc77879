"""Runs the `sh` blocks of a Markdown file and looks for the `text` block behind each in what they print."""
import re
import subprocess
import sys

page = open(sys.argv[1], encoding="utf-8").read()
blocks = re.findall(r"^```(\w*)[^\n]*\n(.*?)^```$", page, re.M | re.S)
ran = 0
for (kind, body), (next_kind, shown) in zip(blocks, blocks[1:] + [("", "")]):
    commands = "\n".join(line for line in body.splitlines() if not line.startswith("cargo test"))
    if kind != "sh" or not commands.strip():
        continue
    ran += 1
    print(f"$ {commands}", flush=True)
    run = subprocess.run(["bash", "-euo", "pipefail", "-c", commands], capture_output=True, text=True, check=False)
    print(run.stdout + run.stderr, flush=True)
    if run.returncode:
        sys.exit(f"exit status {run.returncode}")
    if next_kind == "text":
        printed = iter(line.rstrip() for line in (run.stdout + run.stderr).splitlines())
        for line in shown.splitlines():
            if line.strip() not in ("", "...") and line.rstrip() not in printed:
                sys.exit(f"not printed, or not in this order: {line}")
if not ran:
    sys.exit("no command to run")
print(f"{ran} blocks of commands")
