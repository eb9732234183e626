"""Runs the TorchScript that Millrace computes with in plain PyTorch, on a GPU where there is one: no JDK is needed there.

    judge_kernels.py DIRECTORY [--rows B] [--positions T] [--layers L]

DIRECTORY has a folder for each model: config.json, and the archives fp32.pt and bf16.pt, as KernelArchiveTest writes
them. Of each, the first L layers (half as many, and half of those, until the card holds them) and the head have random
weights. What each half of a layer and the head make of one
input, and the gradients, are held in bf16 against float32; then all are run in a row, forward and back, the time is
taken, and the rate is set against that of a matrix product measured here and against an H100's 989 TFLOP/s. Exits 0 if
all is close.
"""

import argparse
import gc
import json
import sys
import time
from pathlib import Path

import torch

CLOSE = 0.03  # relative L2 distance of bf16 from float32; a rounding is 0.002, and a few follow one another
H100 = 989e12
torch._C._set_graph_executor_optimize(False)  # as in Millrace: the script optimizer's backward mixes types up
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


class Layer:
    """The arguments of the two functions that a layer is made of, by the configuration's shapes: modules are lists."""

    def __init__(self, c, layer):
        hidden, heads = c["hidden_size"], c["num_attention_heads"]
        gain, matrix = lambda size: torch.ones(size, device=DEVICE), self.matrix
        if "kv_lora_rank" in c:
            plain, turning, value = c["qk_nope_head_dim"], c["qk_rope_head_dim"], c["v_head_dim"]
            queries, rank, low = heads * (plain + turning), c["kv_lora_rank"], c.get("q_lora_rank")
            of_query = [matrix(low, hidden), matrix(queries, low)] if low else [matrix(queries, hidden)]
            self.attention = "latent_attention_low_rank" if low else "latent_attention"
            attention = [*of_query, matrix(rank + turning, hidden), matrix(heads * (plain + value), rank)]
            attention += [matrix(hidden, heads * value)]
            self.attention_gains = [gain(hidden), *([gain(low)] if low else []), gain(rank)]
            channels = plain + turning + value
        else:
            size = hidden // heads
            keys = c.get("num_key_value_heads", heads) * size
            self.attention = "attention"
            attention = [matrix(hidden, hidden), matrix(keys, hidden), matrix(keys, hidden), matrix(hidden, hidden)]
            self.attention_gains = [gain(hidden)]
            channels = 2 * size
        self.attention_modules = [[w] for w in attention]
        self.sizes = [w.numel() for w in attention]
        self.attention_channels = heads * channels
        if "n_routed_experts" in c and layer >= c.get("first_k_dense_replace", 0):
            experts, width = c["n_routed_experts"], c["moe_intermediate_size"]
            swiglu = lambda inner: [matrix(inner, hidden), matrix(inner, hidden), matrix(hidden, inner)]
            of_experts = [swiglu(width) for _ in range(experts)]
            self.modules = [[expert[i] for expert in of_experts] for i in range(3)]
            shared = swiglu(width * c["n_shared_experts"]) if c.get("n_shared_experts") else []
            self.modules += [[w] for w in shared]
            self.feed_forward = "mixture_with_shared" if shared else "mixture"
            self.feed_forward_weights = [gain(hidden), matrix(experts, hidden), torch.zeros(experts, device=DEVICE)]
            self.sizes += [3 * width * hidden * c["num_experts_per_tok"], experts * hidden]
            self.sizes += [w.numel() for w in shared]
        else:
            inner = c["intermediate_size"]
            weights = [matrix(inner, hidden), matrix(inner, hidden), matrix(hidden, inner)]
            self.feed_forward, self.modules = "feed_forward", [[w] for w in weights]
            self.feed_forward_weights = [gain(hidden)]
            self.sizes += [w.numel() for w in weights]

    @staticmethod
    def matrix(outputs, inputs):
        return torch.randn(outputs, inputs, device=DEVICE).div_(inputs**0.5).requires_grad_()

    def attend(self, kernels, x, rotation, causal):
        return getattr(kernels, self.attention)(*self.attention_modules, x, *self.attention_gains, rotation, causal)

    def feed(self, kernels, x):
        out = getattr(kernels, self.feed_forward)(*self.modules, x, *self.feed_forward_weights)
        return out[0] if isinstance(out, list) else out

    def weights(self):
        return [*self.attention_gains, *self.feed_forward_weights, *sum(self.attention_modules + self.modules, [])]


class Model:
    def __init__(self, c, layers, positions):
        torch.manual_seed(1)
        self.layers = [Layer(c, layer) for layer in range(layers)]
        self.gain = torch.ones(c["hidden_size"], device=DEVICE)
        self.head = Layer.matrix(c["vocab_size"], c["hidden_size"])
        turning = c.get("qk_rope_head_dim", c["hidden_size"] // c["num_attention_heads"])
        rate = c.get("rope_theta", 10000.0) ** (-torch.arange(0, turning, 2, device=DEVICE) / turning)
        angles = torch.arange(positions, device=DEVICE)[:, None] * rate
        self.rotation, self.causal = torch.stack([angles.cos(), angles.sin()]), torch.zeros(1, device=DEVICE)
        active = sum(sum(layer.sizes) for layer in self.layers) + self.head.numel()
        attention = sum(layer.attention_channels for layer in self.layers)
        self.operations_per_token = 6 * active + 3 * positions * attention

    def loss(self, kernels, x, targets):
        return kernels.loss(x, self.gain, self.head, targets) / targets.numel()

    def run(self, kernels, x, targets):
        for layer in self.layers:
            x = layer.feed(kernels, layer.attend(kernels, x, self.rotation, self.causal))
        return self.loss(kernels, x, targets)


def distance(one, other):
    return ((one.float() - other.float()).norm() / other.float().norm()).item()


def synchronize():
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()


def seconds(work, least):
    work()
    synchronize()
    begin, rounds = time.perf_counter(), 0
    while rounds < 3 or time.perf_counter() - begin < least:
        work()
        synchronize()
        rounds += 1
    return (time.perf_counter() - begin) / rounds


def peak(dtype, least):
    size = 8192 if DEVICE.type == "cuda" else 512
    a, b = (torch.randn(size, size, device=DEVICE).to(dtype) for _ in range(2))
    return 2 * size**3 / seconds(lambda: a @ b, least)


def distances(model, kernels, x, targets):
    """Of the last layer's halves and of the head, each on the same input: of what is added to it, and of gradients."""
    last = model.layers[-1]
    halves = [
        (lambda k: last.attend(k, x, model.rotation, model.causal) - x, [last.attention_modules[0][0]]),
        (lambda k: last.feed(k, x) - x, [last.modules[2][0]]),
        (lambda k: model.loss(k, x, targets), [model.head]),
    ]
    for half, weights in halves:
        found = []
        for name in ("bf16", "fp32"):
            y = half(kernels[name])
            torch.manual_seed(2)
            found.append([y.detach(), *torch.autograd.grad(y, [x, *weights], torch.randn_like(y))])
        yield from (distance(a, b) for a, b in zip(*found))


def judge(directory, rows, positions, layers, least):
    config = json.loads((directory / "config.json").read_text())
    layers = min(layers or config["num_hidden_layers"], config["num_hidden_layers"])
    kernels = {name: torch.jit.load(directory / f"{name}.pt", map_location=DEVICE) for name in ("fp32", "bf16")}
    model = Model(config, layers, positions)
    x = torch.randn(rows, positions, config["hidden_size"], device=DEVICE, requires_grad=True)
    targets = torch.randint(config["vocab_size"], (rows * positions,), dtype=torch.int32)

    worst = max(distances(model, kernels, x, targets))
    print(f"{directory.name}: {layers} layers, {rows} x {positions} tokens, {DEVICE}; bf16 is at most {worst:.4f} off")

    tokens = rows * positions
    for name, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16)):

        def forward():
            with torch.no_grad():
                model.run(kernels[name], x, targets)

        def step():
            model.run(kernels[name], x, targets).backward()
            for layer in model.layers:
                for weight in layer.weights():
                    weight.grad = None
            model.head.grad = x.grad = None

        ahead, whole, of_product = seconds(forward, least), seconds(step, least), peak(dtype, least)
        rate = tokens * model.operations_per_token / whole
        share = f", {rate / H100:.1%} of 989" if dtype == torch.bfloat16 else ""
        print(
            f"  {name}: forward {ahead * 1e3:.2f} ms, with backward {whole * 1e3:.2f} ms, {tokens / whole:,.0f} tokens/s, "
            f"{rate / 1e12:.2f} TFLOP/s, {rate / of_product:.1%} of the product's {of_product / 1e12:.2f}{share}"
        )
    if DEVICE.type == "cuda":
        print(f"  peak memory {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB")
    return worst


def judge_what_fits(directory, rows, positions, layers, least):
    while True:
        try:
            return judge(directory, rows, positions, layers, least)
        except torch.cuda.OutOfMemoryError:
            tried = layers or json.loads((directory / "config.json").read_text())["num_hidden_layers"]
        print(f"{directory.name}: {tried} layers are more than the card holds")
        if tried == 1:
            return float("inf")
        layers = tried // 2
        gc.collect()
        torch.cuda.empty_cache()


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("directory", type=Path)
    arguments.add_argument("--rows", type=int, default=4)
    arguments.add_argument("--positions", type=int, default=4096)
    arguments.add_argument("--layers", type=int, help="of many; all without")
    arguments.add_argument("--seconds", type=float, default=5, help="that each is measured for")
    a = arguments.parse_args()
    folders = sorted(each for each in a.directory.iterdir() if (each / "config.json").exists())
    worst = max(judge_what_fits(each, a.rows, a.positions, a.layers, a.seconds) for each in folders)
    sys.exit(0 if worst <= CLOSE else f"bf16 is {worst:.3f} off float32, more than {CLOSE}")


main()
