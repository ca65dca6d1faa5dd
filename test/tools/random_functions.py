"""A random GRAPH function: one op that decides the kind of its kernel, between views and elementwise ops."""

STATIC = [1, 2, 3, 5, 7, 17, 33, 67]
MOST_ELEMENTS = 40_000  # of a tensor, where run-time sizes count 131
UNARY = ["math.exp", "math.tanh", "math.absf", "arith.negf", "math.sqrt", "math.log1p", "math.erf", "math.sin"]
BINARY = ["arith.addf", "arith.subf", "arith.mulf", "arith.maximumf", "arith.minimumf"]
FROM_ZERO = {"math.sqrt", "math.log1p"}  # of |x|


class Size:
    """A number, or a size of the run with a number added."""

    def __init__(self, name, plus):
        self.name, self.plus = name, plus

    def __add__(self, more):
        return Size(self.name, self.plus + more)

    def most(self):
        return (131 if self.name else 0) + self.plus

    def least(self):
        return (1 if self.name else 0) + self.plus

    def expression(self):
        return f"{self.name} + {self.plus}" if self.plus else self.name


def fixed(number):
    return Size(None, number)


class Value:
    def __init__(self, name, shape, element="f32"):
        self.name, self.shape, self.element = name, list(shape), element

    @property
    def type(self):
        return type_of(self.shape, self.element)


def type_of(shape, element="f32"):
    axes = "".join("?x" if size.name else f"{size.plus}x" for size in shape)
    named = [size.expression() for size in shape if size.name]
    return f"tensor<{axes}{element}" + (f", #graph.dims<{', '.join(named)}>>" if named else ">")


def volume(shape):
    count = 1
    for size in shape:
        count *= size.most()
    return count


def numbers(values):
    return "[" + ", ".join(map(str, values)) + "]"


class Function:
    """A function on its way: arguments and ops, in order."""

    def __init__(self, draw, names):
        self.draw, self.names = draw, names
        self.arguments, self.lines = [], []

    def chance(self, share):
        return self.draw.random() < share

    # Values

    def shape(self, rank, runtime=1):
        """The first `runtime` axes may be known at run time only."""
        while True:
            shape = [Size(self.draw.choice(self.names), 0) if axis < runtime and self.chance(0.7)
                     else fixed(self.draw.choice(STATIC)) for axis in range(rank)]
            if volume(shape) <= MOST_ELEMENTS:
                return shape

    def argument(self, shape, element="f32"):
        value = Value(f"%a{len(self.arguments)}", shape, element)
        self.arguments.append(value)
        return value

    def op(self, text, shape, element="f32", results=1):
        """Writes `text` with {r} for the result type; returns the result."""
        name = f"%v{len(self.lines)}"
        value = Value(name, shape, element)
        self.lines.append(f"  {name}{f':{results}' if results > 1 else ''} = {text.replace('{r}', value.type)}")
        return value

    def constant(self, number):
        return self.op(f"arith.constant dense<{number}> : tensor<f32>", [])

    # Elementwise

    def broadcast(self, x, shape, axes):
        return self.op(f"graph.broadcast {x.name} axes {numbers(axes)} : {x.type} -> {{r}}", shape)

    def partner(self, shape):
        """Another operand of this shape: an argument, one with fewer axes, a transposed one, a number, positions."""
        kind = self.draw.choice(["same", "same", "fewer", "fewer", "turned", "number", "position", "gathered"])
        if kind == "fewer":
            axes = [axis for axis in range(len(shape)) if self.chance(0.5)]
            return self.broadcast(self.argument([shape[axis] for axis in axes]), shape, axes)
        if kind == "turned" and len(shape) > 1:
            order = list(range(len(shape)))
            self.draw.shuffle(order)
            x = self.argument([shape[order.index(axis)] for axis in range(len(shape))])
            return self.op(f"graph.transpose {x.name} order {numbers(order)} : {x.type} -> {{r}}", shape)
        if kind == "number":
            return self.broadcast(self.constant(self.draw.choice(["0.5", "3.0", "-0.125"])), shape, [])
        if kind == "position" and shape:
            i = self.op(f"graph.iota axis {self.draw.randrange(len(shape))} : {{r}}", shape, "i32")
            x = self.op(f"arith.sitofp {i.name} : {i.type} to {{r}}", shape)
            return self.scaled(x, "0.01")
        if kind == "gathered" and shape:
            return self.gathered(shape)
        return self.argument(shape)

    def gathered(self, shape):
        axis = self.draw.randrange(len(shape))
        table = self.argument([*shape[:axis], fixed(self.draw.choice([5, 17])), *shape[axis + 1:]])
        ids = self.argument([shape[axis]], "i32")
        outside = " outside zero" if self.chance(0.3) else ""
        return self.op(f"graph.gather {table.name} at {ids.name} axis {axis} batch 0{outside} : "
                       f"{table.type}, {ids.type} -> {{r}}", shape)

    def scaled(self, x, factor):
        c = self.broadcast(self.constant(factor), x.shape, [])
        return self.op(f"arith.mulf {x.name}, {c.name} : {{r}}", x.shape)

    def element(self, x):
        """One elementwise op more."""
        kind = self.draw.choice(["unary", "binary", "binary", "choice", "bfloat"])
        if kind == "unary":
            op = self.draw.choice(UNARY)
            if op in FROM_ZERO:
                x = self.op(f"math.absf {x.name} : {{r}}", x.shape)
            return self.op(f"{op} {x.name} : {{r}}", x.shape)
        y = self.partner(x.shape)
        if kind == "binary":
            return self.op(f"{self.draw.choice(BINARY)} {x.name}, {y.name} : {{r}}", x.shape)
        if kind == "choice":
            p = self.op(f"arith.cmpf olt, {x.name}, {y.name} : {x.type}", x.shape, "i1")
            z = self.partner(x.shape)
            return self.op(f"arith.select {p.name}, {z.name}, {x.name} : {p.type}, {{r}}", x.shape)
        narrow = self.argument(x.shape, "bf16")
        wide = self.op(f"arith.extf {narrow.name} : {narrow.type} to {{r}}", x.shape)
        return self.op(f"arith.addf {x.name}, {wide.name} : {{r}}", x.shape)

    def elements(self, x, most):
        for _ in range(self.draw.randrange(most + 1)):
            x = self.element(x)
        return x

    # Views

    def seen(self, shape):
        """An operand of this shape that is a view of an argument."""
        kind = self.draw.choice(["plain", "plain", "slice", "pad", "turned", "reverse", "joined"])
        if kind == "slice" and shape:
            start = [self.draw.randrange(3) for _ in shape]
            step = [self.draw.choice([1, 1, 2, 3]) if not size.name else 1 for size in shape]
            whole = [size + begin if size.name else fixed(begin + (size.plus - 1) * by + 1)
                     for size, begin, by in zip(shape, start, step)]
            x = self.argument(whole)
            return self.op(f"graph.slice {x.name} start {numbers(start)} step {numbers(step)} : {x.type} -> {{r}}", shape)
        if kind == "pad" and shape:
            low = [self.draw.choice([0, 0, 1, 2]) for _ in shape]
            high = [self.draw.choice([0, 0, 1]) for _ in shape]
            inner = [size + -(before + after) for size, before, after in zip(shape, low, high)]
            if all(size.plus >= 1 if not size.name else size.plus == 0 for size in inner):
                x, zero = self.argument(inner), self.constant("0.0")
                return self.op(f"graph.pad {x.name}, {zero.name} low {numbers(low)} interior {numbers([0] * len(shape))} "
                               f": {x.type}, {zero.type} -> {{r}}", shape)
        if kind == "turned" and len(shape) > 1:
            order = list(range(len(shape)))
            self.draw.shuffle(order)
            x = self.argument([shape[order.index(axis)] for axis in range(len(shape))])
            return self.op(f"graph.transpose {x.name} order {numbers(order)} : {x.type} -> {{r}}", shape)
        if kind == "reverse" and shape:
            x = self.argument(shape)
            return self.op(f"graph.reverse {x.name} axes [{self.draw.randrange(len(shape))}] : {{r}}", shape)
        if kind == "joined" and shape and not shape[-1].name and shape[-1].plus > 1:
            left = self.draw.randrange(1, shape[-1].plus)
            x = self.argument([*shape[:-1], fixed(left)])
            y = self.argument([*shape[:-1], fixed(shape[-1].plus - left)])
            return self.op(f"graph.concat {x.name}, {y.name} axis {len(shape) - 1} : {x.type}, {y.type} -> {{r}}", shape)
        return self.argument(shape)

    def text(self, name, results):
        arguments = ", ".join(f"{value.name}: {value.type}" for value in self.arguments)
        types = ", ".join(value.type for value in results)
        given = ", ".join(value.name for value in results)
        return (f"func.func @{name}({arguments}) -> ({types}) {{\n" + "\n".join(self.lines)
                + f"\n  return {given} : {types}\n}}\n")


# Forms: each returns the results.

def maps(f):
    shape = f.shape(f.draw.randrange(1, 5), 2)
    return [f.elements(f.element(f.seen(shape)), 4)]


def reduced(f, axes, shape):
    x = f.elements(f.seen(shape), 2)
    kind = f.draw.choice(["sum", "sum", "max", "min", "logsumexp", "prod"])
    if kind == "prod" and volume([shape[axis] for axis in axes]) > 150:
        kind = "sum"
    if kind == "prod":  # numbers near one, lest nothing is left of them
        x = f.scaled(f.op(f"math.tanh {x.name} : {{r}}", shape), "0.5")
        x = f.op(f"math.exp {x.name} : {{r}}", shape)
    kept = [size for axis, size in enumerate(shape) if axis not in axes]
    return f.op(f"graph.reduce {kind} {x.name} axes {numbers(axes)} : {x.type} -> {{r}}", kept)


def rows(f):
    shape = f.shape(f.draw.randrange(1, 5), 1)
    first = f.draw.randrange(len(shape))
    y = reduced(f, list(range(first, len(shape))), shape)
    if f.chance(0.5):
        return [f.elements(y, 2)]
    y = f.broadcast(y, shape, list(range(first)))
    return [f.elements(f.op(f"arith.subf {f.seen(shape).name}, {y.name} : {{r}}", shape), 2)]


def columns(f):
    shape = f.shape(f.draw.randrange(2, 5), 2)
    end = f.draw.randrange(1, len(shape))
    return [f.elements(reduced(f, list(range(end)), shape), 2)]


def scattered_axes(f):
    shape = f.shape(f.draw.randrange(2, 5), 2)
    axes = [axis for axis in range(len(shape)) if f.chance(0.5)] or [0]
    return [f.elements(reduced(f, axes, shape), 1)]


def softmaxes(f):
    shape = f.shape(f.draw.randrange(1, 4), 1)
    last = len(shape) - 1
    x = f.elements(f.seen(shape), 2)
    top = f.op(f"graph.reduce max {x.name} axes [{last}] : {x.type} -> {{r}}", shape[:-1])
    x = f.op(f"arith.subf {x.name}, {f.broadcast(top, shape, list(range(last))).name} : {{r}}", shape)
    x = f.op(f"math.exp {x.name} : {{r}}", shape)
    total = f.op(f"graph.reduce sum {x.name} axes [{last}] : {x.type} -> {{r}}", shape[:-1])
    x = f.op(f"arith.divf {x.name}, {f.broadcast(total, shape, list(range(last))).name} : {{r}}", shape)
    y = f.elements(x, 2)
    return [x, f.op(f"graph.reduce sum {y.name} axes [{last}] : {y.type} -> {{r}}", shape[:-1])] if f.chance(0.3) else [y]


def places(f):
    shape = f.shape(f.draw.randrange(1, 4), 1)
    axis = f.draw.randrange(len(shape))
    x = f.elements(f.seen(shape), 1)
    kept = shape[:axis] + shape[axis + 1:]
    return [f.op(f"graph.arg_reduce {f.draw.choice(['max', 'min'])} {x.name} axis {axis} : {x.type} -> {{r}}", kept, "i32")]


def contracts(f):
    """Loops are batch, rows, columns and what is summed; their order in each operand is random."""
    while True:
        loops = [f.shape(f.draw.choice(counts), runtime)
                 for counts, runtime in (([0, 0, 1, 2], 1), ([0, 1, 1, 2], 1), ([1, 1, 1, 2], 0), ([1, 1, 1, 2], 0))]
        sizes = [size for group in loops for size in group]
        if volume(sizes) <= 3_000_000:
            break
    starts = [sum(map(len, loops[:n])) for n in range(4)]
    batch, m, n, k = ([start + i for i in range(len(group))] for start, group in zip(starts, loops))
    a, c = batch + m + k, batch + k + n
    for order in (a, c):
        if f.chance(0.4):
            f.draw.shuffle(order)
    result = batch + m + n
    if f.chance(0.2):
        f.draw.shuffle(result)
    x, y = (f.seen([sizes[loop] for loop in order]) for order in (a, c))
    if f.chance(0.2):
        x = f.element(x)
    names = ", ".join(f"d{i}" for i in range(len(sizes)))
    maps_of = ", ".join(f"affine_map<({names}) -> ({', '.join(f'd{loop}' for loop in order)})>" for order in (a, c, result))
    shape = [sizes[loop] for loop in result]
    z = f.op(f"graph.contract {x.name}, {y.name} maps [{maps_of}] : {x.type}, {y.type} -> {{r}}", shape)
    return [f.elements(z, 3)]


def windowed(f):
    """A convolution along one or two axes, with channels or one by one."""
    axes, batch = f.draw.choice([1, 1, 2]), Size(f.draw.choice(f.names), 0)
    size = [f.draw.choice([1, 2, 3, 5]) for _ in range(axes)]
    stride = [f.draw.choice([1, 1, 2]) for _ in range(axes)]
    dilation = [f.draw.choice([1, 1, 2]) for _ in range(axes)]
    low = [f.draw.randrange((s - 1) * d + 1) for s, d in zip(size, dilation)]
    place = [f.draw.choice([1, 3, 7, 8]) for _ in range(axes)]
    reach = [s * (p - 1) + d * (w - 1) for s, p, d, w in zip(stride, place, dilation, size)]
    length = [max(1, r + 1 - before - f.draw.randrange(before + 1)) for r, before in zip(reach, low)]
    channels, results, alone = f.draw.choice([1, 3, 8]), f.draw.choice([1, 5, 16]), f.chance(0.25)
    names = ["b"] + [f"p{i}" for i in range(axes)] + ["o"] + [f"w{i}" for i in range(axes)] + ([] if alone else ["c"])
    at = [f"p{i} * {stride[i]} + w{i} * {dilation[i]} - {low[i]}" for i in range(axes)]
    x = f.argument([batch, *map(fixed, length), fixed(results if alone else channels)])
    w = f.argument([*map(fixed, size), *([] if alone else [fixed(channels)]), fixed(results)])
    places_of = ["b"] + at + ["o" if alone else "c"]
    weights = [f"w{i}" for i in range(axes)] + ([] if alone else ["c"]) + ["o"]
    shape = [batch, *map(fixed, place), fixed(results)]
    maps_of = ", ".join(f"affine_map<({', '.join(names)}) -> ({', '.join(results_of)})>" for results_of in
                        (places_of, weights, ["b"] + [f"p{i}" for i in range(axes)] + ["o"]))
    z = f.op(f"graph.contract {x.name}, {w.name} maps [{maps_of}] : {x.type}, {w.type} -> {{r}}", shape)
    return [f.elements(z, 2)]


def scatters(f):
    rank = f.draw.randrange(1, 4)
    shape = f.shape(rank, 1)
    batch = f.draw.randrange(min(2, rank))
    axis = batch
    count = [*shape[:batch], Size(f.draw.choice(f.names), 0) if f.chance(0.5) else fixed(f.draw.choice(STATIC))]
    x = f.broadcast(f.constant("0.0"), shape, []) if f.chance(0.5) else f.argument(shape)
    ids = f.argument(count, "i32")
    updates = f.argument([*count, *shape[axis + 1:]])
    kind = f.draw.choice(["sum", "sum", "sum", "set"])
    return [f.op(f"graph.scatter {kind} {x.name} at {ids.name} with {updates.name} axis {axis} batch {batch} outside zero : "
                 f"{x.type}, {ids.type}, {updates.type} -> {{r}}", shape)]


def sorts(f):
    shape = f.shape(f.draw.randrange(1, 4), 2)
    axis, element = f.draw.randrange(len(shape)), f.draw.choice(["f32", "f32", "i32"])
    x, down = f.argument(shape, element), f.draw.choice(["", " descending"])
    if f.chance(0.5):
        return [f.op(f"graph.sort {x.name} axis {axis}{down} : {x.type} -> {{r}}", shape, element)]
    y = f.argument(shape, "i32")
    both = f.op(f"graph.sort {x.name}, {y.name} axis {axis}{down} : {x.type}, {y.type} -> {x.type}, {y.type}",
                shape, element, results=2)
    return [Value(both.name + "#0", shape, element), Value(both.name + "#1", shape, "i32")]


def largest(f):
    shape = f.shape(f.draw.randrange(1, 4), 1)
    axis = f.draw.randrange(len(shape))
    k = f.draw.randrange(1, min(9, shape[axis].least()) + 1)
    x, kept = f.argument(shape), [*shape[:axis], fixed(k), *shape[axis + 1:]]
    ids = type_of(kept, "i32")
    both = f.op(f"graph.top_k {x.name} k {k} axis {axis} : {x.type} -> {{r}}, {ids}", kept, results=2)
    return [Value(both.name + "#0", kept), Value(both.name + "#1", kept, "i32")]


def cumulated(f):
    shape = f.shape(f.draw.randrange(1, 4), 2)
    x, axis = f.argument(shape), f.draw.randrange(len(shape))
    kind = f.draw.choice(["sum", "sum", "max", "min", "logsumexp"])
    words = "".join(word for word in (" reverse", " exclusive") if f.chance(0.4))
    return [f.op(f"graph.cumulative {kind} {x.name} axis {axis}{words} : {{r}}", shape)]


def solves(f):
    n, columns_of = f.draw.choice([1, 3, 5]), f.draw.choice([1, 2, 5])
    shape = [Size(f.draw.choice(f.names), 0), fixed(n), fixed(n)]
    x = f.argument(shape)
    words = "".join(word for word in (" lower", " transposed") if f.chance(0.5))
    right = f.argument([shape[0], fixed(n), fixed(columns_of)])
    return [f.op(f"graph.triangular_solve left {x.name}, {right.name}{words} unit : {x.type}, {{r}}", right.shape)]


def draws(f):
    shape = f.shape(f.draw.randrange(1, 4), 1)
    key = f.argument([fixed(2)], "i64")
    x = f.op(f"graph.random {f.draw.choice(['uniform', 'normal'])} {key.name} : {key.type} -> {{r}}", shape)
    return [f.elements(x, 2)]


FORMS = {"map": maps, "row": rows, "columns": columns, "axes": scattered_axes, "softmax": softmaxes, "arg": places,
         "contract": contracts, "window": windowed, "scatter": scatters, "sort": sorts, "top_k": largest,
         "cumulative": cumulated, "solve": solves, "random": draws}


def function(draw, name, form, names):
    """The text of a function of this form."""
    f = Function(draw, names)
    results = FORMS[form](f)
    return f.text(name, results)
