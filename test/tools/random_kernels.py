#!/usr/bin/env python3
"""Writes random GRAPH functions of every form that becomes a kernel, and compares what the backends make of each
kernel with its plain meaning.

A function holds one op that decides the kind of its kernel (a reduction, a product, windows, a structured op, or
nothing but elements) between random views and elementwise ops, at sizes that fit no tile. The same seed writes the same
functions on every machine. One that differs is written again with smaller sizes, and printed.
"""
import argparse
import pathlib
import random
import re
import subprocess
import sys

from random_functions import FORMS, function

# Sizes that are known when the program runs, and what they are in this run.
SIZES = {"one": 1, "three": 3, "seven": 7, "prime": 37, "more": 65, "long": 131}
SMALLER = [dict(SIZES, long=5, more=5, prime=5, seven=3), dict(SIZES, long=33, more=33, prime=11)]
TO_KERNELS = ("builtin.module(func.func(graph-decompose-attention),canonicalize,cse,func.func(kernel-decompose),canonicalize,cse,"
              "func.func(kernel-place-scalars,kernel-form-clusters),convert-graph-to-kernel)")


def run(command):
    return subprocess.run(list(map(str, command)), capture_output=True, text=True)


def compare(texts, folder, backends, sizes, options):
    """The names of functions whose kernels differ, and all that was said."""
    graph, kernels = folder / "graph.mlir", folder / "kernels.mlir"
    graph.write_text("\n".join(texts))
    made = run(["lamina-opt", graph, f"--pass-pipeline={TO_KERNELS}", "-o", kernels])
    if made.returncode:
        sys.exit(f"{graph} becomes no kernels\n{made.stderr}")
    given = ",".join(f"{name}={value}" for name, value in sizes.items())
    result = run(["lamina-kernel", kernels, f"--compare={backends}", f"--sizes={given}", f"--tolerance={options.within}",
                  f"--check-every={options.check_every}"])
    text = result.stdout + result.stderr
    bad = sorted(set(re.findall(r"^(f\d+)\.\S* on \S+: WRONG", text, re.M)))
    if result.returncode and not bad:
        sys.exit(f"lamina-kernel {kernels} --compare={backends} --sizes={given}\n{text[-4000:]}")
    return bad, text


def report(number, text, folder, options):
    """Prints the function with the smallest sizes at which it differs, and the command that shows it."""
    for sizes in [*SMALLER, SIZES]:
        bad, said = compare([text], folder, options.backends, sizes, options)
        if bad:
            break
    file = options.out / f"f{number}.mlir"
    file.write_text((folder / "kernels.mlir").read_text())
    given = ",".join(f"{name}={value}" for name, value in sizes.items())
    print(f"--seeds {number}:{number + 1}\n{text}\n{said.strip()}\n"
          f"lamina-kernel {file} --compare={options.backends} --sizes={given}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seeds", default="0:500", help="first:end")
    parser.add_argument("--forms", default=",".join(FORMS), help="of these in turn")
    parser.add_argument("--backends", default="cpu,emulator")
    parser.add_argument("--within", type=float, default=1e-5)
    parser.add_argument("--check-every", type=int, default=4, help="accesses of every n-th kernel are checked")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    first, end = map(int, options.seeds.split(":"))
    forms = options.forms.split(",")
    texts = {n: function(random.Random(n), f"f{n}", forms[n % len(forms)], list(SIZES)) for n in range(first, end)}
    bad, said = compare(list(texts.values()), options.out, options.backends, SIZES, options)
    for name in bad:
        report(int(name[1:]), texts[int(name[1:])], options.out, options)
    print(said.splitlines()[-1])
    print(f"{len(texts)} functions, {len(bad)} differ")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
