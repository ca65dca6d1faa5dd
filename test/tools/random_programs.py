#!/usr/bin/env python3
"""Writes random layers, and compares what the backends make of them with the oracle.

A program holds a few layers, each a chain of random steps on a tensor of rank
1 to 5: broadcasts, slices, pads, joins, reductions, softmax, transposes,
products, windows, loops. The loss of each and the gradient of each weight are
compared after one step. The same seed writes the same program on every machine.
"""
import argparse
import pathlib
import shutil
import subprocess
import sys

from compare_runs import log
from compare_steps import distance, gradients, largest
from random_layers import layer

# Gradients that cancel are rounding in float32: below this size errors count as if they were this large.
SMALL = 5e-3
TO_KERNELS = ("builtin.module(func.func(kernel-decompose),canonicalize,cse,func.func(kernel-place-scalars),"
              "func.func(kernel-form-clusters),convert-graph-to-kernel{report-splits=true})")


def join(layers):
    text = "".join(each.text() for each in layers)
    text += "model M {\n" + "".join(f"  l{each.number}: L{each.number}\n" for each in layers) + "}\n"
    text += "data items from records(12) {\n"
    text += "".join(f"  x{each.number}: [{each.list(each.record)}] ~ normal\n" for each in layers) + "}\n"
    text += "train M {\n  data items batch 3\n"
    text += "".join(f"  loss{each.number} = l{each.number}(x{each.number})\n" for each in layers)
    text += "  minimize " + " + ".join(f"loss{each.number}" for each in layers) + " with sgd(0.1)\n"
    text += "".join(f"  report r{each.number} = loss{each.number}\n" for each in layers)
    return text + "  steps 1\n}\n"


def run(command, seconds):
    try:
        result = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        return "took too long"
    return None if result.returncode == 0 else (result.stdout + result.stderr).strip() or f"ended with {result.returncode}"


def compare(file, folder, backends, within):
    """Nothing, or what is wrong."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for backend in ["reference", *backends]:
        wrong = run(["lamina", "run", f"--backend={backend}", "--keep-gradients", file, "--", "train", "--steps", 1,
                     "--save-every", 1, "--seed", 1, "--out", folder / backend], 300)
        if wrong:
            return f"{backend}: {wrong}"
    want = results(folder / "reference")
    for backend in backends:
        got = results(folder / backend)
        for name, values in want.items():
            error = distance(got[name], values) / max(largest(values), SMALL)
            if not error <= within:
                return f"{backend}: {name} is off by {error:.1e}"
    return None


def results(folder):
    """Gradients and losses of the one step."""
    found = gradients(folder / "step-1.safetensors")
    found.update((key, [value]) for key, value in log(folder)[1].items()
                 if isinstance(value, float) and "second" not in key)
    return found


def splits(file, folder):
    """The remarks on clusters that no kernel could be made of."""
    graph = folder / "program.mlir"
    wrong = run(["lamina", "build", file, "--keep-gradients", "--emit=graph", "-o", graph], 100)
    if wrong:
        return wrong
    result = subprocess.run(["lamina-opt", graph, f"--pass-pipeline={TO_KERNELS}"], capture_output=True, text=True)
    return "\n".join(line for line in result.stderr.splitlines() if "remark" in line)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", default="0:1", help="first:end")
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--backends", default="reference-kernels,cpu")
    parser.add_argument("--within", type=float, default=2e-3)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--splits", action="store_true", help="count clusters that fell into two instead")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    first, end = map(int, options.seeds.split(":"))
    backends, numbers = options.backends.split(","), range(options.layers)

    def check(file):
        if options.splits:
            return splits(file, options.out)
        return compare(file, options.out / "runs", backends, options.within)

    bad = 0
    for seed in range(first, end):
        file = options.out / f"program{seed}.lam"
        file.write_text(join([layer(seed, number) for number in numbers]))
        if not check(file):
            continue
        # One of them is at fault: each alone says which.
        for number in numbers:
            file = options.out / f"layer{seed}-{number}.lam"
            file.write_text(join([layer(seed, number)]))
            wrong = check(file)
            if wrong:
                bad += 1
                print(f"{file}: {wrong[:600]}", flush=True)
            else:
                file.unlink()
    print(f"{(end - first) * len(numbers)} layers, {bad} differ")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
