#!/usr/bin/env python3
"""Compares two .npy files: there are equally many numbers, and none is further from the other than a bound."""
import argparse
import pathlib
import sys

from compare_steps import read_npy


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("got", type=pathlib.Path)
    parser.add_argument("want", type=pathlib.Path)
    parser.add_argument("--within", type=float, required=True, help="of the largest magnitude in the second file")
    args = parser.parse_args()
    got, want = read_npy(args.got), read_npy(args.want)
    scale = max((abs(v) for v in want), default=0.0) or 1.0
    worst = max((abs(a - b) for a, b in zip(got, want)), default=0.0) / scale
    same = len(got) == len(want) and worst <= args.within
    print(f"{len(got)} and {len(want)} numbers, largest difference {worst:.1e}")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
