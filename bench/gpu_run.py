#!/usr/bin/env python3
"""Measures the programs beside it on this machine's GPU: numbers, bits, times. Made by ./dev bench gpu.

    python3 run.py [--device gpu:1] [--steps 50]
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import compare_steps as compare  # noqa: E402

WITHIN = 1e-5
# Of losses beside the processor's: the second one stands behind a step of Adam, which divides by small gradients.
LOSSES_WITHIN = 1e-4
# Peaks by the name that nvidia-smi says: f32 without tensor cores, bf16 with them (no sparsity: half of what data sheets
# print with an asterisk), in TFLOP/s; memory in TB/s. Behind each what NVIDIA published it in.
PEAKS = {
    "NVIDIA H200": (67, 989, 4.8),                  # H200 data sheet: 67, 1,979*, 4.8 TB/s
    "NVIDIA H100 80GB HBM3": (67, 989, 3.35),       # H100 data sheet, SXM: 67, 1,979*, 3.35 TB/s
    "NVIDIA H100 PCIe": (51, 756, 2.0),             # H100 data sheet, PCIe: 51, 1,513*, 2 TB/s
    "NVIDIA A100-SXM4-80GB": (19.5, 312, 2.039),    # A100 data sheet: 19.5, 312, 2,039 GB/s
    "NVIDIA A100 80GB PCIe": (19.5, 312, 1.935),    # A100 data sheet: 19.5, 312, 1,935 GB/s
    "NVIDIA A100-SXM4-40GB": (19.5, 312, 1.555),    # A100 data sheet of the 40 GB version: 19.5, 312, 1,555 GB/s
    "NVIDIA A100-PCIE-40GB": (19.5, 312, 1.555),    # the same
    "NVIDIA L40S": (91.6, 362.05, 0.864),           # L40S data sheet: 91.6, 362.05, 864 GB/s
    "NVIDIA L40": (90.5, 181.05, 0.864),            # L40 data sheet: 90.5, 181.05, 864 GB/s
    "NVIDIA L4": (30.3, 121, 0.3),                  # L4 data sheet: 30.3, 242*, 300 GB/s
    "NVIDIA A10": (31.2, 125, 0.6),                 # A10 data sheet: 31.2, 125, 600 GB/s
    "NVIDIA GeForce RTX 4090": (82.6, 165.2, 1.008),  # Ada architecture whitepaper: 82.6, 165.2 (f32 sums), 1,008 GB/s
    "NVIDIA GeForce RTX 3090": (35.6, 71, 0.936),   # GA102 architecture whitepaper: 35.6, 71 (f32 sums), 936 GB/s
}


class Programs:
    def __init__(self, options):
        self.device, self.failed = options.device, False
        self.work = HERE / "work"
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir()

    def run(self, folder, *arguments, device=None):
        environment = dict(os.environ)
        if (HERE / "libcuda.so.1").exists():
            environment.update(LD_LIBRARY_PATH=str(HERE), LAMINA_FAKE_CUDA_KERNELS=str(folder / "kernels.so"))
        command = [str(folder / "program"), *map(str, arguments), "--device", device or self.device]
        result = subprocess.run(command, capture_output=True, text=True, cwd=HERE, env=environment)
        if result.returncode:
            sys.exit(f"$ {' '.join(command)}\n{result.stdout}{result.stderr}")
        return result.stdout + result.stderr

    def verdict(self, text, good):
        self.failed |= not good
        print(f"{'ok    ' if good else 'FAILED'} {text}", flush=True)

    def check(self, plan):
        folder = HERE / "checks" / plan["name"]
        worst, zeros, losses = compare.Worst(), compare.Worst(), compare.Worst()
        for step in range(1, plan["steps"] + 1):
            ours, oracle = self.work / f"{plan['name']}-{step}", folder / f"oracle-{step}"
            shutil.copytree(folder / f"before-{step}", ours)
            self.run(folder, "train", *plan["flags"], "--out", ours, "--steps", step, "--resume")
            name = f"step-{step}.safetensors"
            compare.compare_gradients(compare.gradients(ours / name), compare.gradients(oracle / name),
                                      compare.by_element, step, worst, zeros)
            compare.compare_losses(compare.log(ours), compare.log(oracle), step, losses)
        largest = max(each.error for each in (worst, zeros, losses))
        self.verdict(f"{plan['name']}: {worst.count} gradients and {losses.count} losses of {plan['steps']} steps beside "
                     f"the interpreter in float64: largest error {largest:.1e}", largest <= WITHIN)
        outs = [self.work / f"{plan['name']}-{run}" for run in ("first", "second")]
        for out in outs:
            self.run(folder, "train", *plan["flags"], "--out", out, "--steps", 20, "--save-every", 10)
        names = sorted(path.name for path in outs[0].glob("*.safetensors"))
        equal = all((outs[0] / name).read_bytes() == (outs[1] / name).read_bytes() for name in names)
        self.verdict(f"{plan['name']}: two runs of 20 steps have the same bits ({len(names)} files)", equal)

    def losses(self, plan):
        """The first steps beside the processor's."""
        out, worst = self.work / f"{plan['name']}-losses", compare.Worst()
        self.run(HERE / "losses" / plan["name"], "train", *plan["flags"], "--out", out, "--steps", plan["steps"])
        got, want = compare.log(out), compare.log(HERE / "losses" / plan["name"])
        for step in range(1, plan["steps"] + 1):
            compare.compare_losses(got, want, step, worst)
        shutil.rmtree(out)
        self.verdict(f"{plan['name']}: {worst.count} losses of {plan['steps']} steps beside the processor: largest error "
                     f"{worst.error:.1e}", worst.count > 0 and worst.error <= LOSSES_WITHIN)

    def time(self, plan, steps, peak):
        folder, trace = HERE / "times" / plan["name"], self.work / f"{plan['name']}.json"
        out = self.run(folder, "bench", *plan["flags"], "--steps", steps)
        first, median, best = re.search(r"first step ([\d.]+) ms.* ([\d.]+) ms, best ([\d.]+) ms", out).groups()
        print(f"\n{plan['name']}: {median} ms a step (best {best}, first {first})")
        self.run(folder, "bench", *plan["flags"], "--steps", 5, f"--profile={trace}")
        self.print_kernels(json.loads(trace.read_text())["traceEvents"], peak)

    def print_kernels(self, events, peak):
        kernels = {}
        for event in events:
            if event.get("cat") == "kernel":
                kernels.setdefault(event["name"], []).append(event)
        total = sum(event["dur"] for spans in kernels.values() for event in spans)
        print(f"{'kernel':<34}{'calls':>6}{'us a call':>11}{'% of all':>9}{'GFLOP/s':>9}{'GB/s':>7}{'% of peak':>10}")
        order = sorted(kernels.items(), key=lambda item: -sum(event["dur"] for event in item[1]))
        for name, spans in order[:15]:
            time = statistics.median(event["dur"] for event in spans)
            flops, moved = (max(spans[0]["args"][key] / max(time, 1e-3) * 1e-3, 0) for key in ("flops", "bytes"))
            share = f"{100 * max(flops / peak[0] * 1e-3, moved / peak[2] * 1e-3):.1f}" if peak else "-"
            print(f"{spans[0]['args']['kind'] + ' ' + spans[0]['args'].get('layer', name):<34.33}{len(spans):>6}"
                  f"{time:>11.1f}{100 * sum(event['dur'] for event in spans) / total:>9.1f}{flops:>9.0f}{moved:>7.0f}"
                  f"{share:>10}")


def device_name():
    """What nvidia-smi says; empty where there is none."""
    try:
        out = subprocess.run(["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"],
                             capture_output=True, text=True)
    except OSError:
        return ""
    return out.stdout.strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--device", default="gpu")
    parser.add_argument("--steps", type=int, default=50)
    options = parser.parse_args()
    plan = json.loads((HERE / "plan.json").read_text())
    name = device_name()
    peak = PEAKS.get(name.split(",")[0])
    print("on the fake driver: times say nothing" if (HERE / "libcuda.so.1").exists() else name or "no nvidia-smi here")
    print(f"peak: {peak[0]} TFLOP/s in f32, {peak[1]} in bf16, {peak[2]} TB/s" if peak else "peak: not known")
    programs = Programs(options)
    for each in plan["checks"]:
        programs.check(each)
    for each in plan["losses"]:
        programs.losses(each)
    for each in plan["times"]:
        programs.time(each, options.steps, peak)
    return 1 if programs.failed else 0


if __name__ == "__main__":
    sys.exit(main())
