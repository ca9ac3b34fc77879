"""schema.py SCHEMA FILE...: each line of the files is an object of the schema; what is none is refused."""

import copy
import json
import sys

from jsonschema import Draft202012Validator

schema = json.load(open(sys.argv[1]))
Draft202012Validator.check_schema(schema)
validator = Draft202012Validator(schema)


def check(condition, what):
    if not condition:
        sys.exit(f"schema.py: {what}")


objects = 0
for name in sys.argv[2:]:
    for number, line in enumerate(open(name), 1):
        objects += 1
        event = json.loads(line)
        for error in validator.iter_errors(event):
            sys.exit(f"{name}:{number}: {event['source']}: {error.json_path}: {error.message[:300]}")
check(objects > 500, f"{objects} objects")

# It refuses a member too many, one too few, null, and a number where a string belongs.
memory = next(
    event
    for event in map(json.loads, open(sys.argv[2]))
    if event["kind"] == "memory" and "physical_address" in event["sections"][0]["fields"]
)
check(validator.is_valid(memory), "a memory error is refused")


def refused(change):
    event = copy.deepcopy(memory)
    change(event)
    check(not validator.is_valid(event), f"taken for one of the schema: {json.dumps(event)}")


refused(lambda event: event.update(other=1))
refused(lambda event: event.pop("schema_version"))
refused(lambda event: event.update(record_id=None))
refused(lambda event: event.update(record_id=7))
refused(lambda event: event["sections"][0]["fields"].update(physical_address=7))
refused(lambda event: event["sections"][0]["fields"].update(physical_address="0x7"))
refused(lambda event: event["sections"][0]["fields"].update(other_field=7))
refused(lambda event: event["sections"][0].update(type={"guid": event["sections"][0]["type"]["guid"]}))
