#!/usr/bin/env python3
"""Runs the programs of other tests on a backend that they do not name, and compares with the Reference interpreter.

Reads the tests' own commands: each `lamina run --backend=cpu …` is run with the backend instead and compared as the test
compares it, each `compare_steps.py …` is told the backend. A test that needs data which is not here is left out.
"""
import argparse
import pathlib
import re
import shlex
import subprocess
import sys

TOOLS = pathlib.Path(__file__).resolve().parent


def commands(test, source, data, out):
    """The commands of a test as lists of words, and whether its data is here."""
    text = test.read_text()
    needs = re.findall(r"^(?://|#)? ?REQUIRES: data-(\w+)", text, re.M)
    if not all(data and (data / name).is_dir() for name in needs):
        return []
    found = []
    for line in re.findall(r"^(?://|#)? ?RUN: (.*)", text, re.M):
        for key, value in (("%source", source), ("%data", data), ("%s", test), ("%S", test.parent), ("%t", out)):
            line = re.sub(re.escape(key) + r"(?![a-z])", str(value), line)
        words = shlex.split(line.split("|")[0].split("2>")[0])
        folder = test.parent
        if words[:1] == ["cd"]:
            folder, words = words[1], words[3:]
        found.append((folder, words))
    return found


def run(folder, words):
    result = subprocess.run(words, cwd=folder, capture_output=True, text=True)
    return "" if result.returncode == 0 else f"{shlex.join(words)}\n{(result.stdout + result.stderr)[-1500:]}"


def within(every):
    """How far apart the test lets runs be."""
    given = [words[words.index("--within") + 1] for _, words in every if "--within" in words]
    return given[0] if given else "2e-4"


def repeat(every, backend):
    """How many runs were compared, and what went wrong."""
    compared, wrong = 0, []
    for folder, words in every:
        if "compare_steps.py" in " ".join(words[:2]):
            wrong.append(run(folder, [*words, "--backend", backend]))
        elif words[:3] == ["lamina", "run", "--backend=cpu"] and "--out" in words and "--save-every" in words:
            out = words.index("--out") + 1
            folders = []
            for name in ("reference", backend):
                again = list(words)
                again[2], again[out] = f"--backend={name}", f"{words[out]}.{name.split(',')[0]}"
                folders.append(again[out])
                wrong.append(run(folder, again))
            if not any(wrong[-2:]):
                wrong.append(run(folder, [sys.executable, TOOLS / "compare_runs.py", *reversed(folders), "--within",
                                          within(every)]))
        else:
            continue
        compared += 1
    return compared, [each for each in wrong if each]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("tests", nargs="+", type=pathlib.Path)
    parser.add_argument("--backend", required=True)
    parser.add_argument("--data", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    options = parser.parse_args()
    total, faults, without = 0, 0, []
    for test in options.tests:
        out = options.out / test.stem
        out.mkdir(parents=True, exist_ok=True)
        every = commands(test.resolve(), TOOLS.parent.parent, options.data, out)
        compared, wrong = repeat(every, options.backend)
        total += compared
        faults += len(wrong)
        if wrong:
            print(f"{test.name}:", *wrong, sep="\n", flush=True)
        if not compared:
            without.append(test.name)
    print(f"{total} runs compared, {faults} differ; nothing to compare in: {', '.join(without) or 'none'}")
    return 1 if faults or not total else 0


if __name__ == "__main__":
    sys.exit(main())
