#!/usr/bin/env python3
"""Checks the trace of a profile and prints what is in it.

Spans of a row lie in one another or apart, kernels lie in a run of an entry, shares of threads in
their kernel. The last lines count spans by category and list layers and lines.
"""
import json
import sys

# A microsecond's thousandth is what a trace is written with.
ROUNDING = 0.002


def inside(inner, outer):
    return outer["ts"] - ROUNDING <= inner["ts"] and end(inner) <= end(outer) + ROUNDING


def end(span):
    return span["ts"] + span["dur"]


def check_nesting(spans, row):
    around = []
    for span in sorted(spans, key=lambda s: (s["ts"], -s["dur"])):
        while around and end(around[-1]) <= span["ts"] + ROUNDING:
            around.pop()
        if around and not inside(span, around[-1]):
            sys.exit(f"'{span['name']}' and '{around[-1]['name']}' overlap in the row '{row}'")
        around.append(span)


def require_inside(spans, outer, what):
    """Both in order of time; each of `spans` lies in one of `outer`."""
    outer = sorted(outer, key=lambda s: s["ts"])
    at = 0
    for span in sorted(spans, key=lambda s: s["ts"]):
        while at < len(outer) and end(outer[at]) + ROUNDING < end(span):
            at += 1
        if at == len(outer) or not inside(span, outer[at]):
            sys.exit(f"'{span['name']}' at {span['ts']} lies in no {what}")


def main():
    with open(sys.argv[1]) as file:
        trace = json.load(file)
    rows, spans = {}, {}
    for event in trace["traceEvents"]:
        if event["ph"] == "M" and event["name"] == "thread_name":
            rows[event["tid"]] = event["args"]["name"]
        elif event["ph"] == "X":
            spans.setdefault(event["tid"], []).append(event)
    for tid, of_row in spans.items():
        check_nesting(of_row, rows[tid])
    by_category = {}
    for of_row in spans.values():
        for span in of_row:
            by_category.setdefault(span["cat"], []).append(span)
    kernels = by_category.get("kernel", [])
    require_inside(kernels, by_category["entry"], "run of an entry")
    for tid, row in rows.items():
        if row.startswith("thread "):
            require_inside(spans[tid], kernels, "kernel")
    print("rows:", ", ".join(rows[tid] for tid in sorted(rows)))
    for category in sorted(by_category):
        print(f"{category}: {len(by_category[category])}")
    for key in ("layer", "line"):
        print(f"{key}s:", " ".join(sorted({k["args"][key] for k in kernels if key in k["args"]})))
    for kernel in kernels:
        if kernel["args"]["bytes"] <= 0 or not kernel["args"]["kind"]:
            sys.exit(f"kernel '{kernel['name']}' moves no bytes or has no kind")


main()
