#!/usr/bin/env python3
"""Writes compressed IDX files of made-up pictures, 28 x 28, each a few strokes on black, and of their classes;
with --array also the pictures as they are fed to a model.

For tests that need images where no data set is at hand.
"""
import argparse
import gzip
import pathlib
import random
import struct

SIDE = 28


def picture(random_numbers):
    pixels = bytearray(SIDE * SIDE)
    for _ in range(3):
        x, y = random_numbers.uniform(4, 24), random_numbers.uniform(4, 24)
        dx, dy = random_numbers.uniform(-1, 1), random_numbers.uniform(-1, 1)
        for _ in range(20):
            x, y = min(max(x + dx, 0), SIDE - 2), min(max(y + dy, 0), SIDE - 2)
            for row, column in ((0, 0), (0, 1), (1, 0), (1, 1)):
                at = (int(y) + row) * SIDE + int(x) + column
                pixels[at] = max(pixels[at], random_numbers.randrange(80, 256))
    return pixels


def write(path, magic, sizes, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(struct.pack(f">{1 + len(sizes)}I", magic, *sizes) + data, mtime=0))


def write_array(path, shape, pixels):
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".encode().ljust(117) + b"\n"
    values = struct.pack(f"<{len(pixels)}f", *(pixel / 255 for pixel in pixels))
    path.write_bytes(b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header + values)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("images", type=pathlib.Path)
    parser.add_argument("labels", type=pathlib.Path)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--array", type=pathlib.Path, help="an .npy file, brightness from 0 to 1")
    parser.add_argument("--shape", help="of one picture in the array: 784 or 28,28,1")
    options = parser.parse_args()
    numbers = random.Random(options.seed)
    images = b"".join(bytes(picture(numbers)) for _ in range(options.count))
    labels = bytes(numbers.randrange(10) for _ in range(options.count))
    write(options.images, 0x803, (options.count, SIDE, SIDE), images)
    write(options.labels, 0x801, (options.count,), labels)
    if options.array:
        write_array(options.array, (options.count, *map(int, options.shape.split(","))), images)


if __name__ == "__main__":
    main()
