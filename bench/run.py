#!/usr/bin/env python3
"""Figures that the project promises, measured: ./dev bench [NAME...]

char_gpt, mnist_cnn   step time beside PyTorch and JAX: same recipe, same threads, same run, taking turns
compile               time of the compiler at two depths, cold and from its cache
start                 size of a program, what it needs, time until its first step is done
gpu                   packs a tar that measures programs on a machine with a GPU (only when it is named)
loss, accuracy        what char_gpt and the MNIST examples reach on held-out data (minutes each)
"""
import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys

import compile_time
import gpu
import quality
import start
from program import ROOT, Program

HERE = pathlib.Path(__file__).resolve().parent
PEERS = ("torch", "torch.compile", "jax")


def peer_python():
    """A Python with the peers, made once under build/."""
    folder = pathlib.Path(os.environ.get("LAMINA_BENCH_VENV", ROOT / "build" / "bench-venv"))
    python = folder / "bin" / "python"
    if not python.exists():
        print("installing PyTorch and JAX from PyPI (once)", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", "torch", "jax", "optax", "numpy"], check=True)
    return str(python)


class Peer:
    def __init__(self, system, model, threads):
        self.name = system
        self.process = subprocess.Popen([peer_python(), str(HERE / "peer.py"), system, model, str(threads)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                        text=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{system} did not start")
        self.first = json.loads(line)["first"]

    def run(self, steps):
        self.process.stdin.write(f"{steps}\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())["times"]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Lamina:
    name = "lamina"

    def __init__(self, lamina, model, threads):
        self.program = Program(lamina, model)
        self.first = self.program.seconds
        self.threads = threads

    def run(self, steps):
        out = self.program.run("bench", *self.program.default_data(), "--steps", str(steps),
                               "--threads", str(self.threads))
        return [float(re.search(r"later ones ([0-9.]+) ms", out).group(1)) / 1e3]

    def close(self):
        pass


def spread(values):
    low, high = min(values), max(values)
    return f"{statistics.median(values):6.2f} ({low:.2f}-{high:.2f})"


def compare(lamina, model, threads, rounds, steps):
    ours = Lamina(lamina, model, threads)
    systems = [ours]
    for name in PEERS:
        try:
            systems.append(Peer(name, model, threads))
        except RuntimeError as error:
            print(f"  {error}; left out", flush=True)
    medians = {s.name: [] for s in systems}
    for _ in range(rounds):
        for system in systems:
            medians[system.name].append(statistics.median(system.run(steps)))
    print(f"{model}, {threads} thread(s), {rounds} rounds of {steps} steps, taking turns")
    print(f"{'system':<15}{'ms a step':>22}{'  time / lamina':>24}{'  until first step':>20}")
    for system in systems:
        mine = medians[system.name]
        ratios = [a / b for a, b in zip(mine, medians[ours.name])]
        print(f"{system.name:<15}{spread([1e3 * m for m in mine]):>22}{spread(ratios):>24}{system.first:>18.2f} s")
        system.close()


def main():
    names = ("char_gpt", "mnist_cnn", "compile", "start", "loss", "accuracy")
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="all of " + " ".join(names) + " when none is given")
    parser.add_argument("--lamina", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=20)
    options = parser.parse_args()
    if strange := [name for name in options.names if name not in (*names, "gpu")]:
        parser.error(f"there is no bench '{strange[0]}'; there are {', '.join(names)}, gpu")
    for name in options.names or names:
        if name == "compile":
            compile_time.measure(options.lamina, options.rounds)
        elif name == "start":
            start.measure(options.lamina)
        elif name == "gpu":
            gpu.measure(options.lamina)
        elif name == "loss":
            quality.loss_of_char_gpt(options.lamina)
        elif name == "accuracy":
            quality.accuracy_on_mnist(options.lamina)
        else:
            compare(options.lamina, name, options.threads, options.rounds, options.steps)


if __name__ == "__main__":
    main()
