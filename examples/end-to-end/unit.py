"""What the play unit.sh asks of the unit, and whether it came true.

unit.py install DOCUMENT             the commands that the document installs the unit with, but for what builds it
unit.py cases UNIT DOCUMENT FOLDER   a folder for each case, with its drop-in: those of the document, that of the unit's
                                     comment, and each sink alone
unit.py check OUT CASES BEFORE AFTER compares what the guest left with what the cases ask for; so many records were in
                                     ERST before the boot and after it"""

import json
import pathlib
import re
import sqlite3
import sys

SINKS = {
    "json": "/var/lib/ras/events.json",
    "parquet": "/var/lib/ras/history.parquet",
    "prometheus": "/var/lib/prometheus/node-exporter/ras.prom",
    "sqlite": "/var/lib/rasdaemon/ras-mc_event.db",
    "archive": "/var/lib/ras/records",
}


def blocks(document, language):
    return re.findall(rf"^```{language}\n(.*?)^```", pathlib.Path(document).read_text(), re.S | re.M)


def install(document):
    (commands,) = [block for block in blocks(document, "sh") if "systemctl enable" in block]
    print("\n".join(line for line in commands.splitlines() if not line.startswith("cargo build")))


def command(options):
    return f"[Service]\nExecStart=\nExecStart=ras collect {options}\n"


def cases(unit, document, folder):
    comment = re.findall(r"^#   (.*)$", pathlib.Path(unit).read_text(), re.M)
    documented = blocks(document, "ini")
    if len(comment) < 3 or len(documented) < 3:
        sys.exit("unit.py: the documentation has lost its drop-ins")
    in_the_unit = "\n".join(comment) + "\n"
    all_cases = {"shipped": "", "comment": in_the_unit, "rasdaemon": in_the_unit, "rasdaemon-wal": in_the_unit}
    all_cases |= {f"documented-{number}": block for number, block in enumerate(documented, 1)}
    all_cases |= {sink: command(f"--{sink} {path}") for sink, path in SINKS.items()}
    shipped = re.search(r"^ExecStart=.*", pathlib.Path(unit).read_text(), re.M)[0]
    for name, drop_in in all_cases.items():
        path = pathlib.Path(folder) / name
        path.mkdir(parents=True)
        (path / "drop-in.conf").write_text(drop_in)
        lines = (drop_in or shipped).replace("\\\n", " ").splitlines()
        (path / "command").write_text([line for line in lines if line.startswith("ExecStart=ras ")][-1])


def state(path):
    return dict(line.split("=", 1) for line in path.read_text().splitlines())


def holds(sink, path, before):
    """What a sink holds of the records; of rasdaemon's database what is new in it."""
    if sink == "json":
        return len([json.loads(line) for line in path.read_text().splitlines()])
    if sink == "archive":
        return len([file for file in path.rglob("*") if file.is_file() and not file.name.startswith(".")])
    if sink == "sqlite":
        count = "SELECT count(*) FROM mce_record"
        rows = sqlite3.connect(path).execute(count).fetchone()[0]
        return rows - (sqlite3.connect(before).execute(count).fetchone()[0] if before.exists() else 0)
    if sink == "parquet":
        bytes = path.read_bytes()
        return bytes[:4] == bytes[-4:] == b"PAR1"
    return sum(line.startswith("ras_") for line in path.read_text().splitlines())


def check(out, folder, before, after):
    out, wrong = pathlib.Path(out), []

    def expect(what, found, expected):
        if found != expected:
            wrong.append(f"{what}: {found}, not {expected}")

    def success(what, found):
        expect(what, (found["Result"], found["ExecMainCode"]), ("success", "1"))

    boot = state(out / "boot.state")
    success("at boot", boot)
    # systemd writes a minute as 1min.
    expect("TimeoutStartSec= is a minute at the most", re.fullmatch(r"1min|\d+s", boot["TimeoutStartUSec"]) is not None, True)
    expect("MemoryMax= is a number", boot["MemoryMax"].isdigit(), True)
    events = out / "boot/ras/events.json"
    told = len(events.read_text().splitlines()) if events.exists() else 0
    expect(f"the {before} records of ERST are told of at boot", told >= 2, True)
    expect("records of ERST after it", int(after), 0)
    replay, daemon = state(out / "ras-replay.state"), state(out / "rasdaemon.state")
    success("the replay", replay)
    order = [int(unit[f"{moment}TimestampMonotonic"]) for unit, moment in
             [(boot, "InactiveEnter"), (daemon, "InactiveExit"), (replay, "InactiveExit")]]
    expect(f"the order of collecting, listening and telling: {order}", order == sorted(order) and order[0] > 0, True)
    told = dict(line.split(": ") for line in (out / "replayed").read_text().splitlines())
    expect("errors of the former boot, and those told", (told["errors"], told["told"]), ("1", "1"))
    rows = sqlite3.connect(out / "heard.db").execute("SELECT bank, status FROM mce_record").fetchall()
    expect("rows of rasdaemon for the one machine check", [(bank, hex(status % 2**64)) for bank, status in rows],
           [(4, "0xbe00000000000135")])
    expect("the replay beside --sqlite", state(out / "sqlite.replay")["Result"], "exec-condition")
    hangs = state(out / "hangs.state")
    expect("the unit that hangs", hangs["Result"], "timeout")
    held_up = int(hangs["InactiveEnterTimestampMonotonic"]) - int(hangs["InactiveExitTimestampMonotonic"])
    expect(f"that it is gone soon after its 3 s: {held_up} us", held_up < 20_000_000, True)
    expect("that only systemd-pstore makes the boot wait", "ras-" in state(out / "sysinit.state")["After"], False)
    expect("the unit that grows", state(out / "grows.state")["Result"], "oom-kill")

    found = sorted(path for path in pathlib.Path(folder).iterdir())
    for case in found:
        options = (case / "command").read_text()
        for round in ["first", "second"]:
            success(f"{case.name}, {round} run", state(out / f"{case.name}.{round}"))
            left = len((out / f"{case.name}.{round}.left").read_text().splitlines())
            expect(f"{case.name}, {round} run: records left", left, 0 if "--clear" in options else 3)
        for sink, path in re.findall(r"--(json|parquet|prometheus|sqlite|archive) (\S+)", options):
            # The guest handed back each folder by its last name.
            kept = out / case.name / re.sub(r"^/(?:var/lib|srv)/(?:prometheus/)?", "", path)
            try:
                amount = holds(sink, kept, case / "before.db")
            except (OSError, ValueError, sqlite3.Error) as error:
                amount = error
            least = {"json": 2, "archive": 3, "sqlite": 1}.get(sink, 1)
            if not (isinstance(amount, int) and amount >= least):
                wrong.append(f"{case.name}: --{sink} {path} holds {amount}")
    if wrong:
        sys.exit("\n".join(["under its own unit the program fails:", *wrong]))
    print(f"{len(found)} commands run twice by systemd under the unit's own filter")


{"install": install, "cases": cases, "check": check}[sys.argv[1]](*sys.argv[2:])
