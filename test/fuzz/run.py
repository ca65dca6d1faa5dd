#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the fuzzers one after the other, each from seeds made here.

Prints one line a fuzzer: executions, coverage, findings. What a fuzzer finds is
kept in WORK/<name>/findings; the exit code is 1 if there is any.
"""
import argparse
import gzip
import io
import json
import os
import pathlib
import re
import struct
import subprocess
import sys
import time
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORDS = re.findall(r"'([a-z]+|[^\w\s']{1,2})'",
                   (ROOT / "frontend/Grammar/LaminaLexer.g4").read_text())


def safetensors(tensors, metadata=None):
    """tensors: (name, type, shape, bytes)."""
    header, at = {}, 0
    if metadata:
        header["__metadata__"] = metadata
    for name, kind, shape, data in tensors:
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + b"".join(t[3] for t in tensors)


def npy(kind, shape, data, order=False, version=1):
    text = "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }" % (kind, order, shape)
    size = 10 if version == 1 else 12
    text = text.ljust(-(len(text) + size + 1) % 64 + len(text)) + "\n"
    length = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + length + text.encode() + data


def npz(members, method):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


def raw_deflate(data):
    return gzip.compress(data, mtime=0)[10:-8]


def toy_tape():
    """The tape of the toy program, from the raw text in its source."""
    source = (ROOT / "test/unit/Runtime/Toy.cpp").read_text()
    return re.search(r'R"\((\{.*?\})\)"', source, re.S).group(1).encode()


def seeds(name):
    floats = struct.pack("<6f", *range(6))
    vector = npy("<f4", "(6,)", floats)
    text = b'first line\nsecond, "quoted ""twice""", 3\r\n\n{"text": "a\\u00e9", "n": 1e-3}\n'
    programs = [path for folder in ("test/frontend", "library", "examples")
                for path in sorted((ROOT / folder).rglob("*.lam"))]
    made = {
        "checkpoint": [
            safetensors([("a.kernel", "F32", [2, 3], floats), ("b", "I64", [], bytes(8))],
                        {"format": "pt"}),
            safetensors([("h", "F16", [3], floats[:6]), ("g", "BF16", [3], floats[:6]),
                         ("d", "F64", [3], floats)]),
            safetensors([]),
        ],
        "json": [b'{"a": [1, -2.5e3, "x\\n\\u0041", null, true, {}], "b": {"c": []}}', b"[]"],
        "tape": [toy_tape()],
        "csv": [b"a,b,c\n1,2.5,x\n", text, b"a\tb\n1\t\n"],
        "lines": [text, b'{"text": "a", "label": 3}\n{"text": "b", "label": 4}\n'],
        "idx": [struct.pack(">4B3I", 0, 0, 8, 3, 2, 2, 2) + bytes(8),
                struct.pack(">4BI", 0, 0, 8, 1, 3) + bytes(3)],
        "npy": [vector, npy("<i8", "(2, 2)", bytes(32)), npy("|b1", "()", b"\1"),
                npy("<f8", "(2, 1)", bytes(16), order=True, version=2)],
        "npz": [npz([("x.npy", vector), ("y.npy", vector)], method)
                for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)],
        "gzip": [gzip.compress(text * 9, mtime=0), raw_deflate(text * 9), raw_deflate(b""),
                 raw_deflate(bytes(range(256)) * 300)],
        "schedule": [b"out: split(i1, panel, lane, 48) reorder(lane, row) vectorize(lane, 16)\n"
                     b"  product.update2: unroll(row) # why\nstep1.packed: compute_root\n",
                     b"a.update: compute_at(out, block) store_in(stack)"],
        "parse": [path.read_bytes() for path in programs],
        "sema": [path.read_bytes() for path in programs],
    }
    return made[name]


def drop_fast_ones(fuzzer, findings):
    """A machine that is busy makes any input slow: only what is slow alone too is kept."""
    for path in sorted(findings.glob("slow-unit-*")):
        begin = time.monotonic()
        try:
            subprocess.run([fuzzer, path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                           timeout=60)
        except subprocess.TimeoutExpired:
            continue
        if time.monotonic() - begin < 10:
            path.unlink()


def run(name, options):
    work = options.work / name
    corpus, findings = work / "corpus", work / "findings"
    for folder in (corpus, findings):
        folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(seeds(name)):
        (corpus / f"seed-{number}").write_bytes(data)
    command = [options.bin / f"fuzz-{name}", f"-max_total_time={options.seconds}", "-timeout=20",
               "-rss_limit_mb=2048", "-print_final_stats=1", f"-artifact_prefix={findings}/"]
    if name in ("parse", "sema"):
        words = work / "words"
        words.write_text("".join('"%s"\n' % w.replace("\\", "\\\\").replace('"', '\\"')
                                 for w in WORDS))
        command += [f"-dict={words}", "-max_len=4000"]
    # An allocation that fails is an answer here, as it is on the user's machine.
    environment = dict(os.environ, ASAN_OPTIONS="allocator_may_return_null=1")
    log = work / "log"
    with log.open("w") as out:
        code = subprocess.run([*command, corpus], stderr=out, stdout=out, env=environment).returncode
    text = log.read_text(errors="replace")
    executions = re.findall(r"number_of_executed_units: (\d+)", text) or ["0"]
    coverage = re.findall(r" cov: (\d+)", text) or ["0"]
    drop_fast_ones(command[0], findings)
    kept = sorted(path.name for path in findings.iterdir())
    print(f"{name:12}{executions[-1]:>12} inputs {coverage[-1]:>7} edges  "
          + (f"FINDING, see {log}" if code or kept else "no finding"), flush=True)
    return not code and not kept


def main():
    names = ["parse", "sema", "schedule", "checkpoint", "json", "tape", "gzip", "csv", "idx", "npy", "npz",
             "lines"]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", type=pathlib.Path, required=True, help="folder of the fuzzers")
    parser.add_argument("--work", type=pathlib.Path, required=True, help="corpora, findings, logs")
    parser.add_argument("--seconds", type=int, default=300, help="for each fuzzer (300)")
    parser.add_argument("names", nargs="*", metavar="NAME", help=" ".join(names))
    options = parser.parse_args()
    good = [run(name, options) for name in options.names or names]
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
