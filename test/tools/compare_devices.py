#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains one program on a GPU of the fake driver and its kernels on the emulator: the bits of every checkpoint are equal.

Legs such as 'cpu:3,gpu:6,cpu:8' go on where the last one stopped; in the other
run the emulator takes the legs of the GPU, as a processor of the same kind.
Arguments that are not ours go to `train`. The driver and what it counts:
test/fakecuda.
"""
import argparse
import os
import pathlib
import shlex
import shutil
import subprocess
import sys


def run(command, **environment):
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True,
                            env={**os.environ, **{name: str(value) for name, value in environment.items()}})
    if result.returncode:
        sys.exit(f"$ {shlex.join(map(str, command))}\n{result.stdout}{result.stderr}")
    return result.stdout


def build(options):
    out = options.out
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    compile = ["lamina", "build", options.file, "--precision", options.precision]
    compile += [w for s in options.set for w in ("--set", s)]
    emulator = "emulator-sm_90a,cpu" if options.capability == 90 else "emulator,cpu"
    run([*compile, "--device", "cpu,gpu", "-o", out / "gpu"], LAMINA_PTXAS="")
    run([*compile, "--backend", emulator, "-o", out / "emulator"])
    run([*compile, "--backend", emulator, "--emit", "lib", "-o", out / "kernels.so"])


def checkpoints(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.glob("**/*.safetensors"))}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file")
    parser.add_argument("--set", action="append", default=[], help="a constant of the file: name=value")
    parser.add_argument("--fake", type=pathlib.Path, required=True, help="folder of the fake driver")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--capability", type=int, default=80, help="of the GPU: 80 or 90")
    parser.add_argument("--legs", default="gpu:10", help="DEVICE:STEP,… one after the other")
    options, flags = parser.parse_known_args()
    build(options)
    ours, theirs = options.out / "on-gpu", options.out / "on-emulator"
    for number, leg in enumerate(options.legs.split(",")):
        device, steps = leg.split(":")
        # By number: by time, a slow machine would write checkpoints that the other run does not.
        train = ["train", *flags, "--steps", steps, "--save-every", "5", *(["--resume"] if number else [])]
        log = options.out / f"driver-{number}.txt"
        run([options.out / "gpu", *train, "--out", ours, "--device", device], LD_LIBRARY_PATH=options.fake,
            LAMINA_FAKE_CUDA_KERNELS=options.out / "kernels.so", LAMINA_FAKE_CUDA_LOG=log,
            LAMINA_FAKE_CUDA=f"capability={options.capability}")
        other = ["gpu", *train, "--device", "cpu"] if device == "cpu" else ["emulator", *train]
        run([options.out / other[0], *other[1:], "--out", theirs])
        mine, wanted = checkpoints(ours), checkpoints(theirs)
        if not wanted or mine != wanted:
            sys.exit(f"{leg}: " + ", ".join(name for name in wanted if mine.get(name) != wanted[name]) + " differ")
        said = log.read_text().splitlines() if log.exists() else []
        print(f"{leg}: {len(wanted)} files are equal", *(line for line in said if "bytes" not in line), sep="; ")


if __name__ == "__main__":
    main()
