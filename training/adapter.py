"""Makes crates/nlu/models/adapter.safetensors: what the sentence encoder is taught of banking.

    python -m venv venv && venv/bin/pip install jax optax numpy safetensors tokenizers
    venv/bin/python training/adapter.py --data FOLDER --out crates/nlu/models/adapter.safetensors

A low-rank difference (Hu et al. 2021) to the linear layers of the upper three of six layers, on
  1. intents and triggers: defaults/*.toml, and of the public sets the rows at even line numbers;
  2. questions and the sentence that answers, beside others that do not: training/pairs.jsonl;
  3. keeping sentences of the demo bank as near to each other as they were.
Half an hour on two cores. FOLDER holds the public sets; docs/evaluation.md says where they come from.
"""
import argparse, glob, json, random, re, struct, time, tomllib

import jax, jax.numpy as jnp, numpy as np, optax
from safetensors.numpy import load_file
from tokenizers import Tokenizer

ap = argparse.ArgumentParser()
ap.add_argument("--data", required=True)
ap.add_argument("--out", required=True)
ap.add_argument("--encoder", default=".cache/encoder")
ap.add_argument("--pairs", default="training/pairs.jsonl")
ap.add_argument("--steps", type=int, default=400)
ap.add_argument("--rank", type=int, default=16)
ap.add_argument("--rate", type=float, default=8e-4)
ap.add_argument("--seed", type=int, default=0)
args = ap.parse_args()
random.seed(args.seed)

LOW, LAYERS, HEADS, HEAD = 3, 6, 12, 32
QUESTION, SENTENCE = 32, 48  # tokens
UTTERANCES, PAIRS, KEPT = 40, 32, 16  # of a batch
SCALE, SHARPNESS, DROP = 2.0, 20.0, 0.1
LINEAR = ["attention.self.query", "attention.self.key", "attention.self.value",
          "attention.output.dense", "intermediate.dense", "output.dense"]
W = {k: v for k, v in load_file(f"{args.encoder}/model.safetensors").items() if v.dtype == np.float32}
TOKENS = Tokenizer.from_file(f"{args.encoder}/tokenizer.json")
TOKENS.no_padding()
TOKENS.enable_truncation(64)


def norm(x, name):
    mean = x.mean(-1, keepdims=True)
    var = ((x - mean) ** 2).mean(-1, keepdims=True)
    return (x - mean) / jnp.sqrt(var + 1e-12) * W[name + ".weight"] + W[name + ".bias"]


def linear(x, adapter, layer, name):
    key = f"encoder.layer.{layer}.{name}"
    y = x @ W[key + ".weight"].T + W[key + ".bias"]
    if adapter is not None:
        y = y + SCALE * ((x @ adapter[key]["a"].T) @ adapter[key]["b"].T)
    return y


def layers(x, mask, first, last, adapter, key=None):
    batch, length = mask.shape
    bias = (1 - mask)[:, None, None, :] * -1e9

    def dropped(x, key):
        if key is None:
            return x, None
        key, own = jax.random.split(key)
        return jnp.where(jax.random.bernoulli(own, 1 - DROP, x.shape), x / (1 - DROP), 0), key

    for n in range(first, last):
        q, k, v = (linear(x, adapter, n, LINEAR[i]).reshape(batch, length, HEADS, HEAD).transpose(0, 2, 1, 3)
                   for i in range(3))
        weights = jax.nn.softmax(q @ k.transpose(0, 1, 3, 2) / np.sqrt(HEAD) + bias, -1)
        context = (weights @ v).transpose(0, 2, 1, 3).reshape(batch, length, HEADS * HEAD)
        out, key = dropped(linear(context, adapter, n, LINEAR[3]), key)
        x = norm(x + out, f"encoder.layer.{n}.attention.output.LayerNorm")
        out = jax.nn.gelu(linear(x, adapter, n, LINEAR[4]), approximate=False)
        out, key = dropped(linear(out, adapter, n, LINEAR[5]), key)
        x = norm(x + out, f"encoder.layer.{n}.output.LayerNorm")
    return x


def pooled(x, mask):
    s = (x * mask[:, :, None]).sum(1)
    return s / jnp.linalg.norm(s, axis=-1, keepdims=True)


@jax.jit
def lower(ids, mask):
    x = jnp.asarray(W["embeddings.word_embeddings.weight"])[ids]
    x = x + W["embeddings.position_embeddings.weight"][: ids.shape[1]][None]
    x = norm(x + W["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    return layers(x, mask, 0, LOW, None)


upper = jax.jit(lambda adapter, x, mask: pooled(layers(x, mask, LOW, LAYERS, adapter), mask))


def below(texts, length):
    """What the layers that stay as they are make of the texts, computed once."""
    states, masks = [], []
    for at in range(0, len(texts), 64):
        part = texts[at : at + 64]
        ids, mask = np.zeros((64, length), np.int32), np.zeros((64, length), np.float32)
        for j, text in enumerate(part + [part[-1]] * (64 - len(part))):
            own = TOKENS.encode(text).ids
            own = own if len(own) <= length else own[: length - 1] + own[-1:]
            ids[j, : len(own)], mask[j, : len(own)] = own, 1
        states.append(np.asarray(lower(ids, mask))[: len(part)].astype(np.float16))
        masks.append(mask[: len(part)].astype(np.float16))
    return np.concatenate(states), np.concatenate(masks)


def above(adapter, part):
    out = []
    for at in range(0, len(part[1]), 64):
        x, m = part[0][at : at + 64], part[1][at : at + 64]
        n = len(m)
        if n < 64:
            x, m = (np.concatenate([v, np.repeat(v[-1:], 64 - n, 0)]) for v in (x, m))
        out.append(np.asarray(upper(adapter, x.astype(np.float32), m.astype(np.float32)))[:n])
    return np.concatenate(out)


def even(name):
    rows = [json.loads(line) for line in open(f"{args.data}/{name}")]
    return [row for number, row in enumerate(rows, 1) if number % 2 == 0]


def toml(name):
    return tomllib.load(open(f"defaults/{name}", "rb"))


intents, triggers = toml("intents.toml"), toml("triggers.toml")
labelled = {
    "banking77": [(r["text"], r["intent77"]) for r in even("banking77_train.jsonl")],
    "outside": [(r["text"], r["kind"]) for r in even("oos_dev.jsonl") if r["oos"]],
    "customer": [(u, k) for k, v in intents["customer"].items() for u in v["examples"]],
    "banker": [(u, k) for k, v in intents["banker"].items() for u in v["examples"]],
    "trigger": [(u, k if part == "examples" else f"not {k}")
                for k, v in triggers.items() if isinstance(v, dict) and "examples" in v
                for part in ("examples", "look_alikes") for u in v.get(part, [])],
}
SHARES = {"banking77": 0.45, "outside": 0.05, "customer": 0.18, "banker": 0.18, "trigger": 0.14}
names = list(labelled)
labels = {k: {c: i for i, c in enumerate(sorted({y for _, y in v}))} for k, v in labelled.items()}
offset, classes = {}, 0
for k in names:
    offset[k], classes = classes, classes + len(labels[k])

pairs = [json.loads(line) for line in open(args.pairs)]
measuring = [p for p in pairs if p.get("measures")]
pairs = [p for p in pairs if not p.get("measures")]
kept = []
for file in glob.glob("demo/documents/*/*.md"):
    body = open(file).read().split("---", 2)[-1]
    kept += [s.strip()[:160] for s in re.split(r"\n\n+", body) if len(s.strip()) > 40]

states = {k: below([t for t, _ in v], QUESTION) for k, v in labelled.items()}
kept_states = below(kept, QUESTION)


def prepared(rows):
    questions = below([p["question"] for p in rows], QUESTION)
    answers = below([f"{p['heading']}: {p['answer']}" for p in rows], SENTENCE)
    others, where = [], []
    for p in rows:
        where.append((len(others), len(p["others"])))
        others += [f"{p['heading']}: {o}" for o in p["others"]]
    silent, where_silent = [], []
    for p in rows:
        where_silent.append((len(silent), len(p.get("unanswered", []))))
        silent += p.get("unanswered", [])
    return questions, answers, below(others, SENTENCE), where, below(silent, QUESTION), where_silent


train, held = prepared(pairs), prepared(measuring)


def measured(adapter):
    questions, answers, others, where, silent, where_silent = held
    q, a, o = above(adapter, questions), above(adapter, answers), above(adapter, others)
    all_ = q @ np.concatenate([a, o]).T
    own = np.diag(all_[:, : len(a)])
    rank = (all_ > own[:, None] + 1e-6).sum(1)
    hard = np.mean([own[i] > all_[i, len(a) + s : len(a) + s + n].max() for i, (s, n) in enumerate(where) if n])
    u = above(adapter, silent)
    best = lambda v, i: max((v @ a[i]).max(), *((v @ o[where[i][0] : sum(where[i])].T).ravel()))
    yes, no = [], []
    for i, (s, n) in enumerate(where_silent):
        if n:
            yes.append(best(q[i], i)); no += [best(u[s + j], i) for j in range(n)]
    told = np.mean(np.array(yes)[:, None] > np.array(no)[None]) if yes else 0
    twin = np.mean([q[i] @ a[i] > (u[s : s + n] @ a[i]).max() for i, (s, n) in enumerate(where_silent) if n]) if yes else 0
    return f"AUC answered/not {told:.3f} before its unanswered {twin:.3f} R@1 {(rank == 0).mean():.3f}  MRR {np.mean(1 / (rank + 1)):.3f}  before its own others {hard:.3f}"


key = jax.random.PRNGKey(args.seed)
adapter = {}
for n in range(LOW, LAYERS):
    for name in LINEAR:
        out, into = W[f"encoder.layer.{n}.{name}.weight"].shape
        key, own = jax.random.split(key)
        adapter[f"encoder.layer.{n}.{name}"] = {
            "a": jax.random.normal(own, (args.rank, into)) * 0.02, "b": jnp.zeros((out, args.rank))}
print("as it was:", measured(adapter), flush=True)

centres = np.zeros((classes, 384), np.float32)
for k in names:
    for (_, y), v in zip(labelled[k], above(adapter, states[k])):
        centres[offset[k] + labels[k][y]] += v
centres /= np.linalg.norm(centres, axis=1, keepdims=True)
before = above(adapter, kept_states)
only = np.full((len(names), classes), -1e9, np.float32)
for i, k in enumerate(names):
    only[i, offset[k] : offset[k] + len(labels[k])] = 0
only = jnp.asarray(only)


def loss(p, x, m, y, d, qx, qm, ux, um, sx, sm, kx, km, kb, key):
    one, two, three = jax.random.split(key, 3)
    z = pooled(layers(x, m, LOW, LAYERS, p["adapter"], one), m)
    c = p["centres"] / jnp.linalg.norm(p["centres"], axis=1, keepdims=True)
    right = jnp.take_along_axis(jax.nn.log_softmax(SHARPNESS * z @ c.T + only[d]), y[:, None], 1)
    q = pooled(layers(qx, qm, LOW, LAYERS, p["adapter"], two), qm)
    u = pooled(layers(ux, um, LOW, LAYERS, p["adapter"], two), um)
    s = pooled(layers(sx, sm, LOW, LAYERS, p["adapter"], three), sm)
    near = SHARPNESS * q @ s.T
    found = jnp.diag(jax.nn.log_softmax(near)[:, :PAIRS]).mean()
    asked = jnp.diag(jax.nn.log_softmax(jnp.concatenate([near[:, :PAIRS].T, SHARPNESS * s[:PAIRS] @ u.T], 1))).mean()
    k = pooled(layers(kx, km, LOW, LAYERS, p["adapter"]), km)
    moved = ((k @ k.T - kb @ kb.T) ** 2).mean() * 100
    return -right.mean() - found - 0.5 * asked + moved


rate = optax.warmup_cosine_decay_schedule(0, 1, 25, args.steps, 0.02)
by = lambda most: optax.adamw(lambda s: most * rate(s), weight_decay=0.01)
optimiser = optax.chain(optax.clip_by_global_norm(1.0), optax.multi_transform(
    {"adapter": by(args.rate), "centres": by(3 * args.rate)}, {"adapter": "adapter", "centres": "centres"}))
params = {"adapter": adapter, "centres": jnp.asarray(centres)}
state = optimiser.init(params)


@jax.jit
def step(params, state, *batch):
    value, slope = jax.value_and_grad(loss)(params, *batch)
    change, state = optimiser.update(slope, state, params)
    return optax.apply_updates(params, change), state, value


of_class = {k: {} for k in names}
for k in names:
    for i, (_, y) in enumerate(labelled[k]):
        of_class[k].setdefault(y, []).append(i)
f = np.float32
since, waiting, losses = time.time(), [], []
for number in range(args.steps):
    x, m, y, d = [], [], [], []
    for k in random.choices(names, [SHARES[n] for n in names], k=UTTERANCES):
        c = random.choice(list(of_class[k]))
        i = random.choice(of_class[k][c])
        x.append(states[k][0][i]); m.append(states[k][1][i])
        y.append(offset[k] + labels[k][c]); d.append(names.index(k))
    if len(waiting) < PAIRS:
        waiting = random.sample(range(len(pairs)), len(pairs))
    rows = [waiting.pop() for _ in range(PAIRS)]
    questions, answers, others, where, silent, where_silent = train
    other = [where[i][0] + random.randrange(max(1, where[i][1])) for i in rows]
    none = [where_silent[i][0] + random.randrange(where_silent[i][1]) if where_silent[i][1]
            else random.randrange(len(silent[1])) for i in rows]
    held_still = random.sample(range(len(kept)), KEPT)
    key, own = jax.random.split(key)
    params, state, value = step(
        params, state, np.stack(x).astype(f), np.stack(m).astype(f), np.array(y), np.array(d),
        questions[0][rows].astype(f), questions[1][rows].astype(f),
        silent[0][none].astype(f), silent[1][none].astype(f),
        np.concatenate([answers[0][rows], others[0][other]]).astype(f),
        np.concatenate([answers[1][rows], others[1][other]]).astype(f),
        kept_states[0][held_still].astype(f), kept_states[1][held_still].astype(f), before[held_still], own)
    losses.append(float(value))
    if number % 50 == 49:
        print(number + 1, f"loss {np.mean(losses[-50:]):.3f}  {time.time() - since:.0f} s", measured(params["adapter"]) if number % 100 == 99 else "", flush=True)
print("adapted:  ", measured(params["adapter"]), flush=True)

header, data = {}, b""
for name in sorted(params["adapter"]):
    for part in ("a", "b"):
        bits = np.ascontiguousarray(params["adapter"][name][part], np.float32).view(np.uint32).astype(np.uint64)
        raw = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2").tobytes()
        shape = list(params["adapter"][name][part].shape)
        header[f"{name}.{part}"] = {"dtype": "BF16", "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
head = json.dumps(header).encode()
head += b" " * (-len(head) % 8)
open(args.out, "wb").write(struct.pack("<Q", len(head)) + head + data)
