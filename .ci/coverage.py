"""Line coverage of each crate's source from an lcov file, unit tests left out.
usage: coverage.py LCOV LEAST_PERCENT CRATE..."""
import collections
import pathlib
import re
import sys

lcov, least, crates = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
hits = collections.defaultdict(lambda: collections.defaultdict(int))
file = None
for line in open(lcov, encoding="utf-8"):
    if line.startswith("SF:"):
        file = pathlib.Path(line[3:].strip())
        # The tests stand at the end of a file; they are not what is covered.
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        tests = re.search(r"^#\[cfg\(test\)\]\nmod ", text, re.M)
        end = text.count("\n", 0, tests.start()) if tests else sys.maxsize
    elif line.startswith("DA:"):
        number, count = map(int, line[3:].split(",")[:2])
        if number <= end:
            hits[file][number] = max(hits[file][number], count)


def ranges(numbers):
    """Runs of numbers, as 3-5, 9."""
    runs = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(f"{first}-{last}" if first != last else str(first) for first, last in runs)


low = []
for crate in crates:
    source = pathlib.Path(crate, "src").resolve()
    lines = covered = 0
    for file in sorted(file for file in hits if source in file.parents):
        missed = [number for number, count in sorted(hits[file].items()) if not count]
        lines += len(hits[file])
        covered += len(hits[file]) - len(missed)
        if missed:
            print(f"{file.relative_to(source.parent.parent)}: {len(missed)} lines not run: {ranges(missed)}")
    percent = 100 * covered / lines if lines else 0
    print(f"{crate}: {percent:.2f} % of {lines} lines")
    if percent < least:
        low.append(crate)
if low:
    sys.exit(f"below {least:g} %: {', '.join(low)}")
