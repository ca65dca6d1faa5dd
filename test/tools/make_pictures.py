#!/usr/bin/env python3
"""Writes a small set of pictures in ten classes as IDX files: a bright square whose place is the class, and noise.

usage: make_pictures.py STEM COUNT SEED   writes STEM-images and STEM-labels
"""
import pathlib
import random
import struct
import sys

SIZE = 28


def picture(label, random_source):
    top, left = 4 + 10 * (label // 5), 1 + 5 * (label % 5)
    return bytes(
        200 + random_source.randrange(56) if top <= y < top + 8 and left <= x < left + 5 else random_source.randrange(64)
        for y in range(SIZE) for x in range(SIZE))


def main():
    stem, count, source = sys.argv[1], int(sys.argv[2]), random.Random(int(sys.argv[3]))
    labels = [source.randrange(10) for _ in range(count)]
    images = b"".join(picture(label, source) for label in labels)
    pathlib.Path(stem + "-images").write_bytes(struct.pack(">IIII", 0x803, count, SIZE, SIZE) + images)
    pathlib.Path(stem + "-labels").write_bytes(struct.pack(">II", 0x801, count) + bytes(labels))


if __name__ == "__main__":
    main()
