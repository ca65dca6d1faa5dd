#!/usr/bin/env python3
"""Compares two training runs of one program: what the log says of each step, and every tensor of each checkpoint.

The checkpoints hold the optimizer's moments as well as the weights, so equal
checkpoints mean equal gradients. The error of a tensor is the largest
difference over the largest magnitude of the reference's tensor.
"""
import argparse
import array
import json
import math
import pathlib
import struct
import sys

FORMATS = {"F32": "f", "F64": "d", "I32": "i", "I64": "q", "BOOL": "B", "U8": "B"}


def tensors(path):
    data = path.read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + size])
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            values = array.array(FORMATS[entry["dtype"]])
            values.frombytes(data[8 + size + begin:8 + size + end])
            yield name, values


def log(folder):
    lines = (folder / "log.jsonl").read_text().splitlines()
    return {e["step"]: e for e in map(json.loads, lines) if "step" in e and "report" not in e}


def error(got, want):
    scale = max((abs(v) for v in want), default=0.0)
    worst = max((abs(a - b) for a, b in zip(got, want)), default=0.0)
    if not all(map(math.isfinite, got)) or not math.isfinite(scale):
        return math.inf  # NaN compares as nothing
    return worst / scale if scale > 0 else worst


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=pathlib.Path)
    parser.add_argument("reference", type=pathlib.Path)
    parser.add_argument("--within", type=float, default=1e-5, help="the largest error (1e-5)")
    options = parser.parse_args()

    worst = (0.0, "nothing")
    got, want = log(options.run), log(options.reference)
    if got.keys() != want.keys():
        print(f"steps differ: {sorted(got)} and {sorted(want)}")
        return 1
    for step, entry in want.items():
        for key, value in entry.items():
            if isinstance(value, float) and "second" not in key:
                worst = max(worst, (abs(got[step][key] - value) / max(abs(value), 1e-12), f"{key} of step {step}"))
    count = 0
    for file in sorted(options.reference.glob("step-*.safetensors")):
        mine = dict(tensors(options.run / file.name))
        for name, values in tensors(file):
            if name not in mine or len(mine[name]) != len(values):
                print(f"{file.name}: '{name}' is missing or of another size")
                return 1
            count += 1
            worst = max(worst, (error(mine[name], values), f"'{name}' in {file.name}"))
    print(f"{len(want)} steps, {count} tensors: largest relative error {worst[0]:.2e} ({worst[1]})")
    if count == 0 or not want:
        print("nothing was compared")
        return 1
    if worst[0] <= options.within:
        return 0
    print(f"that is more than {options.within:g}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
