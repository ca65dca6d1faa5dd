#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the commands of a transcript and compares all that they say.

The transcript stands in the comments of a file: a line '// $ COMMAND', then the
lines of its output (standard output and error together), then '// [CODE]', the
exit code. '{{…}}' in a line is a regular expression. The commands run in the
folder that is given, one after the other. None may take more than a minute, die
of a signal, or leave a file '*.part'.
"""
import argparse
import pathlib
import re
import subprocess
import sys


def steps(path):
    """(command, lines of output, exit code), as the file has them."""
    command, lines = None, []
    for line in path.read_text().splitlines():
        if not line.startswith("//"):
            continue
        text = line[3:]
        ends = re.fullmatch(r"\[(\d+)\]", text)
        if command is None:
            if text.startswith("$ "):
                command, lines = text[2:], []
        elif ends:
            yield command, lines, int(ends.group(1))
            command = None
        else:
            lines.append(text)
    if command is not None:
        sys.exit(f"{path}: '{command}' has no exit code")


def pattern(line):
    parts = re.split(r"\{\{(.*?)\}\}", line)
    return "".join(part if i % 2 else re.escape(part) for i, part in enumerate(parts))


def difference(command, lines, code, folder):
    """How a command does something else than it should; empty if it does not."""
    try:
        ran = subprocess.run(["bash", "-c", command], cwd=folder, timeout=60, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except subprocess.TimeoutExpired:
        return "it ran for more than a minute"
    said = ran.stdout.splitlines()
    same = len(said) == len(lines) and all(
        re.fullmatch(pattern(line), text) for line, text in zip(lines, said))
    if not same or ran.returncode != code:
        return "\n".join(["it said:", *said, f"[{ran.returncode}]",
                          "and should say:", *lines, f"[{code}]"])
    left = sorted(str(part) for part in folder.rglob("*.part"))
    return f"it left {', '.join(left)}" if left else ""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    options = parser.parse_args()
    count, wrong = 0, 0
    for command, lines, code in steps(options.file):
        count += 1
        text = difference(command, lines, code, options.folder)
        if text:
            wrong += 1
            print(f"$ {command}\n{text}\n", file=sys.stderr)
    if count == 0:
        sys.exit(f"{options.file}: no transcript")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
