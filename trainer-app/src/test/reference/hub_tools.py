"""Reads with Transformers and PEFT what Millrace wrote, and computes its logits.

    hub_tools.py DIRECTORY      holds base/, adapter/, merged/, ids.json and logits.safetensors with Millrace's own

Exits 0 if the adapter on its base, and the merged model, have Millrace's logits, and the base alone has not.
"""

import json
import sys
from pathlib import Path

import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

TOLERANCE = 2e-5


def model(directory):
    loaded, info = AutoModelForCausalLM.from_pretrained(
        directory, dtype=torch.float32, attn_implementation="eager", output_loading_info=True, local_files_only=True
    )
    if info["missing_keys"]:
        raise SystemExit(f"{directory} lacks {sorted(info['missing_keys'])}")
    return loaded.eval()


def distance(model, ids, wanted):
    with torch.no_grad():
        return (model(ids).logits - wanted).abs().max().item()


def main(directory):
    ids = torch.tensor(json.loads((directory / "ids.json").read_text()))
    wanted = load_file(directory / "logits.safetensors")["logits"]
    base = distance(model(directory / "base"), ids, wanted)
    merged = distance(model(directory / "merged"), ids, wanted)
    adapted = PeftModel.from_pretrained(model(directory / "base"), directory / "adapter")
    untrained = [name for name, value in adapted.named_parameters() if "lora_B" in name and not value.any()]
    if untrained:
        raise SystemExit(f"PEFT found nothing for {untrained}")
    adapter = distance(adapted, ids, wanted)
    print(f"largest difference of a logit: base {base:.1e}, adapter {adapter:.1e}, merged {merged:.1e}")
    if not (adapter <= TOLERANCE and merged <= TOLERANCE and base > 1e-2):
        raise SystemExit("not what Millrace computes")


main(Path(sys.argv[1]))
