#!/usr/bin/env python3
"""Compares step times of examples with PyTorch and JAX: same recipe, same threads, same run, taking turns.

./dev bench char_gpt | mnist_cnn | compile
"""
import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
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
        self.folder = ROOT / "build" / "bench"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.program = self.folder / model
        begin = time.perf_counter()
        subprocess.run([lamina, "build", str(ROOT / "examples" / model / f"{model}.lam"), "-o", str(self.program)],
                       check=True)
        self.first = time.perf_counter() - begin
        plan = json.loads((ROOT / "examples" / model / "run.json").read_text())
        self.data = [w for name, path in plan["data"].items() for w in ("--data", f"{name}={path}")]
        if len(plan["data"]) == 1:
            self.data = ["--data", next(iter(plan["data"].values()))]
        self.threads = threads

    def run(self, steps):
        out = subprocess.run([str(self.program), "bench", *self.data, "--steps", str(steps), "--threads",
                              str(self.threads)], check=True, capture_output=True, text=True).stdout
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


def compile_times(lamina):
    source = ROOT / "examples" / "char_gpt" / "char_gpt.lam"
    out = ROOT / "build" / "bench"
    out.mkdir(parents=True, exist_ok=True)
    for depth in (4, 48):
        for cache in ("cold", "warm"):
            flags = ["--no-cache"] if cache == "cold" else []
            seconds = []
            for _ in range(5):
                begin = time.perf_counter()
                subprocess.run([lamina, "build", str(source), "-o", str(out / "char_gpt"), "--set", f"depth={depth}", *flags],
                               check=True)
                seconds.append(time.perf_counter() - begin)
            print(f"compile char_gpt, depth {depth:2}, {cache}: {spread(seconds)} s")


def main():
    parser = argparse.ArgumentParser(prog="./dev bench")
    parser.add_argument("names", nargs="*", default=["char_gpt", "mnist_cnn", "compile"])
    parser.add_argument("--lamina", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=20)
    options = parser.parse_args()
    for name in options.names:
        if name == "compile":
            compile_times(options.lamina)
        else:
            compare(options.lamina, name, options.threads, options.rounds, options.steps)


if __name__ == "__main__":
    main()
