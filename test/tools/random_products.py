#!/usr/bin/env python3
"""Writes random products of bf16 as kernels: operands in any order of their axes, batches, sums over several axes, sizes
that fit no tile and such that tensor cores can copy, one of them known only when the kernel runs.

The same seeds write the same kernels on every machine.
"""
import argparse
import random

RUNTIME = "d"  # the size that is known when the kernel runs


def sizes_of(draw, group, even):
    if group == "batch":
        return draw.choice([1, 2, 3])
    return draw.choice([8, 24, 64, 72, 136, 264] if even else [1, 5, 8, 16, 24, 64, 67, 72, 136])


def loops(draw, even):
    """Groups of loops with their sizes; at most one is known at run time, and products stay small."""
    ones = [1] if even else [1, 1, 2]
    groups = {"batch": draw.choice([0, 0, 1, 2]), "m": draw.choice(ones), "n": draw.choice(ones), "k": draw.choice(ones)}
    result = [(group, sizes_of(draw, group, even)) for group, count in groups.items() for _ in range(count)]
    if draw.random() < 0.7:
        number = draw.randrange(len(result))
        result[number] = (result[number][0], RUNTIME)
    return result


def small(result, runtime):
    total = 1
    for _, size in result:
        total *= runtime if size == RUNTIME else size
    return total < 1_500_000


def tensor(axes, all_loops, element):
    shape = "".join(f"{'?' if all_loops[axis][1] == RUNTIME else all_loops[axis][1]}x" for axis in axes)
    return f"tensor<{shape}{element}>"


def kernel(draw, name, runtime):
    # Half of them have sizes that the copy engine can read, where what is known at run time comes first.
    even = draw.random() < 0.5
    while not small(all_loops := loops(draw, even), runtime):
        pass
    of = {group: [i for i, (kind, _) in enumerate(all_loops) if kind == group] for group in ("batch", "m", "n", "k")}
    a, b = of["batch"] + of["m"] + of["k"], of["batch"] + of["n"] + of["k"]
    rows = of["batch"] + of["m"]
    for axes in (a, b, rows):
        if draw.random() < 0.6:
            draw.shuffle(axes)
        if even:
            axes.sort(key=lambda axis: all_loops[axis][1] != RUNTIME)
            if all_loops[axes[-1]][0] == "batch":
                axes.append(axes.pop(next(i for i, axis in enumerate(axes) if all_loops[axis][0] != "batch")))
    y = rows + of["n"]  # the columns last, so that it is a product of matrices
    names = [f"d{i}" for i in range(len(all_loops))]
    maps = ", ".join(f"affine_map<({', '.join(names)}) -> ({', '.join(f'd{i}' for i in axes)})>" for axes in (a, b, y))
    types = [tensor(a, all_loops, "bf16"), tensor(b, all_loops, "bf16"), tensor(y, all_loops, "f32")]
    shapes = ", ".join("array<i64: 0>" if "?" in each else "array<i64>" for each in types)
    dims = f'dims = ["{RUNTIME}"], ' if any("?" in each for each in types) else "dims = [], "
    adds = draw.random() < 0.3
    start = "" if adds else f"""
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%y : {types[2]}) -> {types[2]}"""
    return f"""kernel.func contract @{name} outs(1) attributes {{{dims}shapes = [{shapes}]}} {{
^bb0(%a: {types[0]}, %b: {types[1]}, %y: {types[2]}):{start}
  %c = linalg.contract indexing_maps = [{maps}] ins(%a, %b : {types[0]}, {types[1]}) outs({'%y' if adds else '%z'} : {types[2]}) -> {types[2]}
  kernel.return %c : {types[2]}
}}
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seeds", default="0:40", help="first:end")
    parser.add_argument("--runtime", type=int, default=37, help="what the size known at run time will be")
    options = parser.parse_args()
    first, end = map(int, options.seeds.split(":"))
    for seed in range(first, end):
        print(kernel(random.Random(seed), f"p{seed}", options.runtime))


if __name__ == "__main__":
    main()
