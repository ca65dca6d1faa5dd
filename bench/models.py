"""The models that bench/ compares, in PyTorch and JAX, with the recipe of the Lamina example of the same name."""
import math

CHAR_GPT = dict(depth=4, heads=4, width=128, context=64, batch=12, vocabulary=256)


def torch_char_gpt(torch):
    nn, F = torch.nn, torch.nn.functional
    c = CHAR_GPT

    def rotate(x):
        half = torch.arange(x.shape[-1] // 2, dtype=torch.float32)
        angle = torch.arange(x.shape[-2], dtype=torch.float32)[:, None] * 10000 ** (-2 * half / x.shape[-1])
        a, b = x[..., 0::2], x[..., 1::2]
        return torch.stack([a * angle.cos() - b * angle.sin(), a * angle.sin() + b * angle.cos()], -1).flatten(-2)

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            n = c["width"]
            self.norm1, self.norm2 = nn.LayerNorm(n), nn.LayerNorm(n)
            self.qkv, self.out = nn.Linear(n, 3 * n), nn.Linear(n, n)
            self.up, self.down = nn.Linear(n, 4 * n), nn.Linear(4 * n, n)

        def forward(self, x):
            b, t, n = x.shape
            q, k, v = (p.view(b, t, c["heads"], -1).transpose(1, 2) for p in self.qkv(self.norm1(x)).split(n, -1))
            y = F.scaled_dot_product_attention(rotate(q), rotate(k), v, is_causal=True)
            x = x + self.out(y.transpose(1, 2).reshape(b, t, n))
            return x + self.down(F.gelu(self.up(self.norm2(x)), approximate="tanh"))

    class CharGPT(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Embedding(c["vocabulary"], c["width"])
            nn.init.normal_(self.embed.weight, std=0.02)
            self.blocks = nn.ModuleList(Block() for _ in range(c["depth"]))
            self.norm = nn.LayerNorm(c["width"])

        def forward(self, x):
            h = self.embed(x)
            for block in self.blocks:
                h = block(h)
            return self.norm(h) @ self.embed.weight.T

    model = CharGPT()
    matrices = [p for p in model.parameters() if p.dim() >= 2]
    vectors = [p for p in model.parameters() if p.dim() < 2]
    rule = torch.optim.AdamW([{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}],
                             lr=1e-3, betas=(0.9, 0.99), fused=True)

    def loss(x, y):
        return F.cross_entropy(model(x).flatten(0, 1), y.flatten())

    def batch(generator):
        window = torch.randint(0, 256, (c["batch"], c["context"] + 1), generator=generator)
        return window[:, :-1], window[:, 1:]

    return model, rule, loss, batch, 1.0


def torch_mnist_cnn(torch):
    nn, F = torch.nn, torch.nn.functional
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(1568, 128), nn.ReLU(), nn.Dropout(0.4), nn.Linear(128, 10))
    rule = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)

    def loss(x, y):
        return F.cross_entropy(model(x), y)

    def batch(generator):
        return torch.rand((100, 1, 28, 28), generator=generator), torch.randint(0, 10, (100,), generator=generator)

    return model, rule, loss, batch, None


def jax_char_gpt(jax, optax):
    jnp, c = jax.numpy, CHAR_GPT
    n, heads = c["width"], c["heads"]

    def glorot(key, *shape):
        limit = math.sqrt(6 / (shape[-2] + shape[-1]))
        return jax.random.uniform(key, shape, minval=-limit, maxval=limit)

    keys = jax.random.split(jax.random.PRNGKey(0), 8)
    d = c["depth"]
    params = {
        "table": 0.02 * jax.random.normal(keys[0], (c["vocabulary"], n)),
        "gain": jnp.ones(n), "shift": jnp.zeros(n),
        "blocks": {
            "g1": jnp.ones((d, n)), "s1": jnp.zeros((d, n)), "g2": jnp.ones((d, n)), "s2": jnp.zeros((d, n)),
            "qkv": glorot(keys[1], d, n, 3 * n), "bq": jnp.zeros((d, 3 * n)),
            "out": glorot(keys[2], d, n, n), "bo": jnp.zeros((d, n)),
            "up": glorot(keys[3], d, n, 4 * n), "bu": jnp.zeros((d, 4 * n)),
            "down": glorot(keys[4], d, 4 * n, n), "bd": jnp.zeros((d, n)),
        },
    }

    def norm(x, g, s):
        m = x.mean(-1, keepdims=True)
        return g * (x - m) / jnp.sqrt(((x - m) ** 2).mean(-1, keepdims=True) + 1e-5) + s

    def rotate(x):
        half = jnp.arange(x.shape[-1] // 2)
        angle = jnp.arange(x.shape[-2])[:, None] * 10000.0 ** (-2 * half / x.shape[-1])
        a, b = x[..., 0::2], x[..., 1::2]
        return jnp.stack([a * jnp.cos(angle) - b * jnp.sin(angle), a * jnp.sin(angle) + b * jnp.cos(angle)], -1).reshape(x.shape)

    def block(x, w):
        b, t, _ = x.shape
        qkv = norm(x, w["g1"], w["s1"]) @ w["qkv"] + w["bq"]
        q, k, v = (p.reshape(b, t, heads, -1).transpose(0, 2, 1, 3) for p in jnp.split(qkv, 3, -1))
        s = rotate(q) @ rotate(k).swapaxes(-1, -2) / math.sqrt(n // heads)
        s = jnp.where(jnp.tril(jnp.ones((t, t), bool)), s, -jnp.inf)
        y = (jax.nn.softmax(s) @ v).transpose(0, 2, 1, 3).reshape(b, t, n)
        x = x + y @ w["out"] + w["bo"]
        h = jax.nn.gelu(norm(x, w["g2"], w["s2"]) @ w["up"] + w["bu"])
        return x + h @ w["down"] + w["bd"], None

    def loss(params, x, y):
        h, _ = jax.lax.scan(block, params["table"][x], params["blocks"])
        logits = norm(h, params["gain"], params["shift"]) @ params["table"].T
        return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()

    matrices = jax.tree_util.tree_map(lambda p: p.ndim >= 2, params)
    rule = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(1e-3, b2=0.99, weight_decay=0.1, mask=matrices))

    def batch(random):
        window = random.integers(0, 256, (c["batch"], c["context"] + 1))
        return window[:, :-1], window[:, 1:]

    return params, rule, loss, batch


def jax_mnist_cnn(jax, optax):
    jnp = jax.numpy
    keys = jax.random.split(jax.random.PRNGKey(0), 4)
    init = jax.nn.initializers.glorot_uniform()
    params = {"c1": init(keys[0], (3, 3, 1, 16)), "b1": jnp.zeros(16), "c2": init(keys[1], (3, 3, 16, 32)),
              "b2": jnp.zeros(32), "w1": init(keys[2], (1568, 128)), "o1": jnp.zeros(128),
              "w2": init(keys[3], (128, 10)), "o2": jnp.zeros(10)}

    def conv(x, w, b):
        y = jax.lax.conv_general_dilated(x, w, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
        return jax.lax.reduce_window(jax.nn.relu(y + b), -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")

    def loss(params, x, y, key):
        h = conv(conv(x, params["c1"], params["b1"]), params["c2"], params["b2"]).reshape(x.shape[0], -1)
        h = jax.nn.relu(h @ params["w1"] + params["o1"])
        h = jnp.where(jax.random.bernoulli(key, 0.6, h.shape), h / 0.6, 0)
        return optax.softmax_cross_entropy_with_integer_labels(h @ params["w2"] + params["o2"], y).mean()

    def batch(random):
        return random.random((100, 28, 28, 1), dtype="float32"), random.integers(0, 10, (100,))

    return params, optax.adam(1e-3), loss, batch
