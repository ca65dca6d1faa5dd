#!/usr/bin/env python3
"""Compares single steps of training on the CPU with the oracle's: loss, reports and the gradient of each weight.

The CPU (or another backend) trains; at each step the oracle takes the same step from the same
checkpoint, so that no error of one step is part of the next. docs/accuracy.md
defines the errors. With `--fake` a GPU of the fake driver trains, and the oracle
is the CPU of the same program. Arguments that are not ours go to `train`.
"""
import argparse
import json
import math
import os
import pathlib
import shlex
import shutil
import struct
import subprocess
import sys

from compare_runs import FORMATS, log, tensors

# A tensor this far below the largest gradient is zero but for the rounding of float64.
ZERO = 1e-12


GRADIENTS, ZEROS = "gradients", "gradients that are zero, to the largest"
LOSSES, OUTPUTS = "losses and reports", "outputs"
FLIPS = "flips of truths that are counted, to those allowed"

# The bounds of docs/accuracy.md: of sums in float32, of factors that were rounded alike, of rounding factors.
SUMMED = {GRADIENTS: 1e-5, ZEROS: 1e-5, LOSSES: 1e-5, OUTPUTS: 1e-5}
ALIKE = {GRADIENTS: 2**-6, ZEROS: 2**-9, LOSSES: 2**-13, OUTPUTS: 2**-7}
ROUNDED = {GRADIENTS: 2**-4, ZEROS: 2**-7, LOSSES: 2**-9, OUTPUTS: 2**-5}
# Gradients behind relu or a maximum.
CHOSEN = 2**-2


def flips_allowed(truths, output_bound):
    """How many of the truths that a report counts may turn out otherwise: of docs/accuracy.md, too."""
    return int(1 + truths * output_bound)


BOUNDS = {
    ("float32", "reference"): SUMMED,
    ("bfloat16", "reference"): ROUNDED,
    ("bfloat16", "reference-typed"): ALIKE,
    ("bfloat16", "cpu"): ROUNDED,
}


class Worst:
    """The largest error so far, and where it was."""

    def __init__(self):
        self.error, self.place, self.count = 0.0, "nothing", 0

    def add(self, error, place):
        self.count += 1
        if not error <= self.error:  # NaN is the worst
            self.error, self.place = error, place


def largest(values):
    return max(map(abs, values), default=0.0)


def length(values):
    return math.sqrt(sum(value * value for value in values))


def differences(got, want):
    # `max` drops NaN, so it is asked for.
    found = [abs(a - b) for a, b in zip(got, want, strict=True)]
    return [float("inf")] if any(d != d for d in found) else found


def distance(got, want):
    return largest(differences(got, want))


def by_element(got, want):
    return distance(got, want) / (largest(want) or 1.0)


def by_length(got, want):
    return length(differences(got, want)) / (length(want) or 1.0)


def gradients(path):
    found = {name: list(values) for name, values in tensors(path) if ".gradient" in name}
    if not found:
        sys.exit(f"{path} holds no gradients")
    return found


def compare_gradients(got, want, relative, step, worst, zeros):
    scale = max(map(largest, want.values()))
    if not scale > 0:
        sys.exit(f"every gradient of step {step} is zero: nothing is compared")
    for name, values in want.items():
        place = f"'{name}' of step {step}"
        if largest(values) > ZERO * scale:
            worst.add(relative(got[name], values), place)
        else:
            zeros.add(distance(got[name], values) / scale, place)


def compare_losses(got, want, step, worst):
    for key, value in want[step].items():
        if isinstance(value, float) and "second" not in key:
            worst.add(by_element([got[step][key]], [value]), f"{key} of step {step}")


def reports(folder):
    lines = map(json.loads, (folder / "log.jsonl").read_text().splitlines())
    return {line["step"]: line["report"] for line in lines if "report" in line}


def compare_reports(got, want, step, numbers, flips, counts, output_bound):
    """Reports are numbers, but for means of `counts[name]` truths."""
    for name, value in want.get(step, {}).items():
        place = f"report {name} of step {step}"
        if name not in counts:
            numbers.add(by_element([got[step][name]], [value]), place)
            continue
        flipped = round(distance([got[step][name]], [value]) * counts[name])
        flips.add(flipped / flips_allowed(counts[name], output_bound), place)


def read_npy(path):
    data = path.read_bytes()
    (size,) = struct.unpack("<H", data[8:10])
    header = data[10:10 + size].decode()
    code = {"<f4": "f", "<f8": "d", "<i4": "i", "<i8": "q"}[header.split("'descr': '")[1].split("'")[0]]
    assert code in FORMATS.values()
    return [value for (value,) in struct.iter_unpack("<" + code, data[10 + size:])]


class Comparison:
    def __init__(self, options, flags):
        self.out, self.options, self.flags = options.out, options, flags
        self.bounds = BOUNDS[options.precision, options.oracle]
        self.counts = {name: int(count) for name, count in (word.split("=") for word in options.count)}
        self.relative = by_length if self.bounds is ROUNDED else by_element
        self.compile = [options.file, "--keep-gradients", "--precision", options.precision]
        self.compile += [w for s in options.set for w in ("--set", s)]
        program = self.out / pathlib.Path(options.file).stem
        shutil.rmtree(self.out, ignore_errors=True)
        self.out.mkdir(parents=True)
        backend = ["--backend", options.backend]
        if options.load_backend_plugin:
            backend += ["--load-backend-plugin", options.load_backend_plugin]
        if options.fake:
            self.build_for_gpu(program)
            return
        if options.backend.startswith("reference"):
            self.program = ["lamina", "run", *backend, *self.compile, "--"]
        else:
            device = ["--device", "cpu," + options.device] if options.device else []
            self.run(["lamina", "build", *self.compile, *backend, *device, "-o", program])
            self.program = [program]
        # What rounds alike has the same graph: attention as one op, where kernels for GPUs do it.
        alike = ["--device=cpu,gpu"] if "emulator" in options.backend and "typed" in options.oracle else []
        self.oracle = ["lamina", "run", "--backend=" + options.oracle, *alike, *self.compile, "--"]

    def build_for_gpu(self, program):
        kernels = self.out / "kernels.so"
        os.environ["LAMINA_PTXAS"] = ""
        self.run(["lamina", "build", *self.compile, "--device=cpu,gpu", "-o", program])
        self.run(["lamina", "build", *self.compile, "--backend", f"{self.options.emulator},cpu", "--emit=lib", "-o", kernels])
        os.environ.update(LD_LIBRARY_PATH=str(self.options.fake), LAMINA_FAKE_CUDA_KERNELS=str(kernels))
        self.program, self.oracle = [program], [program]

    def run(self, command):
        result = subprocess.run(list(map(str, command)), capture_output=True, text=True)
        if result.returncode:
            sys.exit(f"$ {shlex.join(map(str, command))}\n{result.stdout}{result.stderr}")
        return result.stdout

    def train(self, program, folder, steps, resume):
        return self.run([*program, "train", *self.flags, "--steps", steps, "--out", folder] +
                        (["--resume"] if resume else []) + self.device(program))

    def device(self, program):
        if self.options.fake:
            return ["--device", "gpu" if program is self.program else "cpu"]
        return ["--device", self.options.device] if self.options.device and program is self.program else []

    def steps(self):
        worst, zeros, losses, flips = Worst(), Worst(), Worst(), Worst()
        cpu, oracle = self.out / "cpu", self.out / "oracle"
        self.train(self.program, cpu, 0, resume=False)
        for step in range(1, self.options.steps + 1):
            shutil.rmtree(oracle, ignore_errors=True)
            shutil.copytree(cpu, oracle)
            self.train(self.program, cpu, step, resume=True)
            self.train(self.oracle, oracle, step, resume=True)
            name = f"step-{step}.safetensors"
            compare_gradients(gradients(cpu / name), gradients(oracle / name), self.relative, step, worst, zeros)
            compare_losses(log(cpu), log(oracle), step, losses)
            compare_reports(reports(cpu), reports(oracle), step, losses, flips, self.counts, self.bounds[OUTPUTS])
        if self.counts and not flips.count:
            sys.exit(f"no step has a report of {', '.join(self.counts)}")
        return {GRADIENTS: worst, ZEROS: zeros, LOSSES: losses, FLIPS: flips}

    def outputs(self):
        worst = Worst()
        for words in map(shlex.split, self.options.sample):
            files = [self.out / "cpu.npy", self.out / "oracle.npy"]
            weights = ["--weights", self.out / "cpu"]
            for program, file in zip((self.program, self.oracle), files):
                self.run([*program, *words, *weights, "--out", file, *self.device(program)])
            worst.add(self.relative(read_npy(files[0]), read_npy(files[1])), f"sample {words[0]}")
        return {OUTPUTS: worst}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("--set", action="append", default=[], help="a constant of the file: name=value")
    parser.add_argument("--backend", default="cpu", help="what compiles the program, or plays it")
    parser.add_argument("--load-backend-plugin", help="a shared library that has the backend")
    parser.add_argument("--device", help="what the program runs on, beside the CPU that it is built for")
    parser.add_argument("--oracle", default="reference", help="what it is compared with")
    parser.add_argument("--fake", type=pathlib.Path, help="folder of the fake driver: its GPU beside the CPU")
    parser.add_argument("--emulator", default="emulator", help="the backend whose kernels it runs")
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--sample", action="append", default=[], help="a sample and its flags, with a tensor as result")
    parser.add_argument("--count", action="append", default=[], help="a report that is a mean of truths: name=how many")
    parser.add_argument("--choices", action="store_true", help="gradients come through relu or a maximum")
    parser.add_argument("--within", type=float, help="instead of the bounds of docs/accuracy.md")
    options, flags = parser.parse_known_args()
    if options.fake:
        options.oracle = "cpu"
    if (options.precision, options.oracle) not in BOUNDS:
        parser.error(f"docs/accuracy.md has no bounds for {options.precision} against '{options.oracle}'; the GPU of the "
                     "fake driver has the bits of the emulator: see compare_devices.py")

    comparison = Comparison(options, flags)
    found = {**comparison.steps(), **comparison.outputs()}
    for what, worst in found.items():
        if worst.count:
            print(f"{what}: {worst.count} compared, largest error {worst.error:.2e} ({worst.place})")
    bounds = dict.fromkeys(found, options.within) if options.within else dict(comparison.bounds)
    if options.choices:
        bounds[GRADIENTS] = CHOSEN
    bounds[FLIPS] = 1
    return 0 if all(worst.error <= bounds[name] for name, worst in found.items()) else 1


if __name__ == "__main__":
    sys.exit(main())
