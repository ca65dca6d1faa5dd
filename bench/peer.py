"""One peer system as a worker: reads a number of steps on standard input, runs them, prints their times in seconds as JSON."""
import json
import os
import sys
import time

import models


def torch_step(model_name, compiled, threads):
    import torch
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    model, rule, loss, batch, clip = getattr(models, "torch_" + model_name)(torch)
    function = torch.compile(loss) if compiled else loss
    generator = torch.Generator().manual_seed(1)

    def step():
        x, y = batch(generator)
        rule.zero_grad(set_to_none=True)
        value = function(x, y)
        value.backward()
        if clip:
            torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
        rule.step()
        return float(value)

    return step


def jax_step(model_name, threads):
    os.environ["XLA_FLAGS"] = (f"--xla_cpu_multi_thread_eigen={'true' if threads > 1 else 'false'} "
                               f"intra_op_parallelism_threads={threads}")
    import jax
    import numpy
    import optax
    params, rule, loss, batch = getattr(models, "jax_" + model_name)(jax, optax)
    random = numpy.random.default_rng(1)
    state = {"params": params, "slots": rule.init(params), "key": jax.random.PRNGKey(1)}
    keyed = model_name == "mnist_cnn"

    @jax.jit
    def update(params, slots, key, x, y):
        key, sub = jax.random.split(key)
        extra = (sub,) if keyed else ()
        value, gradient = jax.value_and_grad(loss)(params, x, y, *extra)
        change, slots = rule.update(gradient, slots, params)
        return optax.apply_updates(params, change), slots, key, value

    def step():
        x, y = batch(random)
        state["params"], state["slots"], state["key"], value = update(
            state["params"], state["slots"], state["key"], x, y)
        return float(value)

    return step


def main():
    system, model_name, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    begin = time.perf_counter()
    if system == "jax":
        step = jax_step(model_name, threads)
    else:
        step = torch_step(model_name, system == "torch.compile", threads)
    step()
    print(json.dumps({"first": time.perf_counter() - begin}), flush=True)
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            begin = time.perf_counter()
            step()
            times.append(time.perf_counter() - begin)
        print(json.dumps({"times": times}), flush=True)


if __name__ == "__main__":
    main()
