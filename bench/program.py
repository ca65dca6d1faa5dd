"""A built example as a thing to measure: compiled once into build/bench, run with the data that its run.json names."""
import json
import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDER = pathlib.Path(os.environ.get("LAMINA_BENCH_FOLDER", ROOT / "build" / "bench"))


def data_folder():
    """The folder with the real sets (see bench/README.md), or a sentence and exit code 2."""
    folder = pathlib.Path(os.environ.get("LAMINA_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        sys.exit(f"./dev bench: there is no folder '{folder}'; LAMINA_DATA names the folder with "
                 "tinyshakespeare/input.txt and mnist/")
    return folder


def example(name):
    return ROOT / "examples" / name / f"{name}.lam"


def data_flags(files):
    """`--data` flags for {name: path}; a lone source needs no name."""
    if len(files) == 1:
        return ["--data", str(next(iter(files.values())))]
    return [word for name, path in files.items() for word in ("--data", f"{name}={path}")]


class Program:
    """`seconds` is what the compiler took, from the command to the program."""

    def __init__(self, lamina, name, flags=()):
        FOLDER.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.path = FOLDER / name
        begin = time.perf_counter()
        subprocess.run([lamina, "build", str(example(name)), "-o", str(self.path), *flags], check=True)
        self.seconds = time.perf_counter() - begin

    def run(self, command, *flags):
        out = subprocess.run([str(self.path), command, *flags], check=True, capture_output=True, text=True)
        return out.stdout

    def default_data(self):
        plan = json.loads((example(self.name).parent / "run.json").read_text())
        return data_flags(plan["data"])
