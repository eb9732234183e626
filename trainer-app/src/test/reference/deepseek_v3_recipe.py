#!/usr/bin/env python3
"""Makes src/test/resources/recipe: what DeepSeek-V3 is trained for beyond the cross-entropy, in PyTorch.

Hugging Face's model has neither multi-token prediction nor balance loss nor the biases' update, so that there is no
reference to be had for them. This one follows the paper (arXiv 2412.19437) equation by equation, one sequence and one
expert at a time, and shares no code and no order of operations with the Java model. Where both have the same part, it
is first held against Hugging Face's numbers (../resources/fixtures/deepseek_v3), else it writes nothing.

    /usr/bin/python3 deepseek_v3_recipe.py      Debian's python3-torch 1.13 and python3-numpy; half a minute

The weights are those of the fixture and, for the module, random ones from a fixed seed; the tokens are the fixture's.
"""

import json
import math
import struct
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

HERE = Path(__file__).resolve().parent
FIXTURE = HERE.parent / "resources/fixtures/deepseek_v3"
RECIPE = HERE.parent / "resources/recipe"

PREDICTION_WEIGHT = 0.3  # lambda, eq. 25
BALANCE_WEIGHT = 0.01  # alpha, eq. 17; the paper's 1e-4 would hide in the rounding
BIAS_RATE = 0.01  # gamma, section 2.1.2; likewise more than the paper's 0.001
LEARNING_RATE, BETA1, BETA2, EPSILON, DECAY, MAX_NORM = 1e-3, 0.9, 0.95, 1e-8, 0.1, 1.0
IGNORED = -100
SEED = 20412

TYPES = {"F32": np.dtype("<f4"), "I64": np.dtype("<i8")}


def read(path):
    """The tensors of a safetensors file, as arrays by name."""
    data = path.read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        tensors[name] = np.frombuffer(data[begin:end], TYPES[entry["dtype"]]).reshape(entry["shape"])
    return tensors


def write(path, tensors):
    header, offset, body = {}, 0, []
    for name, tensor in tensors.items():
        array = np.ascontiguousarray(np.asarray(tensor, dtype="<f4"))
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
        body.append(array.tobytes())
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(body))


class Model:
    """One sequence at a time: x is [positions, hidden]."""

    def __init__(self, config, weights, dtype):
        self.c = config
        self.w = {name: torch.tensor(value, dtype=dtype) for name, value in weights.items()}
        for name, tensor in self.w.items():
            tensor.requires_grad_("e_score_correction_bias" not in name)
        self.loads = {name: torch.zeros_like(t) for name, t in self.w.items() if "e_score_correction_bias" in name}

    def norm(self, x, name):
        return self.w[name] * x / torch.sqrt((x * x).mean(-1, keepdim=True) + self.c["rms_norm_eps"])

    def turned(self, x):
        """Rotary embedding, pairs of neighbours, as complex numbers (V2, arXiv 2405.04434, section 2.1.3)."""
        half = self.c["qk_rope_head_dim"] // 2
        steps = torch.arange(half, dtype=torch.float64) * 2 / self.c["qk_rope_head_dim"]
        angles = torch.arange(x.shape[0], dtype=torch.float64)[:, None] / self.c["rope_theta"] ** steps
        cos, sin = torch.cos(angles).to(x.dtype), torch.sin(angles).to(x.dtype)
        even, odd = x[:, 0::2], x[:, 1::2]
        return torch.cat([even * cos - odd * sin, even * sin + odd * cos], -1)

    def attention(self, x, prefix):
        """Latent attention, eq. 1 to 11, a head at a time."""
        c, w = self.c, self.w
        plain, turning, value = c["qk_nope_head_dim"], c["qk_rope_head_dim"], c["v_head_dim"]
        q = self.norm(x @ w[prefix + "q_a_proj.weight"].T, prefix + "q_a_layernorm.weight")
        q = q @ w[prefix + "q_b_proj.weight"].T
        latent = x @ w[prefix + "kv_a_proj_with_mqa.weight"].T
        shared_key = self.turned(latent[:, c["kv_lora_rank"] :])
        latent = self.norm(latent[:, : c["kv_lora_rank"]], prefix + "kv_a_layernorm.weight")
        kv = latent @ w[prefix + "kv_b_proj.weight"].T
        future = torch.ones(x.shape[0], x.shape[0]).triu(1).bool()
        heads = []
        for head in range(c["num_attention_heads"]):
            of_q = q[:, head * (plain + turning) : (head + 1) * (plain + turning)]
            of_kv = kv[:, head * (plain + value) : (head + 1) * (plain + value)]
            scores = of_q[:, :plain] @ of_kv[:, :plain].T + self.turned(of_q[:, plain:]) @ shared_key.T
            scores = (scores / math.sqrt(plain + turning)).masked_fill(future, -math.inf)
            heads.append(torch.softmax(scores, -1) @ of_kv[:, plain:])
        return torch.cat(heads, -1) @ w[prefix + "o_proj.weight"].T

    def gated(self, x, prefix):
        gate = x @ self.w[prefix + "gate_proj.weight"].T
        up = x @ self.w[prefix + "up_proj.weight"].T
        return (gate * torch.sigmoid(gate) * up) @ self.w[prefix + "down_proj.weight"].T

    def experts(self, x, prefix):
        """Eq. 12 to 20, a token at a time. Returns the output and the balance loss of the sequence without alpha."""
        c = self.c
        count, chosen = c["n_routed_experts"], c["num_experts_per_tok"]
        bias_name = prefix + "gate.e_score_correction_bias"
        scores = torch.sigmoid(x @ self.w[prefix + "gate.weight"].T)
        outputs, used = [], torch.zeros(count, dtype=x.dtype)
        for token, score in zip(x, scores):
            biased = (score + self.w[bias_name]).detach()
            groups = biased.view(c["n_group"], -1)
            open_groups = groups.topk(2).values.sum(-1).topk(c["topk_group"]).indices
            closed = torch.full_like(groups, -math.inf)
            closed[open_groups] = groups[open_groups]
            picked = closed.flatten().topk(chosen).indices
            self.loads[bias_name][picked] += 1
            used[score.detach().topk(chosen).indices] += 1
            weights = score[picked] / score[picked].sum() * c["routed_scaling_factor"]
            routed = [g * self.gated(token, f"{prefix}experts.{e}.") for g, e in zip(weights, picked.tolist())]
            outputs.append(sum(routed))
        frequency = used * count / (chosen * x.shape[0])
        mean_share = (scores / scores.sum(-1, keepdim=True)).mean(0)
        return torch.stack(outputs) + self.gated(x, prefix + "shared_experts."), (frequency * mean_share).sum()

    def block(self, x, layer):
        prefix = f"model.layers.{layer}."
        x = x + self.attention(self.norm(x, prefix + "input_layernorm.weight"), prefix + "self_attn.")
        n = self.norm(x, prefix + "post_attention_layernorm.weight")
        if layer < self.c["first_k_dense_replace"]:
            return x + self.gated(n, prefix + "mlp."), torch.zeros((), dtype=x.dtype)
        output, balance = self.experts(n, prefix + "mlp.")
        return x + output, balance

    def sequence(self, ids, labels):
        """Sums over one sequence of T tokens: cross-entropy, prediction loss, tokens times balance loss; and logits."""
        x = self.w["model.embed_tokens.weight"][ids]
        balances = torch.zeros((), dtype=x.dtype)
        for layer in range(self.c["num_hidden_layers"]):
            x, balance = self.block(x, layer)
            balances = balances + len(ids) * balance
        state = self.norm(x, "model.norm.weight")
        logits = state @ self.w["lm_head.weight"].T
        cross_entropy = F.cross_entropy(logits[:-1], labels[1:], ignore_index=IGNORED, reduction="sum")
        # Eq. 21 to 24 for k = 1: from the state at i and the embedding of token i + 1, token i + 2.
        prefix = f"model.layers.{self.c['num_hidden_layers']}."
        embedded = self.norm(self.w["model.embed_tokens.weight"][ids[1:]], prefix + "enorm.weight")
        halves = torch.cat([embedded, self.norm(state[:-1], prefix + "hnorm.weight")], -1)
        y, balance = self.block(halves @ self.w[prefix + "eh_proj.weight"].T, self.c["num_hidden_layers"])
        balances = balances + (len(ids) - 1) * balance
        further = self.norm(y, prefix + "shared_head.norm.weight") @ self.w["lm_head.weight"].T
        prediction = F.cross_entropy(further[:-1], labels[2:], ignore_index=IGNORED, reduction="sum")
        return cross_entropy, prediction, balances, logits

    def batch(self, ids, labels):
        """Cross-entropy, prediction loss and balance loss, each per trained target."""
        trained = (labels[:, 1:] != IGNORED).sum()
        sums = [self.sequence(row, of_row) for row, of_row in zip(ids, labels)]
        logits = torch.stack([each[3] for each in sums])
        return [sum(each[part] for each in sums) / trained for part in range(3)] + [logits]

    def learned(self):
        return {name: tensor for name, tensor in self.w.items() if tensor.requires_grad}

    def objective(self, ids, labels):
        cross_entropy, prediction, balance, _ = self.batch(ids, labels)
        return cross_entropy + PREDICTION_WEIGHT * prediction + BALANCE_WEIGHT * balance, cross_entropy

    def moved_biases(self):
        for name, load in self.loads.items():
            self.w[name] += BIAS_RATE * torch.sign(load.mean() - load)
            load.zero_()


def train(model, inputs):
    moments = {name: (torch.zeros_like(t), torch.zeros_like(t)) for name, t in model.learned().items()}
    losses, norms = [], []
    for name in model.loads:
        model.loads[name].zero_()
    for step, (ids, labels) in enumerate(zip(inputs["train_input_ids"], inputs["train_labels"]), start=1):
        objective, cross_entropy = model.objective(torch.tensor(ids), torch.tensor(labels))
        gradients = torch.autograd.grad(objective, list(model.learned().values()), allow_unused=True)
        with torch.no_grad():
            gradients = [torch.zeros_like(p) if g is None else g for g, p in zip(gradients, model.learned().values())]
            norm = torch.sqrt(sum((g * g).sum() for g in gradients))
            for (name, p), g in zip(model.learned().items(), gradients):
                g = g * min(1.0, MAX_NORM / (norm + 1e-6))
                m, v = moments[name]
                m.mul_(BETA1).add_((1 - BETA1) * g)
                v.mul_(BETA2).add_((1 - BETA2) * g * g)
                if p.dim() >= 2:
                    p.mul_(1 - LEARNING_RATE * DECAY)
                p -= LEARNING_RATE * (m / (1 - BETA1**step)) / (torch.sqrt(v / (1 - BETA2**step)) + EPSILON)
            model.moved_biases()
        losses.append(cross_entropy.item())
        norms.append(norm.item())
    return losses, norms


def module(config, hidden):
    """Random weights of the layer after the last, by the fixture's rule of scale."""
    random = np.random.Generator(np.random.PCG64(SEED))
    last, beyond = (f"model.layers.{config['num_hidden_layers'] - back}." for back in (1, 0))
    tensors = {}
    for name, like in read(FIXTURE / "model.safetensors").items():
        if name.startswith(last):
            noise = random.standard_normal(like.shape)
            scale = 1.5 if name.endswith("gate.weight") else 0.8
            if "correction_bias" in name:
                tensors[beyond + name[len(last) :]] = 0.05 * noise
            else:
                matrix = like.ndim == 2
                tensors[beyond + name[len(last) :]] = noise * scale / math.sqrt(like.shape[-1]) if matrix else 1 + 0.1 * noise
    for name in ("enorm", "hnorm", "shared_head.norm"):
        tensors[f"{beyond}{name}.weight"] = 1 + 0.1 * random.standard_normal(hidden)
    tensors[f"{beyond}eh_proj.weight"] = random.standard_normal((hidden, 2 * hidden)) * 0.8 / math.sqrt(2 * hidden)
    return {name: value.astype("<f4") for name, value in tensors.items()}


def require(name, difference, tolerance):
    print(f"{name}: {difference:.1e}")
    if not difference <= tolerance:
        raise SystemExit(f"{name} differs by {difference:.1e}, more than {tolerance:.0e}: nothing is written")


def main():
    torch.set_num_threads(1)
    config = json.loads((FIXTURE / "config.json").read_text())
    base = read(FIXTURE / "model.safetensors")
    inputs, reference = read(FIXTURE / "inputs.safetensors"), read(FIXTURE / "reference.safetensors")
    ids, labels = torch.tensor(inputs["input_ids"]), torch.tensor(inputs["labels"])
    weights = {**base, **module(config, config["hidden_size"])}

    model = Model(config, weights, torch.float32)
    cross_entropy, _, _, logits = model.batch(ids, labels)
    require("logits, Hugging Face's", np.abs(logits.detach().numpy() - reference["logits"]).max(), 1e-5)
    hub = read(FIXTURE / "grads.safetensors")
    of_base = [model.w[name] for name in hub]
    gradients = dict(zip(hub, torch.autograd.grad(cross_entropy, of_base, allow_unused=True)))
    require(
        "gradients, Hugging Face's",
        max(np.linalg.norm(gradients[name].numpy() - hub[name]) / np.linalg.norm(hub[name]) for name in hub),
        1e-5,
    )

    model, shadow = Model(config, weights, torch.float32), Model(config, weights, torch.float64)
    results = []
    for each in (model, shadow):
        objective, cross_entropy = each.objective(ids, labels)
        names = list(each.learned())
        gradients = dict(zip(names, torch.autograd.grad(objective, list(each.learned().values()))))
        losses, norms = train(each, inputs)
        results.append((gradients, objective.item(), losses, norms))
    (gradients, objective, losses, norms), (exact, _, exact_losses, _) = results
    require("objective's gradients, float64's", max(((gradients[n] - exact[n]).norm() / exact[n].norm()).item() for n in exact), 5e-6)
    require("losses, float64's", max(abs(a - b) for a, b in zip(losses, exact_losses)), 1e-5)
    biases = {name: model.w[name] for name in model.loads}
    require("biases, float64's", max((biases[n] - shadow.w[n]).abs().max().item() for n in biases), 1e-6)

    RECIPE.mkdir(exist_ok=True)
    beyond = f"model.layers.{config['num_hidden_layers']}."
    published = {f"{beyond}embed_tokens.weight": base["model.embed_tokens.weight"], f"{beyond}shared_head.head.weight": base["lm_head.weight"]}
    (RECIPE / "config.json").write_text(json.dumps({**config, "num_nextn_predict_layers": 1}, indent=2) + "\n")
    write(RECIPE / "model.safetensors", {**weights, **published})
    write(RECIPE / "grads.safetensors", {name: g.numpy() for name, g in gradients.items()})
    final = {name: t.detach().numpy() for name, t in model.w.items() if name.startswith(beyond) or name in biases}
    write(RECIPE / "train.safetensors", {"losses": losses, "grad_norms": norms, **final})
    print(f"objective {objective:.6f}, losses {losses[0]:.6f} to {losses[-1]:.6f}")


main()
