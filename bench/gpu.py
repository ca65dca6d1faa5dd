"""One tar with all that measures programs on a machine with a GPU: no network, no Lamina, no Python packages there.

Programs with PTX (and cubins where a ptxas is found), their data, starting points, and what the
interpreter makes of them. It would take hours for GPT-2: there the losses of the processor are
packed. There: tar xf lamina-gpu.tar && python3 lamina-gpu/run.py
"""
import itertools
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tarfile
import time
import zipfile
import zlib

from program import FOLDER, ROOT, data_flags, example

BENCH = pathlib.Path(__file__).resolve().parent
TOOLS = ROOT / "test" / "tools"
STEPS, LOSS_STEPS = 3, 2
GPL = pathlib.Path("/usr/share/common-licenses/GPL-3")
TEXT, PICTURES = {"text": "text.txt"}, {"pictures": "pictures.gz"}
LABELS = {"pictures.labels": "labels.gz"}
UNSEEN, UNSEEN_LABELS = {"unseen": "pictures.gz"}, {"unseen.labels": "labels.gz"}
CLASSIFIED = {**PICTURES, **LABELS, **UNSEEN, **UNSEEN_LABELS}

# name, example, constants, data, batch: compared with the interpreter in float64
CHECKS = [
    ("char_gpt", "char_gpt", ["depth=2", "width=32", "context=16"], TEXT, 4),
    ("mnist_mlp", "mnist_mlp", [], CLASSIFIED, 16),
    ("mnist_cnn", "mnist_cnn", [], CLASSIFIED, 4),
    ("digits_autoencoder", "digits_autoencoder", [], {**PICTURES, **UNSEEN}, 16),
]
# the same: losses compared with the processor's
LOSSES = [("gpt2_124m", "gpt2", ["context=128"], {"text": "tokens-128.npz"}, 1)]
SMALL_LOSSES = [("gpt2", "gpt2", ["depth=1", "width=16", "heads=2", "context=128", "words=64"],
                 {"text": "tokens-small.npz"}, 1)]
# the same, and a precision: only timed
TOKENS = {"text": "tokens-1024.npz"}
TIMES = [
    ("product", "product", [], {}, 0, "float32"),
    ("product_bf16", "product", [], {}, 0, "bfloat16"),
    ("attention", "attention", [], {}, 0, "float32"),
    ("char_gpt", "char_gpt", [], TEXT, 0, "float32"),
    ("char_gpt_bf16", "char_gpt", [], TEXT, 0, "bfloat16"),
    ("mnist_cnn", "mnist_cnn", [], CLASSIFIED, 0, "float32"),
    ("gpt2_124m", "gpt2", [], TOKENS, 8, "float32"),
    ("gpt2_124m_bf16", "gpt2", [], TOKENS, 8, "bfloat16"),
]
SMALL_TIMES = [("char_gpt", "char_gpt", ["depth=1", "width=16", "context=8"], TEXT, 2, "float32")]


def run(command, **more):
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True, **more)
    if result.returncode:
        sys.exit(f"$ {' '.join(map(str, command))}\n{result.stdout}{result.stderr}")


def source(name):
    """An example, or what is measured here only."""
    path = BENCH / f"{name}.lam"
    return path if path.exists() else example(name)


def write_tokens(path, records, context, words):
    """Records of ids, `x` and behind each what follows it, `y`: the words of a text by their checksums."""
    text = itertools.cycle(zlib.crc32(word) % words for word in GPL.read_bytes().split())
    ids = list(itertools.islice(text, records * context + 1))
    header = f"{{'descr': '<i4', 'fortran_order': False, 'shape': ({records}, {context}), }}".encode().ljust(117) + b"\n"
    with zipfile.ZipFile(path, "w") as archive:
        for name, begin in ("x", 0), ("y", 1):
            values = struct.pack(f"<{records * context}i", *ids[begin:begin + records * context])
            archive.writestr(f"{name}.npy", b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header + values)


def write_data(folder):
    folder.mkdir(parents=True)
    (folder / "text.txt").write_bytes(GPL.read_bytes()[:20000])
    run([sys.executable, TOOLS / "write_images.py", folder / "pictures.gz", folder / "labels.gz", "--count", "600"])
    write_tokens(folder / "tokens-1024.npz", 64, 1024, 50257)
    write_tokens(folder / "tokens-128.npz", 64, 128, 50257)
    write_tokens(folder / "tokens-small.npz", 64, 128, 64)


class Packing:
    def __init__(self, lamina, fake):
        self.lamina, self.fake = lamina, fake
        self.folder = FOLDER / "lamina-gpu"
        shutil.rmtree(self.folder, ignore_errors=True)
        write_data(self.folder / "data")

    def build(self, kind, name, source, sets, data, batch, precision="float32"):
        """Returns what run.py needs to know, and the flags that compile and train."""
        folder = self.folder / kind / name
        folder.mkdir(parents=True)
        compile = [source, "--precision", precision, *(w for s in sets for w in ("--set", s))]
        compile += ["--keep-gradients"] if kind == "checks" else []
        run([self.lamina, "build", *compile, "--device=cpu,gpu", "-o", folder / "program"])
        if self.fake:
            run([self.lamina, "build", *compile, "--backend=emulator,cpu", "--emit=lib", "-o", folder / "kernels.so"])
        files = {name: f"data/{file}" for name, file in data.items()}
        flags = data_flags(files) + (["--batch", str(batch)] if batch else [])
        return folder, compile, {"name": name, "flags": flags}

    def check(self, *what):
        """Each step from the checkpoint that the processor has, by the interpreter."""
        folder, compile, plan = self.build("checks", *what)
        oracle = [self.lamina, "run", "--backend=reference", *compile, "--"]
        train = lambda program, to, steps, *more: run(
            [*program, "train", *plan["flags"], "--out", to, "--steps", steps, *more], cwd=self.folder)
        cpu = [folder / "program"]
        train(cpu, folder / "start", 0, "--device", "cpu")
        for step in range(STEPS):
            here, there = folder / f"before-{step + 1}", folder / f"oracle-{step + 1}"
            shutil.copytree(folder / "start", here)
            shutil.copytree(folder / "start", there)
            train(oracle, there, step + 1, "--resume")
            train(cpu, folder / "start", step + 1, "--resume", "--device", "cpu")
        shutil.rmtree(folder / "start")
        return {**plan, "steps": STEPS}

    def losses(self, *what):
        """The losses of the first steps on the processor."""
        folder, _, plan = self.build("losses", *what)
        begin = time.perf_counter()
        run([folder / "program", "train", *plan["flags"], "--device", "cpu", "--out", folder / "cpu", "--steps", LOSS_STEPS],
            cwd=self.folder)
        print(f"{plan['name']}: {LOSS_STEPS} steps on the processor took {time.perf_counter() - begin:.0f} s", flush=True)
        shutil.copy(folder / "cpu" / "log.jsonl", folder / "log.jsonl")
        shutil.rmtree(folder / "cpu")
        return {**plan, "steps": LOSS_STEPS}

    def pack(self, small):
        plan = {"checks": [], "losses": [], "times": []}
        for name, file, *rest in CHECKS[1:2] if small else CHECKS:
            plan["checks"].append(self.check(name, source(file), *rest))
        for name, file, *rest in SMALL_LOSSES if small else LOSSES:
            plan["losses"].append(self.losses(name, source(file), *rest))
        for name, file, *rest in SMALL_TIMES if small else TIMES:
            plan["times"].append(self.build("times", name, source(file), *rest)[2])
        (self.folder / "plan.json").write_text(json.dumps(plan, indent=1))
        shutil.copy(BENCH / "gpu_run.py", self.folder / "run.py")
        for tool in ("compare_steps.py", "compare_runs.py"):
            shutil.copy(TOOLS / tool, self.folder / tool)
        if self.fake:
            shutil.copy(pathlib.Path(self.fake) / "libcuda.so.1", self.folder / "libcuda.so.1")


def measure(lamina, fake=None, small=False):
    packing = Packing(os.path.abspath(lamina), fake)
    packing.pack(small)
    path = FOLDER / "lamina-gpu.tar"
    with tarfile.open(path, "w") as tar:
        tar.add(packing.folder, "lamina-gpu")
    print(f"{path}, {path.stat().st_size / 1e6:.1f} MB; where the GPU is: tar xf lamina-gpu.tar && python3 "
          "lamina-gpu/run.py", flush=True)


if __name__ == "__main__":
    import argparse
    parser = argparse.ArgumentParser()
    parser.add_argument("--lamina", default="lamina")
    parser.add_argument("--fake", help="folder of the fake driver, for a tar that needs no GPU")
    parser.add_argument("--small", action="store_true", help="one program of each kind, for a test")
    options = parser.parse_args()
    measure(shutil.which(options.lamina), options.fake, options.small)
