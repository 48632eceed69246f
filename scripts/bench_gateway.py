"""The table of bench-gateway.sh, from the lines of bench_gateway.rs on standard input."""

import sys

CACHED = {"p50": 1.0, "p99": 5.0}  # milliseconds
FIRST_SENTENCE = 10.0


def main():
    runs, sentences, notes = {}, {}, []
    for line in sys.stdin:
        if line.startswith("#"):
            notes.append(line[2:].strip())
            continue
        row, delay, connections, name, a_second, p50, p99, answers, grounded, failed, processor = line.split()
        figures = {"rps": float(a_second), "p50": float(p50), "p99": float(p99), "answers": int(answers)}
        figures |= {"grounded": float(grounded), "failed": int(failed), "processor": float(processor)}
        if row == "S3":
            sentences[name] = figures
        else:
            runs[int(delay), int(connections), name] = figures

    rows = [("measure", "direct", "LiteLLM", "ContactIQ", "ContactIQ / LiteLLM", "target", "")]

    def add(measure, direct, lite, ours, target, reached):
        rows.append((measure, direct, lite, ours[0], ours[1], target, "reached" if reached else "MISSED"))

    loads = sorted({(delay, connections) for delay, connections, _ in runs})
    for delay, connections in loads:
        at = {name: runs[delay, connections, name] for name in ("direct", "LiteLLM", "ContactIQ")}
        for figure in ("p50", "p99"):
            direct = at["direct"][figure]
            lite, ours = at["LiteLLM"][figure] - direct, at["ContactIQ"][figure] - direct
            add(
                f"S1 model {delay} ms, {connections} connections: adds, {figure}, ms",
                f"{direct:.2f}", f"{lite:+.1f}", (f"{ours:+.2f}", f"{ours / lite:.2f}"), "a third", ours <= lite / 3,
            )
    best = {name: max((r["rps"] for (d, _, n), r in runs.items() if n == name and d == 0), default=0) for name in ("direct", "LiteLLM", "ContactIQ", "remembered")}
    ratio = best["ContactIQ"] / best["LiteLLM"]
    add("S1 answers a second at saturation", f"{best['direct']:.0f}", f"{best['LiteLLM']:.0f}", (f"{best['ContactIQ']:.0f}", f"{ratio:.1f}"), "8 times", ratio >= 8)
    ours, lite = (runs[0, 10, name]["processor"] for name in ("ContactIQ", "LiteLLM"))
    rows.append(("S1 time of the processors for an answer, ms", "", f"{lite:.1f}", f"{ours:.2f}", f"{ours / lite:.2f}", "", ""))
    for delay, connections in loads:
        if (delay, connections, "remembered") in runs:
            r = runs[delay, connections, "remembered"]
            ours = f"{r['p50']:.2f}; {r['p99']:.2f}", ""
            add(f"S1 the same question, {connections} connections: all in all, p50; p99, ms", "", "", ours, "1; 5", all(r[f] <= CACHED[f] for f in CACHED))
    rows.append(("S1 … answers a second", "", "", f"{best['remembered']:.0f}", "", "", ""))
    ours = sentences["ContactIQ"]["p50"]
    lite = sentences["LiteLLM"]["p50"]
    add("S3 first sentence, behind its last byte, p50, ms", f"{sentences['direct']['p50']:.2f}", f"{lite:.2f}", (f"{ours:.2f}", f"{ours / lite:.2f}"), "10", ours <= FIRST_SENTENCE)

    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(zip(row, widths))))
    for note in notes:
        if not note.startswith("model "):
            print(note)
    for (delay, connections, name), r in sorted(runs.items()):
        if r["failed"] or (r["grounded"] < 100):
            print(f"{name}, model {delay} ms, {connections} connections: {r['answers']} answers, {r['grounded']} % of the model, {r['failed']} failed")
    for name, r in sentences.items():
        if r["failed"]:
            print(f"{name}, first sentence: {r['failed']} failed")


main()
