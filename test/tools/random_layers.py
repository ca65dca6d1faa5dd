"""A random layer: a chain of steps on a tensor of rank 1 to 5, as text of a file."""
import random

SIZES = [1, 2, 3, 5, 17]
MOST_ELEMENTS = 700  # of a record
NAMES = "ijklmnpq"


class Layer:
    """One layer on its way: `shape` are the sizes of the current tensor `h`, 'b' for the batch."""

    def __init__(self, draw, number, steps):
        self.draw, self.number = draw, number
        self.weights, self.lines, self.kept = [], [], []
        rank = draw.choice([1, 1, 2, 2, 2, 3, 3])
        self.record = self.sizes(rank)
        self.shape = ["b", *self.record]
        names = self.names()
        self.line(f"h[{self.list(names)}] = x[{self.list(names)}] * {self.weight(self.record)}[{self.list(names[1:])}]")
        for _ in range(steps):
            self.step()

    # Small things

    def sizes(self, rank):
        while True:
            sizes = [self.draw.choice(SIZES) for _ in range(rank)]
            if product(sizes) <= MOST_ELEMENTS:
                return sizes

    def line(self, text):
        self.lines.append(text)

    def weight(self, sizes):
        name = f"w{len(self.weights)}"
        self.weights.append(f"param {name}: [{self.list(sizes)}] ~ normal(0.7)")
        return name

    def names(self):
        return ["b" if size == "b" else NAMES[place] for place, size in enumerate(self.shape)]

    @staticmethod
    def list(words):
        return ", ".join(map(str, words))

    def axes(self, most=None, least=1):
        """Places of axes that are not the batch."""
        return [place for place, size in enumerate(self.shape)
                if size != "b" and size >= least and (most is None or size <= most)]

    def fits(self, shape):
        return len(shape) <= 5 and product(s for s in shape if s != "b") <= MOST_ELEMENTS

    def at(self, names, **changes):
        return f"[{self.list(changes.get(name, name) for name in names)}]"

    def at_or_zero(self, names, **changes):
        return self.at(names, **changes)[:-1] + " else 0]"

    def define(self, left, right, shape):
        if len(left) == len(shape):
            left = [name if size == "b" or not name.isalpha() else f"{name} < {size}" for name, size in zip(left, shape)]
        self.line(f"h[{self.list(left)}] = {right}")
        self.shape = shape

    # Steps. Each returns False where it cannot be taken.

    def step(self):
        while True:
            step = self.draw.choice(STEPS)
            if step(self) is not False:
                break
        if self.draw.random() < 0.25:
            self.kept.append((f"kept{len(self.kept)}", list(self.shape)))
            self.line(f"{self.kept[-1][0]} = h")

    def elementwise(self):
        self.line("h = " + self.draw.choice([
            "tanh(h)", "sigmoid(h) - 0.4", "exp(-h^2)", "sqrt(h^2 + 1)", "sin(2 * h)", "relu(h + 0.1)", "max(h, 0.1)",
            "h if h > 0.05 else 0.3 * h", "abs(h) - 0.5", "silu(h)", "h / (1 + h^2)", "log(1 + h^2)"]))

    def transpose(self):
        names = self.names()
        order = self.draw.sample(range(len(names)), len(names))
        self.define([names[i] for i in order], f"h[{self.list(names)}]", [self.shape[i] for i in order])

    def add_weight(self):
        names, places = self.names(), self.axes()
        if not places:
            return False
        places = self.draw.sample(places, self.draw.randint(1, len(places)))
        weight = self.weight([self.shape[i] for i in places])
        operator = self.draw.choice("+-*")
        self.define(names, f"h[{self.list(names)}] {operator} {weight}[{self.list(names[i] for i in places)}]", self.shape)

    def against_reduction(self):
        names = self.names()
        places = self.draw.sample(range(len(names)), self.draw.randint(1, len(names)))
        inner = {names[i]: "u" * (n + 1) for n, i in enumerate(places)}
        read = f"h{self.at(names, **inner)}"
        reduced = self.list(inner.values())
        kind = self.draw.choice(["mean", "mean", "max", "min", "norm", "logsumexp", "sum"])
        operator = "-" if kind != "norm" else "/ (1 + "
        end = ")" if kind == "norm" else ""
        if kind == "sum":
            operator = "- 0.1 *"
        self.define(names, f"h[{self.list(names)}] {operator} {kind}[{reduced}]({read}){end}", self.shape)

    def reduce(self):
        if len(self.shape) < 2:
            return False
        names = self.names()
        places = self.draw.sample(range(len(names)), self.draw.randint(1, len(names) - 1))
        left = [n for i, n in enumerate(names) if i not in places]
        kind = self.draw.choice(["mean", "max", "sum", "logsumexp", "norm", "mean"])
        inner = [names[i] for i in places]
        self.define(left, f"{kind}[{self.list(inner)}](h[{self.list(names)}])",
                    [s for i, s in enumerate(self.shape) if i not in places])
        if kind == "sum":
            self.line("h = tanh(0.3 * h)")

    def softmax(self):
        names = self.names()
        place = self.draw.choice(range(len(names)))
        self.define(names, f"softmax[{names[place]}](2 * h[{self.list(names)}])", self.shape)

    def slice(self):
        places = self.axes(least=2)
        if not places:
            return False
        names, place = self.names(), self.draw.choice(places)
        size = self.shape[place]
        step = self.draw.choice([1, 1, 2, 3])
        count = self.draw.randint(1, (size - 1) // step + 1)
        start = self.draw.randint(0, size - 1 - (count - 1) * step)
        name = names[place]
        left = [f"{n} < {count}" if n == name else n for n in names]
        shape = list(self.shape)
        shape[place] = count
        self.define(left, f"h{self.at(names, **{name: f'{step} * {name} + {start}'})}", shape)

    def pad(self):
        places = self.axes()
        if not places:
            return False
        names, place = self.names(), self.draw.choice(places)
        low, high = self.draw.randint(0, 2), self.draw.randint(0, 2)
        shape = list(self.shape)
        shape[place] += low + high
        if not self.fits(shape):
            return False
        name = names[place]
        left = [f"{n} < {shape[place]}" if n == name else n for n in names]
        self.define(left, f"h{self.at_or_zero(names, **{name: f'{name} - {low}'})}", shape)

    def turn(self):
        places = self.axes(least=2)
        if not places:
            return False
        names, place = self.names(), self.draw.choice(places)
        name = names[place]
        self.define(names, f"h{self.at(names, **{name: f'{self.shape[place] - 1} - {name}'})}", self.shape)

    def roll(self):
        places = self.axes(least=2)
        if not places:
            return False
        names, place = self.names(), self.draw.choice(places)
        name = names[place]
        self.define(names, f"h{self.at(names, **{name: f'(2 * {name} + 1) mod {self.shape[place]}'})}", self.shape)

    def product(self):
        places = self.axes()
        if not places:
            return False
        names, place = self.names(), self.draw.choice(places)
        units = self.draw.choice(SIZES)
        shape = [s for i, s in enumerate(self.shape) if i != place]
        left = [n for i, n in enumerate(names) if i != place]
        to = self.draw.randint(0, len(left))
        shape.insert(to, units)
        left.insert(to, "o")
        if not self.fits(shape):
            return False
        sizes, inner = [self.shape[place], units], [names[place], "o"]
        if self.draw.random() < 0.3:
            sizes.reverse()
            inner.reverse()
        weight = self.weight(sizes)
        self.define(left, f"sum[{names[place]}](h[{self.list(names)}] * {weight}[{self.list(inner)}])", shape)
        if self.draw.random() < 0.7:
            self.line("h = tanh(h)")

    def square(self):
        """Products of the tensor with itself: scores of attention."""
        places = self.axes()
        if len(places) < 2:
            return False
        names = self.names()
        kept, summed = self.draw.sample(places, 2)
        left = [n for i, n in enumerate(names) if i != summed]
        shape = [s for i, s in enumerate(self.shape) if i != summed]
        left.append("o")
        shape.append(self.shape[kept])
        if not self.fits(shape):
            return False
        other = [("o" if i == kept else n) for i, n in enumerate(names)]
        left = [f"o < {self.shape[kept]}" if n == "o" else n for n in left]
        self.define(left, f"0.5 * sum[{names[summed]}](h[{self.list(names)}] * h[{self.list(other)}])", shape)

    def outer(self):
        places = self.axes()
        shape = self.shape + [self.draw.choice([2, 3])]
        if not places or not self.fits(shape):
            return False
        names = self.names()
        weight = self.weight([shape[-1]])
        self.define([*names, "o"], f"h[{self.list(names)}] * {weight}[o]", shape)

    def join_axes(self):
        places = [i for i in self.axes() if i + 1 < len(self.shape) and self.shape[i + 1] != "b"]
        if not places:
            return False
        place = self.draw.choice(places)
        names = self.names()
        left = names[:place] + [f"({names[place]}, {names[place + 1]})"] + names[place + 2:]
        shape = self.shape[:place] + [self.shape[place] * self.shape[place + 1]] + self.shape[place + 2:]
        self.define(left, f"h[{self.list(names)}]", shape)

    def split_axis(self):
        places = [(i, d) for i in self.axes(least=4) for d in range(2, self.shape[i]) if self.shape[i] % d == 0]
        if not places or len(self.shape) > 4:
            return False
        place, inner = self.draw.choice(places)
        names = self.names()
        outer = self.shape[place] // inner
        left = names[:place] + [f"{names[place]} < {outer}", f"o < {inner}"] + names[place + 1:]
        read = names[:place] + [f"({names[place]}, o)"] + names[place + 1:]
        self.define(left, f"h[{self.list(read)}]", self.shape[:place] + [outer, inner] + self.shape[place + 1:])

    def gate(self):
        if self.shape[-1] == "b" or self.shape[-1] % 2:
            return False
        self.line("first, second = split(h)")
        self.line("h = tanh(first) * sigmoid(second)")
        self.shape = self.shape[:-1] + [self.shape[-1] // 2]

    def join(self):
        if self.shape[-1] == "b" or not self.fits(self.shape[:-1] + [2 * self.shape[-1]]):
            return False
        other = self.draw.choice(["sin(h)", "h * h", "2 - h", "exp(-h^2)"])
        parts = ["h", other] if self.draw.random() < 0.5 else [other, "h"]
        self.line(f"h = join({parts[0]}, {parts[1]} over last)")
        self.shape = self.shape[:-1] + [2 * self.shape[-1]]

    def residual(self):
        matching = [name for name, shape in self.kept if shape == self.shape]
        if not matching:
            return False
        names = self.list(self.names())
        self.define(self.names(), f"h[{names}] + 0.5 * {self.draw.choice(matching)}[{names}]", self.shape)

    def window(self):
        places = self.axes(least=2)
        if not places:
            return False
        names, place = self.names(), self.draw.choice(places)
        size, name = self.draw.choice([2, 3]), names[place]
        others = [i for i in self.axes() if i != place]
        read = self.at_or_zero(names, **{name: f"{name} + {'2 * ' if self.draw.random() < 0.3 else ''}u - 1"})
        if others and self.draw.random() < 0.6:
            channel, units = self.draw.choice(others), self.draw.choice(SIZES)
            shape = list(self.shape)
            shape[channel] = units
            if not self.fits(shape):
                return False
            weight = self.weight([size, self.shape[channel], units])
            left = [("o" if i == channel else n) for i, n in enumerate(names)]
            right = f"sum[u, {names[channel]}](h{read} * {weight}[u, {names[channel]}, o])"
            self.define(left, right, shape)
        else:
            self.define(names, f"sum[u](h{read} * {self.weight([size])}[u])", self.shape)
        if self.draw.random() < 0.7:
            self.line("h = tanh(h)")

    def running(self):
        places = self.axes(least=2)
        if not places:
            return False
        names, place = self.names(), self.draw.choice(places)
        name = names[place]
        self.define(names, f"0.4 * sum[u where u <= {name}](h{self.at(names, **{name: 'u'})})", self.shape)

    def loop(self):
        sizes = [s for s in self.shape if s != "b"]
        if not sizes:
            return False
        names = self.names()
        weight = self.weight(sizes)
        inner = [n for n in names if n != "b"]
        self.line("for round < 3 {\n      "
                  f"h[{self.list(names)}] = tanh(0.8 * h[{self.list(names)}] + {weight}[{self.list(inner)}])\n    }}")

    # The whole

    def text(self):
        body = "".join(f"    {line}\n" for line in self.lines)
        weights = "".join(f"  {weight}\n" for weight in self.weights)
        record = self.list(["b", *self.record])
        return (f"layer L{self.number}() {{\n{weights}  (x: [{record}]) -> [] {{\n{body}"
                f"    mean(tanh(h)) + 0.1 * mean(h^2)\n  }}\n}}\n")


STEPS = [Layer.elementwise, Layer.elementwise, Layer.transpose, Layer.add_weight, Layer.add_weight, Layer.against_reduction,
         Layer.against_reduction, Layer.reduce, Layer.softmax, Layer.slice, Layer.pad, Layer.turn, Layer.roll,
         Layer.product, Layer.product, Layer.square, Layer.outer, Layer.join_axes, Layer.split_axis, Layer.gate, Layer.gate,
         Layer.join, Layer.residual, Layer.residual, Layer.window, Layer.window, Layer.running, Layer.loop]


def product(sizes):
    result = 1
    for size in sizes:
        result *= size
    return result


def layer(seed, number):
    """Layer `number` of a seed is the same in each program."""
    draw = random.Random(f"{seed}.{number}")
    return Layer(draw, number, draw.randint(3, 9))
