#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts the different mistakes of users that have a test for their whole message.

A mistake is a message of an error in a test, with what stands in quotes and all
numbers left out: two tests of one sentence count once. Prints them by family;
the exit code is 1 if there are fewer than --least.
"""
import argparse
import pathlib
import re
import sys


def sentence(text):
    text = re.sub(r"'[^']*'|\"[^\"]*\"", "'…'", text)
    text = re.sub(r"\[[^\]]*\]", "[…]", text)
    return re.sub(r"-?\d+(\.\d+)?", "0", text).replace("{{$}}", "").strip()


def of_sources(root):
    for path in sorted((root / "test/frontend/diagnostics").rglob("*.lam")):
        for line in path.read_bytes().decode(errors="replace").splitlines():
            found = re.match(r"// CHECK(-NEXT)?:.*\.lam:\d+:\d+: (error|warning): (.*)$", line)
            if found:
                family = path.stem if path.parent.name == "mistakes" else path.stem.split("_")[1]
                yield family, sentence(found.group(3))


def of_programs(root):
    for path in sorted((root / "test/runtime/mistakes").glob("*.lam")):
        for line in path.read_text().splitlines():
            found = re.match(r"// (error|warning): (.*)$", line)
            if found:
                yield path.stem, sentence(found.group(2))


def report(known, what):
    families = {}
    for text, family in known.items():
        families.setdefault(family, []).append(text)
    for family, texts in sorted(families.items()):
        print(f"{family}: {len(texts)}")
        for text in sorted(texts):
            print(f"  {text}")
    print(f"{len(known)} different mistakes of {what}")


def first_of_each(found):
    known = {}
    for family, text in found:
        known.setdefault(text, family)
    return known


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=pathlib.Path, help="of the project")
    parser.add_argument("--least", type=int, default=60, help="mistakes in sources")
    parser.add_argument("--least-programs", type=int, default=0,
                        help="mistakes in the use of built programs")
    options = parser.parse_args()
    sources = first_of_each(of_sources(options.root))
    programs = first_of_each(of_programs(options.root))
    report(sources, "sources")
    report(programs, "built programs")
    enough = len(sources) >= options.least and len(programs) >= options.least_programs
    sys.exit(0 if enough else 1)


if __name__ == "__main__":
    main()
