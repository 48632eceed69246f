"""Makes crates/guard/src/injection/learned.model: which words and letters attacks on a model are made of.

    venv/bin/pip install numpy scipy scikit-learn
    venv/bin/python training/injection.py --data FOLDER --out crates/guard/src/injection/learned.model

Logistic regression over hashed runs of one to three words and of three to five letters, one byte a weight.
It learns from the rows at even line numbers of injections_dev.jsonl in FOLDER (docs/evaluation.md says
where it comes from), from training/injections.jsonl (attacks, and honest messages in the same words, written
for this project) and, as honest, from every second utterance of defaults/*.toml and sentence of the
made-up banks' documents. Prints what it reaches on the rows at odd line numbers, alone.
`crates/guard/src/injection/learned.rs` computes the same.
"""
import argparse, glob, json, re, struct, tomllib

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

ap = argparse.ArgumentParser()
ap.add_argument("--data", required=True)
ap.add_argument("--out", required=True)
args = ap.parse_args()

BUCKETS = 1 << 17
MOST = 2_000  # characters that are read
WORD = re.compile(r"[a-z0-9']+", re.ASCII)


def bucket(kind, text):
    """FNV-1a, 32 bits."""
    h = 0x811C9DC5
    for b in kind + text.encode():
        h = ((h ^ b) * 0x01000193) & 0xFFFFFFFF
    return h % BUCKETS


def features(text):
    words = WORD.findall(text[:MOST].lower())
    found = set()
    for n in (1, 2, 3):
        for i in range(len(words) - n + 1):
            found.add(bucket(b"w", " ".join(words[i : i + n])))
    letters = f" {' '.join(words)} "
    for n in (3, 4, 5):
        for i in range(len(letters) - n + 1):
            found.add(bucket(b"c", letters[i : i + n]))
    return sorted(found)


def matrix(texts):
    columns, values, ends = [], [], [0]
    for text in texts:
        own = features(text)
        columns += own
        values += [1 / np.sqrt(max(1, len(own)))] * len(own)
        ends.append(len(columns))
    return csr_matrix((values, columns, ends), shape=(len(texts), BUCKETS))


rows = [json.loads(line) for line in open(f"{args.data}/injections_dev.jsonl")]
learns = [r for n, r in enumerate(rows, 1) if n % 2 == 0]
measures = [r for n, r in enumerate(rows, 1) if n % 2 == 1]
intents, triggers = (tomllib.load(open(f"defaults/{n}.toml", "rb")) for n in ("intents", "triggers"))
honest = [u for mode in ("customer", "banker") for v in intents[mode].values() for u in v["examples"]]
honest += [u for v in triggers.values() if isinstance(v, dict) and "examples" in v
           for part in ("examples", "look_alikes") for u in v.get(part, [])]
# Documents give orders too, to people: sentences and passages of the made-up banks.
for file in sorted(glob.glob("demo/documents/*/*.md") + glob.glob("training/bank/documents/*/*.md")):
    body = open(file).read().split("---", 2)[-1]
    blocks = [b.strip() for b in re.split(r"\n\n+", body) if len(b.strip()) > 20]
    honest += blocks + [s for b in blocks for s in re.split(r"(?<=[.!?])\s+|\n", b) if len(s) > 20]
honest = honest[::2]

own = [json.loads(line) for line in open("training/injections.jsonl")]

texts = [r["text"] for r in learns] + honest + [r["text"] for r in own]
labels = np.array([r["label"] for r in learns] + [0] * len(honest) + [r["label"] for r in own])
weights = np.array([1.0] * len(learns) + [0.3] * len(honest) + [0.2] * len(own))
model = LogisticRegression(C=100, max_iter=2000, class_weight={0: 1, 1: 1.5})
model.fit(matrix(texts), labels, sample_weight=weights)

scale = float(np.abs(model.coef_).max() / 127)
small = np.clip(np.round(model.coef_[0] / scale), -127, 127).astype(np.int8)
bias = float(model.intercept_[0])
said = matrix([r["text"] for r in measures]) @ (small * scale) + bias
true = np.array([r["label"] for r in measures])
edge = np.quantile(said[true == 0], 0.99)
print(f"odd rows: AUROC {roc_auc_score(true, said):.4f}, recall at 1 % false alarms {(said[true == 1] > edge).mean():.3f}")
open(args.out, "wb").write(struct.pack("<ff", scale, bias) + small.tobytes())
