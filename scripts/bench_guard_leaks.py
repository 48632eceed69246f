"""Leaks and recall on the public synthetic set of presidio-research (row G5), ContactIQ and Presidio alike.

The set: data/synth_dataset_v2.json of microsoft/presidio-research (MIT), 1,500 made-up messages. It is to
measure alone: nothing may learn from it, no rule be fitted to it, and this prints figures, never a message.

Its types, and ours. A type without a counterpart is not personal data to a bank's assistant by itself
(docs/guards.md): a gap there is no leak, and a finding there no hit.

    PERSON             PERSON            titles are spans of their own there, and outside of names here
    STREET_ADDRESS     ADDRESS
    ZIP_CODE           ADDRESS           a postcode alone counts as an address
    PHONE_NUMBER       PHONE
    CREDIT_CARD        CREDIT_CARD
    EMAIL_ADDRESS      EMAIL
    IBAN_CODE          IBAN
    US_SSN             SSN
    IP_ADDRESS         IP_ADDRESS
    US_DRIVER_LICENSE  DRIVER_LICENCE
    GPE, ORGANIZATION, NRP, TITLE, AGE, DOMAIN_NAME    none: places, firms, origins, titles, ages, sites
    DATE_TIME          none: birth dates are not told from others there

For Presidio, LOCATION counts as ADDRESS (it has no nearer type), its other types as named there.

- leak rate: of the messages with personal data of a mapped type, those in which any letter or digit of it
  is outside every finding. A finding of any type masks: for Presidio also a date, a place, a web address.
- found: spans that a finding of the same type touches. masked: spans wholly inside findings of any type.
- false alarms: messages without any span of any type in which something is found. Some of their words
  may well be personal data that the set doesn't label.

Brackets are Wilson's 95 % intervals.
"""
import hashlib, json, math
from collections import Counter

OURS = {
    "PERSON": "PERSON",
    "STREET_ADDRESS": "ADDRESS",
    "ZIP_CODE": "ADDRESS",
    "PHONE_NUMBER": "PHONE",
    "CREDIT_CARD": "CREDIT_CARD",
    "EMAIL_ADDRESS": "EMAIL",
    "IBAN_CODE": "IBAN",
    "US_SSN": "SSN",
    "IP_ADDRESS": "IP_ADDRESS",
    "US_DRIVER_LICENSE": "DRIVER_LICENCE",
}
OTHERS = {"GPE", "ORGANIZATION", "NRP", "TITLE", "AGE", "DOMAIN_NAME", "DATE_TIME"}
PRESIDIOS = {k: v for k, v in OURS.items() if k not in ("STREET_ADDRESS", "ZIP_CODE")} | {"LOCATION": "ADDRESS"}
# Of commit 7622dec1e5f7d25dc60b57c28c39f4c4af197018, the newest in November 2026.
SHA256 = "ec08a771ba8135314cafb60752b2295212222ba3a4cd75d73811839c699e0012"


def share(part, whole):
    if whole == 0:
        return "      none"
    z, rate = 1.959964, part / whole
    middle = (rate + z * z / (2 * whole)) / (1 + z * z / whole)
    half = z * math.sqrt(rate * (1 - rate) / whole + z * z / (4 * whole * whole)) / (1 + z * z / whole)
    return f"{rate:6.1%} [{max(0.0, middle - half):.1%}, {min(1.0, middle + half):.1%}]"


class Figures:
    """Counts of one program's findings, (start, end, our type) in code points of each message."""

    def __init__(self, rows, findings):
        self.all, self.found, self.masked = Counter(), Counter(), Counter()
        self.with_data = self.leaking = self.clean = self.alarms = 0
        self.by = Counter()  # leaking messages by what leaks
        for row, spans in zip(rows, findings, strict=True):
            if not row["spans"]:
                self.clean += 1
                self.alarms += bool(spans)
            covered = {i for start, end, _ in spans for i in range(start, end)}
            labels = [
                (s["start_position"], s["end_position"], s["entity_type"])
                for s in row["spans"]
                if s["entity_type"] in OURS
            ]
            leaks = set()
            for start, end, theirs in labels:
                kind = OURS[theirs]
                whole = all(i in covered or not row["full_text"][i].isalnum() for i in range(start, end))
                touched = any(k == kind and s < end and start < e for s, e, k in spans)
                for key in (theirs, f"all {kind}") if kind == "ADDRESS" else (theirs,):
                    self.all[key] += 1
                    self.found[key] += touched
                    self.masked[key] += whole
                if not whole:
                    leaks.add(kind)
            self.with_data += bool(labels)
            self.leaking += bool(leaks)
            if leaks:
                self.by[" and ".join(sorted(leaks))] += 1


def rows_of(path):
    with open(path, "rb") as file:
        content = file.read()
    if hashlib.sha256(content).hexdigest() != SHA256:
        print("\nanother version of the set than that of commit 7622dec: its figures are not those of others")
    rows = json.loads(content)
    unknown = {s["entity_type"] for r in rows for s in r["spans"]} - OURS.keys() - OTHERS
    if unknown:
        raise SystemExit(f"types without a mapping: {', '.join(sorted(unknown))}")
    return rows


def report(path, presidio, scans):
    rows = rows_of(path)
    texts = [r["full_text"] for r in rows]
    figures = {}
    for name, scan in scans.items():
        ours = [[(s["start"], s["end"], s["type"]) for s in a["spans"]] for a in scan.answers(texts)]
        figures[name] = Figures(rows, ours)
    theirs = [
        [(f.start, f.end, PRESIDIOS.get(f.entity_type)) for f in presidio.analyze(text)] for text in texts
    ]
    figures["Presidio"] = Figures(rows, theirs)
    known = figures["Presidio"].with_data
    print(f"\npresidio-research, {len(rows)} messages, {known} with personal data of known types")
    for name, f in figures.items():
        print(f"\n  {name}: leak rate {share(f.leaking, f.with_data)}; "
              f"false alarms {share(f.alarms, f.clean)} of {f.clean} without any label")
        print(f"  of {f.leaking} that leak: " + ", ".join(f"{n} {what}" for what, n in f.by.most_common()))
        print(f"  {'type there':<20}{'n':>5}  {'found':<26}{'masked':<26}")
        for key, n in f.all.most_common():
            print(f"  {key:<20}{n:>5}  {share(f.found[key], n):<26}{share(f.masked[key], n):<26}")
    mine = figures["ContactIQ"]
    reached = {
        "leak rate at most 15 %": mine.leaking / mine.with_data <= 0.15,
        "person found 88 %": mine.found["PERSON"] / mine.all["PERSON"] >= 0.88,
        "address found 90 %": mine.found["all ADDRESS"] / mine.all["all ADDRESS"] >= 0.90,
    }
    print()
    for what, yes in reached.items():
        print(f"  target {what}: {'reached' if yes else 'missed'}")
