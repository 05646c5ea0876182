"""Training that goes on where it was, in real Keras 2 and Keras 3.

    python resume.py train OUT_DIR   trains a model with each optimizer, saves it with the state of that
    python resume.py go FILE.json    loads models with the state of their optimizers

`FILE.json` is a list of {"name", "file", "keras": 2 | 3, "data"}. Both go on for a few steps then and
print one JSON line per model: {"name", "prediction"}, after training also {"file", "data"}.
"""

import json
import os
import pathlib
import sys

os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras  # pylint: disable=wrong-import-position
import numpy as np  # pylint: disable=wrong-import-position
import tf_keras  # pylint: disable=wrong-import-position

LIBRARIES = {2: tf_keras, 3: keras}
STEPS_BEFORE, STEPS_AFTER = 3, 2

# By name: the class, its settings, whether it is one of the legacy optimizers of Keras 2.
OPTIMIZERS = {
    "adagrad": ("Adagrad", {"learning_rate": 0.1}, False),
    "adam": ("Adam", {"learning_rate": 0.05}, False),
    "legacy_adam": ("Adam", {"learning_rate": 0.05}, True),
    "legacy_momentum": ("SGD", {"learning_rate": 0.05, "momentum": 0.9}, True),
    "legacy_rmsprop": ("RMSprop", {"learning_rate": 0.02, "momentum": 0.5}, True),
    "momentum": ("SGD", {"learning_rate": 0.05, "momentum": 0.9}, False),
    "nesterov": ("SGD", {"learning_rate": 0.05, "momentum": 0.8, "nesterov": True}, False),
    "rmsprop": ("RMSprop", {"learning_rate": 0.02}, False),
    # TensorFlow.js subtracts epsilon where Keras adds it.
    "rmsprop_all": ("RMSprop", {"learning_rate": 0.02, "momentum": 0.5, "centered": True, "epsilon": 1e-12}, False),
    "sgd": ("SGD", {"learning_rate": 0.05}, False),
}


def main(arguments):
    if len(arguments) == 3 and arguments[1] == "train":
        for generation, library in LIBRARIES.items():
            for name in OPTIMIZERS:
                train(pathlib.Path(arguments[2]), generation, library, name)
    elif len(arguments) == 3 and arguments[1] == "go":
        for subject in json.loads(pathlib.Path(arguments[2]).read_text(encoding="utf-8")):
            resume(subject)
    else:
        sys.exit("usage: resume.py train OUT_DIR | go FILE.json")


def train(folder, generation, library, name):
    kind, settings, legacy = OPTIMIZERS[name]
    if legacy and generation == 3:
        return
    optimizers = library.optimizers.legacy if legacy else library.optimizers
    library.utils.set_random_seed(1)
    layers = library.layers
    model = library.Sequential([
        layers.Input([4]),
        layers.Dense(6, activation="tanh", trainable=False, name="frozen"),
        layers.BatchNormalization(name="norm"),
        layers.Dense(5, activation="tanh", name="hidden"),
        layers.Dense(1, name="out"),
    ])
    model.compile(optimizer=getattr(optimizers, kind)(**settings), loss="mean_squared_error")
    numbers = np.random.default_rng(7)
    xs = numbers.standard_normal((8, 4)).astype("float32")
    ys = numbers.standard_normal((8, 1)).astype("float32")
    steps(model, xs, ys, STEPS_BEFORE)
    data = folder / "data.json"
    data.write_text(json.dumps({"xs": described(xs), "ys": described(ys)}), encoding="utf-8")
    # In this order: saving HDF5 makes a model of Keras 3 forget how it was compiled.
    suffixes = ["h5"] if legacy else ["keras", "h5"]
    files = [folder / f"{name}.{generation}.{suffix}" for suffix in suffixes]
    for file in files:
        model.save(file)
    steps(model, xs, ys, STEPS_AFTER)
    for file in files:
        tell(file.name, model, xs, file=str(file), data=str(data))


def resume(subject):
    data = json.loads(pathlib.Path(subject["data"]).read_text(encoding="utf-8"))
    xs, ys = tensor(data["xs"]), tensor(data["ys"])
    library = LIBRARIES[subject["keras"]]
    model = library.models.load_model(subject["file"])
    steps(model, xs, ys, STEPS_AFTER)
    tell(subject["name"], model, xs)
    library.backend.clear_session()


def steps(model, xs, ys, epochs):
    model.fit(xs, ys, epochs=epochs, batch_size=len(xs), shuffle=False, verbose=0)


def tell(name, model, xs, **more):
    prediction = np.asarray(model(xs, training=False), "float64").flatten().tolist()
    print(json.dumps({"name": name, "prediction": prediction, **more}), flush=True)


def described(array):
    return {"shape": list(array.shape), "data": array.flatten().tolist()}


def tensor(entry):
    return np.array(entry["data"], "float32").reshape(entry["shape"])


if __name__ == "__main__":
    main(sys.argv)
