"""Compares what rasdaemon recorded of replayed events with what `ras collect` recorded of the same store.

replay.py DAEMON.db COLLECTED.db"""

import sqlite3
import sys

# Why a column may differ.
DIFFERENT = {
    ("*", "timestamp"): "the daemon has the time of the replay, ras collect that of the record or of the collection",
    ("mc_event", "err_type"): "0.6.8 does not know that a type was added between uncorrected and fatal: it says Info",
    ("mce_record", "error_msg"): "each decodes the error code in words of its own",
}
# Rows of the daemon, and how many more there are of ras collect, which records what the module skips: a record whose seal
# is broken, and another system's.
ROWS = {"mc_event": (1, 2), "aer_event": (1, 0), "extlog_event": (1, 0), "mce_record": (2, 0)}


def rows(database, table):
    connection = sqlite3.connect(database)
    connection.row_factory = sqlite3.Row
    return [dict(row) for row in connection.execute(f"SELECT * FROM {table} ORDER BY id")]


def difference(table, their, our):
    """The columns that differ and may not."""
    columns = [column for column, value in their.items() if column != "id" and value != our[column]]
    return [column for column in columns if (table, column) not in DIFFERENT and ("*", column) not in DIFFERENT]


daemon, collected = sys.argv[1:]
wrong, same, different = [], 0, set()
for table, (count, skipped) in ROWS.items():
    theirs, ours = rows(daemon, table), rows(collected, table)
    if len(theirs) != count or len(ours) != count + skipped:
        wrong.append(f"{table}: {len(theirs)} rows of the daemon, {len(ours)} of ras collect")
    for their in theirs:
        our = min(ours, key=lambda our: len(difference(table, their, our)), default=None)
        if our is None:
            wrong.append(f"{table}: no row of ras collect for {their}")
            continue
        ours.remove(our)
        for column in difference(table, their, our):
            wrong.append(f"{table}.{column}: the daemon has {their[column]!r}, ras collect {our[column]!r}")
        for column, value in their.items():
            reason = DIFFERENT.get((table, column)) or DIFFERENT.get(("*", column))
            if value == our[column]:
                same += 1
            elif reason:
                different.add(f"{column}: {reason}")
if wrong:
    sys.exit("\n".join(wrong))
print(f"{same} values are the same in rasdaemon's database; not", *sorted(different))
