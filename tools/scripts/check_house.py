#!/usr/bin/env python3
"""Rules of the house that a script can see: sizes of files, bare TODOs, passes without a test, licence lines."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LINES = {".cpp": 500, ".h": 300, ".td": 400, ".py": 400, ".lam": 300}
CODE = {".cpp", ".h", ".td"}
TODO = re.compile(r"\b(TODO|FIXME|XXX)\b(?!\(#\d+\))")


def kebab(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()


def tracked():
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    return [n for n in names if n and (ROOT / n).is_file()]


def main():
    files = tracked()
    tests = "\n".join(n for n in files if n.startswith("test/"))
    wrong = []
    for name in files:
        path = ROOT / name
        if path.suffix not in LINES:
            continue
        text = path.read_text(errors="replace")
        count = text.count("\n")
        if count > LINES[path.suffix]:
            wrong.append(f"{name}: {count} lines, at most {LINES[path.suffix]}")
        if path.suffix in CODE and "SPDX-License-Identifier: Apache-2.0" not in text and not name.startswith("test/"):
            wrong.append(f"{name}: no licence line")
        if not name.startswith("tools/scripts/"):
            wrong += [f"{name}:{i}: a TODO needs an issue" for i, l in enumerate(text.split("\n"), 1) if TODO.search(l)]
        is_pass = name.startswith("passes/") and path.suffix == ".cpp" and "GEN_PASS_DEF" in text
        if is_pass and kebab(path.stem) + ".mlir" not in tests:
            wrong.append(f"{name}: no test {kebab(path.stem)}.mlir")
    print("\n".join(wrong) if wrong else "house: in order")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
