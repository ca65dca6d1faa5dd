#!/usr/bin/env python3
"""Fails if an op that a derivative flows through has no test of its first and second derivative.

The list of ops comes from the dialects, what is tested from the folder: every
public function there is compared with differences by --check-gradients.
"""
import pathlib
import subprocess
import sys

# Ops without a second derivative, and why. None so far: each formula is differentiable again.
FIRST_ONLY = {}


def reference(*arguments):
    return subprocess.run(["lamina-reference", *map(str, arguments)], check=True, capture_output=True,
                          text=True).stdout.splitlines()


def main():
    wanted, tested = set(reference("--list-differentiable")), {}
    for file in sorted(pathlib.Path(sys.argv[1]).glob("*.mlir")):
        if "--check-gradients" not in file.read_text():
            continue
        for line in reference("--list-covered", file):
            order, name = line.split()
            tested[name] = max(tested.get(name, 0), int(order))
    print(f"{len(wanted)} ops with a derivative")
    if not wanted:
        return 1
    missing = 0
    for name in sorted(wanted):
        order = 1 if name in FIRST_ONLY else 2
        if tested.get(name, 0) < order:
            missing += 1
            print(f"{name}: derivatives are tested up to order {tested.get(name, 0)}, not {order}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
