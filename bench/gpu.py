"""One tar with all that measures programs on a machine with a GPU: no network, no Lamina, no Python packages there.

Programs with PTX (and cubins where a ptxas is found), their data, starting points, and what the
interpreter makes of them. There: tar xf lamina-gpu.tar && python3 lamina-gpu/run.py
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile

from program import FOLDER, ROOT, data_flags, example

TOOLS = ROOT / "test" / "tools"
STEPS = 3
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
# the same: only timed
TIMES = [
    ("char_gpt", "char_gpt", [], TEXT, 0),
    ("mnist_cnn", "mnist_cnn", [], CLASSIFIED, 0),
    ("gpt_124m", "char_gpt", ["depth=12", "width=768", "heads=12", "context=1024"], TEXT, 8),
]
SMALL_TIMES = [("char_gpt", "char_gpt", ["depth=1", "width=16", "context=8"], TEXT, 2)]


def run(command, **more):
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True, **more)
    if result.returncode:
        sys.exit(f"$ {' '.join(map(str, command))}\n{result.stdout}{result.stderr}")


def write_data(folder):
    folder.mkdir(parents=True)
    (folder / "text.txt").write_bytes(GPL.read_bytes()[:20000])
    run([sys.executable, TOOLS / "write_images.py", folder / "pictures.gz", folder / "labels.gz", "--count", "600"])


class Packing:
    def __init__(self, lamina, fake):
        self.lamina, self.fake = lamina, fake
        self.folder = FOLDER / "lamina-gpu"
        shutil.rmtree(self.folder, ignore_errors=True)
        write_data(self.folder / "data")

    def build(self, kind, name, source, sets, data, batch):
        """Returns what run.py needs to know, and the flags that compile and train."""
        folder = self.folder / kind / name
        folder.mkdir(parents=True)
        compile = [source, *(w for s in sets for w in ("--set", s))] + (["--keep-gradients"] if kind == "checks" else [])
        run([self.lamina, "build", *compile, "--device=cpu,gpu", "-o", folder / "program"])
        if self.fake:
            run([self.lamina, "build", *compile, "--backend=emulator,cpu", "--emit=lib", "-o", folder / "kernels.so"])
        files = {source: f"data/{file}" for source, file in data.items()}
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

    def pack(self, small):
        plan = {"checks": [], "times": []}
        for name, source, *rest in CHECKS[1:2] if small else CHECKS:
            plan["checks"].append(self.check(name, example(source), *rest))
        for name, source, *rest in SMALL_TIMES if small else TIMES:
            plan["times"].append(self.build("times", name, example(source), *rest)[2])
        (self.folder / "plan.json").write_text(json.dumps(plan, indent=1))
        shutil.copy(pathlib.Path(__file__).parent / "gpu_run.py", self.folder / "run.py")
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
