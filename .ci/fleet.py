"""fleet.py FOLDER DOCUMENT [--update]: asks DuckDB what the document asks, and compares the answers with those that
follow each question; then compares what the sinks hold. --update writes the answers into the document."""

import difflib
import json
import re
import sqlite3
import sys

import duckdb

folder, document = sys.argv[1:3]
database = duckdb.connect()
database.execute("SET TimeZone = 'UTC'")
database.execute(f"SET file_search_path = '{folder}'")


def ask(question):
    """The answer as text, a line for each row."""
    rows = database.execute(f"SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ({question.strip().rstrip(';')})")
    names = [column[0] for column in rows.description]
    return [" | ".join("NULL" if value is None else value for value in row) for row in [names, *rows.fetchall()]]


def check(condition, what):
    if not condition:
        sys.exit(f"fleet.py: {what}")


text = open(document).read()
pattern = re.compile(r"```sql\n(.*?)```\n\n```text\n(.*?)```", re.S)
check(len(pattern.findall(text)) == text.count("```sql"), "a question has no answer")
wrong = []


def answered(match):
    question, kept = match.groups()
    answer = "\n".join(ask(question.replace("'history.parquet'", "'once.parquet'"))) + "\n"
    if answer != kept:
        wrong.extend([question, *difflib.unified_diff(kept.splitlines(), answer.splitlines(), "kept", "is", lineterm="")])
    return f"```sql\n{question}```\n\n```text\n{answer}```"


updated = pattern.sub(answered, text)
if sys.argv[3:] == ["--update"]:
    open(document, "w").write(updated)
else:
    check(not wrong, "\n".join(["other answers", *wrong]))

# Which of several copies of an event is met first depends on what was asked for; what it says does not.
columns = "* EXCLUDE (source, slot)"
for one, other in [("once", "twice"), ("twice", "once")]:
    differ = ask(f"SELECT {columns} FROM '{one}.parquet' EXCEPT SELECT {columns} FROM '{other}.parquet'")
    check(len(differ) == 1, "\n".join(["one run has what two do not, or the reverse:", *differ]))
for name in ["once", "twice"]:
    rows = database.execute(f"SELECT count(*), count(DISTINCT (key, section)) FROM '{name}.parquet'").fetchone()
    check(rows[0] == rows[1] > 0, f"{rows[0]} rows, {rows[1]} different ones")

    keys = {key for (key,) in database.execute(f"SELECT DISTINCT key FROM '{name}.parquet'").fetchall()}
    lines = [json.loads(line) for line in open(f"{folder}/{name}.json")]
    # A log of which a part is met later is told again, with the same key.
    check({line["key"] for line in lines} == keys, "the JSON lines tell of other events")
    parts = database.execute(f"SELECT part_key FROM '{name}.parquet' WHERE part_key IS NOT NULL").fetchall()
    told = {key for line in lines for key in line.get("part_keys", [])}
    check(sorted(key for (key,) in parts) == sorted(told), "the JSON lines tell of other parts of logs")
    # rasdaemon's tables have no room for kernel logs and the like.
    noted = {key for (key,) in sqlite3.connect(f"{folder}/{name}.db").execute("SELECT key FROM ras_collect")}
    check(noted and noted <= keys, "the database tells of events that nobody else saw")

    # The parts of a log are one error.
    counted = database.execute(
        "SELECT kind, severity, component, count(DISTINCT (key, CASE WHEN part_key IS NULL THEN section END))"
        f" FROM '{name}.parquet' GROUP BY ALL"
    ).fetchall()
    counted = {f'kind="{kind}",severity="{severity}",component="{unit or ""}"': number for kind, severity, unit, number in counted}
    sample = re.compile(r"ras_errors_total\{(.*)\} (\d+)")
    counts = {labels: int(number) for labels, number in sample.findall(open(f"{folder}/{name}.prom").read())}
    check(counted == counts, f"Prometheus is told other numbers: {counted.items() ^ counts.items()}")

print(f"{text.count('```sql')} questions, {rows[0]} rows of {len(keys)} events, {sum(counts.values())} errors counted")
