#!/usr/bin/env python3
"""Kills a training run at random moments, resumes it each time, and compares the bits with a run never stopped."""
import argparse
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time


def start(program, out, arguments, resume):
    command = [program, "train", "--out", str(out), *arguments] + (["--resume"] if resume else [])
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    options, arguments = parser.parse_known_args()

    shutil.rmtree(options.folder, ignore_errors=True)
    whole, broken = options.folder / "whole", options.folder / "broken"
    begin = time.monotonic()
    process = start(options.program, whole, arguments, resume=False)
    errors = process.communicate()[1]
    if process.returncode != 0:
        print(f"the whole run ended with {process.returncode}:\n{errors}")
        return 1
    seconds = time.monotonic() - begin

    rng = random.Random(options.seed)
    done = kills = 0
    while kills < options.kills:
        process = start(options.program, broken, arguments, resume=kills > 0 and any(broken.glob("step-*")))
        try:
            errors = process.communicate(timeout=rng.uniform(0.02, 1.2 * seconds / 2))[1]
            if process.returncode != 0:
                print(f"after {kills} kills the run ended with {process.returncode}:\n{errors}")
                return 1
            done += 1
            shutil.rmtree(broken)  # it got to the end: kill the next one
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            kills += 1
    process = start(options.program, broken, arguments, resume=any(broken.glob("step-*")))
    errors = process.communicate()[1]
    if process.returncode != 0:
        print(f"the last resume ended with {process.returncode}:\n{errors}")
        return 1

    name = "weights.safetensors"
    same = (whole / name).read_bytes() == (broken / name).read_bytes()
    print(f"{kills} kills, {done} runs that ended before theirs: weights are {'the same bits' if same else 'not the same'}")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
