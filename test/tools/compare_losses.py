#!/usr/bin/env python3
"""Compares the mean loss of the last steps of two runs, which must have fallen below a number."""
import argparse
import json
import pathlib
import sys


def mean_loss(folder, count):
    lines = map(json.loads, (folder / "log.jsonl").read_text().splitlines())
    losses = [line["loss"] for line in lines if "loss" in line][-count:]
    if len(losses) < count:
        sys.exit(f"{folder} has the losses of {len(losses)} steps")
    return sum(losses) / count


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("got", type=pathlib.Path)
    parser.add_argument("want", type=pathlib.Path)
    parser.add_argument("--last", type=int, required=True)
    parser.add_argument("--within", type=float, required=True, help="part of the loss")
    parser.add_argument("--below", type=float, required=True)
    options = parser.parse_args()
    got, want = (mean_loss(folder, options.last) for folder in (options.got, options.want))
    print(f"losses {got:.4f} and {want:.4f}, {abs(got - want) / want:.2e} apart")
    return 0 if abs(got - want) <= options.within * want and max(got, want) < options.below else 1


if __name__ == "__main__":
    sys.exit(main())
