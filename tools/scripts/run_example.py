#!/usr/bin/env python3
"""Compiles an example, trains it and samples from it.

What the example needs beyond its .lam file stands in its run.json: Debian
packages with data, the files to read, and the subcommands to run after
training. Arguments that are not ours go to `train`.
"""
import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys


def install(packages):
    missing = [p for p in packages if subprocess.run(
        ["dpkg-query", "-W", p], capture_output=True).returncode != 0]
    if not missing:
        return
    print("installing " + " ".join(missing), flush=True)
    root = [] if os.geteuid() == 0 else ["sudo"]
    subprocess.run(root + ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing],
                   check=True, stdout=subprocess.DEVNULL)


def data_arguments(plan, given):
    if given:
        return [word for text in given for word in ("--data", text)]
    names = plan.get("data", {})
    if len(names) == 1:
        return ["--data", next(iter(names.values()))]
    return [word for name, path in names.items() for word in ("--data", f"{name}={path}")]


def run(command):
    print("$ " + " ".join(map(str, command)), flush=True)
    code = subprocess.run(command).returncode
    if code < 0:
        print(f"./dev run: '{command[0]}' was ended by {signal.Signals(-code).name}", file=sys.stderr)
        return 128 - code
    return code


def main():
    parser = argparse.ArgumentParser(prog="./dev run", description=__doc__.split("\n")[0])
    parser.add_argument("example", type=pathlib.Path, help="folder of the example")
    parser.add_argument("--lamina", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--data", action="append", help="a file to learn from, or name=file")
    parser.add_argument("--out", help="folder for checkpoints and the log")
    options, rest = parser.parse_known_args()

    name = options.example.resolve().name
    source = options.example / f"{name}.lam"
    if not source.is_file():
        print(f"./dev run: there is no '{source}'", file=sys.stderr)
        return 2
    plan_file = options.example / "run.json"
    plan = json.loads(plan_file.read_text()) if plan_file.is_file() else {}
    if not options.data:
        install(plan.get("packages", []))

    folder = pathlib.Path("build") / "examples" / name
    folder.mkdir(parents=True, exist_ok=True)
    out = options.out or str(folder / "run")
    program = folder / name
    code = run([options.lamina, "build", str(source), "-o", str(program), *plan.get("build", [])])
    if code == 0:
        code = run([str(program), "train", *data_arguments(plan, options.data), "--out", out, *rest])
    for words in plan.get("then", []):
        if code == 0:
            code = run([str(program), words[0], "--weights", out, *words[1:]])
    return code


if __name__ == "__main__":
    sys.exit(main())
