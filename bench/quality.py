"""What trained examples reach on held-out data: a whole training each, minutes long."""
import json
import shutil

from program import FOLDER, Program, data_flags, data_folder


def reports(out):
    """Values by name of every report of a training, in order."""
    values = {}
    for line in (out / "log.jsonl").read_text().splitlines():
        for name, value in json.loads(line).get("report", {}).items():
            values.setdefault(name, []).append(value)
    return values


def train(lamina, name, files):
    program = Program(lamina, name)
    out = FOLDER / f"{name}.run"
    shutil.rmtree(out, ignore_errors=True)
    program.run("train", *data_flags(files), "--out", str(out))
    return reports(out)


def loss_of_char_gpt(lamina):
    """2,000 steps on tinyshakespeare; loss over the whole last tenth."""
    files = {"text": data_folder() / "tinyshakespeare" / "input.txt"}
    values = train(lamina, "char_gpt", files)["held_out_loss"]
    verdict("char_gpt held-out loss on tinyshakespeare", min(values), "at most", 1.93, min(values) <= 1.93)


def accuracy_on_mnist(lamina):
    """12,000 pictures to learn from, 10,000 to be tested on."""
    mnist = data_folder() / "mnist"
    files = {
        "pictures": mnist / "train-first12000-images-idx3-ubyte.gz",
        "pictures.labels": mnist / "train-first12000-labels-idx1-ubyte.gz",
        "unseen": mnist / "t10k-images-idx3-ubyte.gz",
        "unseen.labels": mnist / "t10k-labels-idx1-ubyte.gz",
    }
    for name, least in (("mnist_mlp", 0.955), ("mnist_cnn", 0.98)):
        values = train(lamina, name, files)["right"]
        verdict(f"{name} accuracy on 10,000 pictures, last epoch", values[-1], "at least", least, values[-1] >= least)


def verdict(what, value, relation, bound, holds):
    print(f"{what}: {value:.4f} ({relation} {bound}: {'holds' if holds else 'FAILS'})", flush=True)
