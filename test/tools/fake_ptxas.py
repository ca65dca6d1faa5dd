#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Stands in for ptxas where there is none: the cubin is the text under a title that the fake driver reads.

    LAMINA_PTXAS=test/tools/fake_ptxas.py lamina build …        calls it with -arch=sm_90 FILE.ptx -o FILE.cubin
"""
import pathlib
import sys

chip, source, _, output = sys.argv[1:]
pathlib.Path(output).write_bytes(b"\177ELF made for " + chip.split("=")[1].encode() + b"\n" + pathlib.Path(source).read_bytes())
