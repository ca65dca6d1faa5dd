#!/usr/bin/env python3
"""Compares the first step of two runs of one program built with --keep-gradients: its losses and the gradient of each weight.

Weights behind Adam are no measure: where a gradient is zero but for rounding,
Adam makes a whole step of it (docs/accuracy.md). Here both runs round to
float32, so a gradient below NOISE of the largest one counts against that.
"""
import pathlib
import sys

from compare_runs import log
from compare_steps import Worst, compare_losses, distance, gradients, largest

NOISE = 1e-5


def main():
    run, reference, within = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), float(sys.argv[3])
    losses, found = Worst(), Worst()
    compare_losses(log(run), log(reference), 1, losses)
    got, want = (gradients(folder / "step-1.safetensors") for folder in (run, reference))
    scale = max(map(largest, want.values()))
    for name, values in want.items():
        own = largest(values)
        found.add(distance(got[name], values) / (own if own > NOISE * scale else scale), name)
    print(f"{found.count} gradients: largest error {found.error:.2e} ({found.place}), of losses {losses.error:.2e}")
    return 0 if max(losses.error, found.error) <= within and losses.count > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
