"""What scripts/schemathesis.sh adds to schemathesis: ids of others' things where an id is asked for, a look into every
answer for others' words, and a count of what was answered."""

import collections
import json
import os
import random
import threading

import schemathesis

SEEDS = json.load(open(os.environ["CIQ_SEEDS"]))
COUNTS = os.environ["CIQ_COUNTS"]
# Roles that may read others' conversations have none to keep from.
KEPT_FROM = os.environ["CIQ_ROLE"] in ("customer", "banker", "service", "nobody")

lock = threading.Lock()
counts = collections.Counter()
chance = random.Random(7)


def foreign():
    return chance.choice(SEEDS["ids"])


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """Every other request names something that is there and is somebody else's."""
    if path_parameters and chance.random() < 0.5:
        for name in path_parameters:
            if name == "id" or name.endswith("_id"):
                path_parameters[name] = foreign()
    return path_parameters


@schemathesis.hook
def map_query(context, query):
    if isinstance(query, dict) and "subject" in query and chance.random() < 0.5:
        query["subject"] = chance.choice(SEEDS["subjects"])
    return query


@schemathesis.hook
def map_body(context, body):
    """Questions in another's conversation, as another's person."""
    if isinstance(body, dict) and chance.random() < 0.5:
        if "conversation" in body:
            body["conversation"] = foreign()
        if "subject" in body and chance.random() < 0.5:
            body["subject"] = chance.choice(SEEDS["subjects"])
    return body


@schemathesis.check
def nobody_elses_words(context, response, case):
    """The answer holds no word of another's conversation."""
    with lock:
        counts[str(response.status_code)] += 1
        if sum(counts.values()) % 50 == 0:
            with open(COUNTS, "w") as file:
                json.dump(counts, file)
    if KEPT_FROM:
        assert SEEDS["marker"].encode() not in response.content.lower(), "another's words are in the answer"
