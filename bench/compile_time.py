"""Compile time of the whole command, at two depths, from nothing and from the cache, for the processor and for GPUs too.

Where a ptxas is found its cubins are part of the time; LAMINA_PTXAS= leaves it out."""
import statistics
import subprocess
import time

from program import FOLDER, example


def seconds(lamina, depth, flags):
    begin = time.perf_counter()
    subprocess.run([lamina, "build", str(example("char_gpt")), "-o", str(FOLDER / f"char_gpt.{depth}"),
                    "--set", f"depth={depth}", *flags], check=True)
    return time.perf_counter() - begin


def measure(lamina, rounds):
    FOLDER.mkdir(parents=True, exist_ok=True)
    both = ["--device=cpu,gpu"]
    for cache, flags in (("cold", ["--no-cache"]), ("warm", []), ("with gpu, cold", ["--no-cache", *both]),
                         ("with gpu, warm", both)):
        times = {4: [], 48: []}
        for _ in range(rounds):  # taking turns: a noisy machine is noisy for both
            for depth, list_ in times.items():
                list_.append(seconds(lamina, depth, flags))
        ratios = [b / a for a, b in zip(times[4], times[48])]
        for depth, list_ in times.items():
            print(f"compile char_gpt, depth {depth:2}, {cache}: {statistics.median(list_):.2f} s "
                  f"({min(list_):.2f}-{max(list_):.2f})")
        print(f"depth 48 / depth 4, {cache}: {statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})",
              flush=True)
