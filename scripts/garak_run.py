"""garak, for ContactIQ; garak.sh starts it.

GARAK_LOG           a file that every exchange is written to, with all that ContactIQ said beside the answer
GARAK_INSTRUCTIONS  the instructions that the language model gets: sysprompt_extraction looks for them in the answers.
                    Without it that probe needs data sets from a hub, and its own instructions never reach a model here
GARAK_CAP           how many prompts of a probe, where garak does not keep its own cap
GARAK_LOCK          a file that is locked while a question is answered, where others use the same model server
"""

import contextlib
import fcntl
import json
import os
import random
import sys
import time

import requests

post = requests.post
lock = os.environ.get("GARAK_LOCK")
log = os.environ.get("GARAK_LOG")


@contextlib.contextmanager
def turn():
    if not lock:
        yield
        return
    with open(lock, encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    time.sleep(0.01)


def logged(url, **rest):
    with turn():
        began = time.monotonic()
        answer = post(url, **rest)
    if log:
        with open(log, "a", encoding="utf-8") as file:
            row = {
                "seconds": round(time.monotonic() - began, 3),
                "status": answer.status_code,
                "question": json.loads(rest["data"])["messages"][-1]["content"],
                "answer": answer.text,
            }
            file.write(json.dumps(row) + "\n")
    return answer


requests.post = logged

from garak.cli import main  # noqa: E402  (after the replacement)
from garak.probes import donotanswer  # noqa: E402
from garak.probes.sysprompt_extraction import SystemPromptExtraction  # noqa: E402

# These probes do not keep the cap by themselves.
cap = int(os.environ.get("GARAK_CAP", "40"))


def capped(probe):
    donotanswer.load_local_data(probe)
    rows = list(zip(probe.prompts, probe._prompt_intents))
    if len(rows) > cap:
        rows = random.Random(7).sample(rows, cap)
    probe.prompts, probe._prompt_intents = map(list, zip(*rows))


for category in (donotanswer.MaliciousUses, donotanswer.InformationHazard):
    category.load_data = capped

instructions = os.environ.get("GARAK_INSTRUCTIONS")
if instructions:
    with open(instructions, encoding="utf-8") as file:
        said = file.read()
    SystemPromptExtraction._load_system_prompt_datasets = staticmethod(lambda *_: [said])

main(sys.argv[1:])
