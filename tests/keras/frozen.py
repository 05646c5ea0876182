"""Models with frozen parts, saved as HDF5 by real Keras 2 and Keras 3.

    python frozen.py OUT_DIR

All weights have the same shape, so that none of them in the wrong place is noticed by its shape.
Prints one JSON line per model: {"name", "file", "keras": 2 | 3, "expected"}; the last is a file, see
`check.py`.
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

# What is frozen and thawed, in order.
WAYS = {
    "all": [("inner", False)],
    "all but the second": [("inner", False), ("second", True)],
    "all but the norm": [("inner", False), ("norm", True)],
    "the first": [("first", False)],
    "the second": [("second", False)],
    "outer": [("outer", False)],
    "outer but not the second": [("outer", False), ("second", True)],
    "outer but not inner": [("outer", False), ("inner", True)],
    "outer and first but not inner": [("outer", False), ("inner", True), ("first", False)],
}


def main(arguments):
    if len(arguments) != 2:
        sys.exit("usage: frozen.py OUT_DIR")
    folder = pathlib.Path(arguments[1])
    for generation, library in LIBRARIES.items():
        for kind, chain in [("functional", functional), ("sequential", sequential)]:
            for way, steps in WAYS.items():
                name = f"{kind} {way} {generation}"
                save(library, model(library, chain, steps), folder / name, generation)
                library.backend.clear_session()


def functional(library, layers, name):
    first = last = library.Input([4])
    for layer in layers:
        last = layer(last)
    return library.Model(first, last, name=name)


def sequential(library, layers, name):
    return library.Sequential([library.Input([4]), *layers], name=name)


def model(library, chain, steps):
    dense = library.layers.Dense
    named = {name: dense(4, name=name) for name in ("before", "first", "second", "after", "end")}
    named["norm"] = library.layers.BatchNormalization(name="norm")
    inner = chain(library, [named["first"], named["norm"], named["second"]], "inner")
    outer = chain(library, [named["before"], inner, named["after"]], "outer")
    named.update(inner=inner, outer=outer)
    whole = chain(library, [outer, named["end"]], "whole")
    for name, trainable in steps:
        named[name].trainable = trainable
    return whole


def save(library, whole, place, generation):
    numbers = np.random.default_rng(7)
    whole.set_weights([numbers.random(each.shape).astype("float32") for each in whole.get_weights()])
    xs = numbers.random((2, 4)).astype("float32")
    ys = np.asarray(whole(xs, training=False))
    file, expected = place.with_suffix(".h5"), place.with_suffix(".json")
    whole.save(file)
    expected.write_text(json.dumps({
        "inputs": [described("input", xs)],
        "outputs": [described("output", ys)],
        "tolerance": {"abs": 1e-5, "rel": 1e-5},
        "artifacts": {},
    }), encoding="utf-8")
    print(json.dumps({"name": place.name, "file": str(file), "keras": generation, "expected": str(expected)}), flush=True)


def described(name, array):
    return {"name": name, "shape": array.shape, "dtype": "float32", "data": array.flatten().tolist()}


if __name__ == "__main__":
    main(sys.argv)
