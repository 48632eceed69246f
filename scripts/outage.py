"""PostgreSQL is stopped for minutes under load: do answers go on, as fast as before, and is all of it in the record (R3)?

Reads the URLs of a gateway, its key and the process ids of PostgreSQL from the arguments; prints a table. Clients ask
at a fixed pace, whether the answer before has come or not, so that a slow answer does not hide the next.
"""

import argparse
import concurrent.futures
import json
import os
import signal
import threading
import time
import urllib.error
import urllib.request

QUESTIONS = [
    "What does a wire transfer cost?",
    "How do I dispute a card payment?",
    "My card was stolen",
    "Which documents do I need to open an account?",
    "What is the monthly fee of the basic account?",
    "I want to speak to a person",
    "How long does a transfer take?",
    "What is the daily limit at the cash machine?",
]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--stop", required=True, help="process ids to stop, with commas")
    parser.add_argument("--pause", type=float, default=300, help="seconds")
    parser.add_argument("--normal", type=float, default=60, help="seconds before it")
    parser.add_argument("--pace", type=float, default=20, help="questions a second")
    return parser.parse_args()


class Client:
    def __init__(self, given):
        self.url, self.key = given.url, given.key
        self.answers, self.failed, self.lock, self.number = [], [], threading.Lock(), 0

    def call(self, path, body=None):
        request = urllib.request.Request(self.url + path, data=body and json.dumps(body).encode())
        request.add_header("authorization", "Bearer " + self.key)
        request.add_header("accept", "application/json")
        if body:
            request.add_header("content-type", "application/json")
        with urllib.request.urlopen(request, timeout=35) as reply:
            return json.load(reply)

    def ask(self, phase, number):
        since = time.monotonic()
        question = QUESTIONS[number % len(QUESTIONS)]
        body = {"mode": "customer", "question": question, "subject": f"outage-{phase}-{number}"}
        try:
            answer = self.call("/v1/interactions", body)
        except urllib.error.HTTPError as error:
            problem = error.read().decode(errors="replace")[:200]
            with self.lock:
                self.failed.append((phase, f"{error.code} {problem}"))
            return
        except Exception as error:
            with self.lock:
                self.failed.append((phase, type(error).__name__))
            return
        with self.lock:
            self.answers.append((phase, (time.monotonic() - since) * 1000, answer))

    def load(self, pool, phase, seconds, pace):
        begins = time.monotonic()
        asked = []
        while time.monotonic() - begins < seconds:
            self.number += 1
            asked.append(pool.submit(self.ask, phase, self.number))
            time.sleep(max(0, begins + len(asked) / pace - time.monotonic()))
        concurrent.futures.wait(asked)


def share(sorted_times, part):
    return sorted_times[min(len(sorted_times) - 1, int(len(sorted_times) * part))]


def main():
    given = arguments()
    client = Client(given)
    stopped = [int(process) for process in given.stop.split(",")]
    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        client.load(pool, "warm", 10, given.pace)
        client.load(pool, "normal", given.normal, given.pace)
        for process in stopped:
            os.kill(process, signal.SIGSTOP)
        try:
            client.load(pool, "paused", given.pause, given.pace)
        finally:
            for process in stopped:
                os.kill(process, signal.SIGCONT)
        back = time.monotonic()
        client.load(pool, "after", 20, given.pace)
    missing, changed = [], []
    waits = 60
    for phase, _, answer in client.answers:
        while True:
            try:
                kept = client.call(f"/v1/interactions/{answer['id']}")
                if any(kept.get(name) != value for name, value in answer.items()):
                    changed.append(answer["id"])
                break
            except urllib.error.HTTPError as error:
                # What waits in the queue has a minute to be written.
                if time.monotonic() - back > 20 + waits:
                    missing.append((phase, answer["id"], error.code))
                    break
                time.sleep(0.5)
    p99 = {}
    for phase in ("normal", "paused", "after"):
        times = sorted(ms for p, ms, _ in client.answers if p == phase)
        failed = sum(p == phase for p, _ in client.failed)
        if times:
            p99[phase] = share(times, 0.99)
            print(f"{phase:8} {len(times):6} answers {failed:4} failed   p50 {share(times, 0.5):7.1f} ms   p99 {p99[phase]:7.1f} ms   slowest {times[-1]:7.1f} ms")
    for reason in sorted({reason for _, reason in client.failed}):
        print("failed:", sum(r == reason for _, r in client.failed), reason)
    print(f"p99 paused / normal {p99['paused'] / p99['normal']:.2f} (want at most 1.1)")
    print(f"{len(client.answers)} answers were seen: {len(missing)} missing, {len(changed)} changed in the record")
    raise SystemExit(1 if missing or changed or client.failed else 0)


main()
