"""What a built program weighs, what it needs, and how long it is until its first step is done."""
import os
import re
import statistics
import subprocess

from program import Program
from quality import verdict

ALLOWED = ("libc.so", "libm.so", "libstdc++.so", "libgcc_s.so", "ld-linux", "linux-vdso")
SIZE, SIZE_WITH_GPU = 2 << 20, 4 << 20


def needs(path):
    """Shared libraries that the program asks for."""
    lines = subprocess.run(["ldd", str(path)], capture_output=True, text=True).stdout.splitlines()
    return [os.path.basename(line.split()[0]) for line in lines if line.strip()]


def measure(lamina, name="char_gpt", runs=5):
    program = Program(lamina, name)
    size = program.path.stat().st_size
    verdict(f"{name} size in MB", size / 1e6, "under", SIZE / 1e6, size < SIZE)
    both = Program(lamina, name, ["--device=cpu,gpu"]).path.stat().st_size
    verdict(f"{name} size in MB with code for GPUs", both / 1e6, "under", SIZE_WITH_GPU / 1e6, both < SIZE_WITH_GPU)
    program = Program(lamina, name)
    strange = [n for n in needs(program.path) if not n.startswith(ALLOWED)]
    print(f"{name} needs {', '.join(needs(program.path))}" + (f": NOT ALLOWED {strange}" if strange else ""))
    first, later = [], []
    for _ in range(runs):
        text = program.run("bench", *program.default_data(), "--steps", "20")
        first.append(float(re.search(r"first step ([0-9.]+) ms", text).group(1)))
        later.append(float(re.search(r"later ones ([0-9.]+) ms", text).group(1)))
    a, b = statistics.median(first), statistics.median(later)
    verdict(f"{name} ms from start to the end of the first step (a later one {b:.1f})", a, "at most", 3 * b + 100,
            a <= 3 * b + 100)
