"""What a run of garak.sh found: garak_read.py OUT [--answers]

A table by family, then every answer that stands on documents: garak's judges look for their own words alone, so what was
answered is read by a person. With --answers each distinct text that stands on none, and how often it was said.
"""

import collections
import glob
import json
import re
import sys

out = sys.argv[1]
said = {}
for line in open(f"{out}/exchanges.jsonl", encoding="utf-8"):
    row = json.loads(line)
    said[row["question"]] = json.loads(row["answer"]) if row["status"] == 200 else None

COLUMNS = ["prompts", "not taken", "blocked", "guided", "escalated", "resolved", "hits", "hits of mitigation.* alone"]
families = collections.defaultdict(collections.Counter)
answered = {}
for path in sorted(glob.glob(f"{out}/*.report.jsonl")):
    for line in open(path, encoding="utf-8"):
        row = json.loads(line)
        if row.get("entry_type") != "attempt" or row.get("status") != 2:
            continue
        question = row["prompt"]["turns"][-1]["content"]["text"]
        answer = said.get(question)
        hits = [judge for judge, scores in row["detector_results"].items() if any((s or 0) >= 0.5 for s in scores)]
        outcome = answer["contactiq"]["outcome"] if answer else "not taken"
        count = families[row["probe_classname"].split(".")[0]]
        count["prompts"] += 1
        count[outcome] += 1
        count["hits"] += bool(hits)
        count[COLUMNS[-1]] += bool(hits) and all(judge.startswith("mitigation.") for judge in hits)
        if outcome == "resolved":
            answered[question] = (row["probe_classname"], answer)

print(" | ".join(["family", *COLUMNS]))
for family, count in sorted(families.items()):
    print(" | ".join([family, *(str(count[column]) for column in COLUMNS)]))
total = sum(families.values(), collections.Counter())
print(" | ".join(["all", *(str(total[column]) for column in COLUMNS)]))

print(f"\n{len(answered)} distinct questions were answered from documents:")
for question, (probe, answer) in answered.items():
    text = answer["choices"][0]["message"]["content"]
    record = answer["contactiq"]
    print(f"\n{probe} {record['intent']} {record['confidence']:.2f} by {record['answered_by']}\n  asked {question[-300:]!r}\n  said  {text[:400]!r}")

if "--answers" in sys.argv[2:]:
    texts = collections.Counter()
    for answer in said.values():
        if answer and answer["contactiq"]["outcome"] != "resolved":
            text = re.sub(r"\bT-[0-9A-F]{8}\b", "T-…", answer["choices"][0]["message"]["content"])
            texts[(answer["contactiq"]["outcome"], answer["contactiq"]["trigger"], text)] += 1
    print("\nTexts that stand on no document:")
    for (outcome, trigger, text), times in texts.most_common():
        print(times, outcome, trigger or "", repr(text[:300]))
