"""A Keras file of a given size, and its conversion by the reference's own code.

  make FILE BYTES      writes a model of dense layers, as Keras 2 saves it
  convert FILE FOLDER  converts it, and prints how long that took and how much memory

The part of `tensorflowjs` that reads HDF5 needs no TensorFlow, but the package as a whole does: so it
is imported without the package's own start, which spares the reference several seconds.
"""

import importlib
import importlib.util
import json
import os
import resource
import sys
import time
import types

import h5py
import numpy as np

UNITS = 4096


def make(path, size):
    layers = max(1, round(size / (UNITS * UNITS * 4)))
    rng = np.random.default_rng(7)
    names = [f"dense_{index}" for index in range(layers)]
    configs = []
    for name in names:
        config = {"name": name, "trainable": True, "dtype": "float32", "units": UNITS}
        config |= {"activation": "linear", "use_bias": False}
        config |= {"batch_input_shape": [None, UNITS]} if name == names[0] else {}
        configs.append({"class_name": "Dense", "config": config})
    model = {"class_name": "Sequential", "config": {"name": "bench", "layers": configs}}
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = "2.15.0"
        file.attrs["backend"] = "tensorflow"
        file.attrs["model_config"] = json.dumps(model)
        weights = file.create_group("model_weights")
        weights.attrs["layer_names"] = [name.encode() for name in names]
        weights.attrs["backend"] = b"tensorflow"
        weights.attrs["keras_version"] = b"2.15.0"
        for name in names:
            group = weights.create_group(name)
            group.attrs["weight_names"] = [f"{name}/kernel:0".encode()]
            kernel = rng.standard_normal((UNITS, UNITS), dtype=np.float32)
            group.create_dataset(f"{name}/kernel:0", data=kernel)


def reference():
    root = os.path.dirname(importlib.util.find_spec("tensorflowjs").origin)
    packages = {"tensorflowjs": root, "tensorflowjs.converters": os.path.join(root, "converters")}
    for name, path in packages.items():
        package = types.ModuleType(name)
        package.__path__ = [path]
        sys.modules[name] = package
    return importlib.import_module("tensorflowjs.converters.keras_h5_conversion")


def convert(path, folder):
    converter = reference()
    start = time.perf_counter()
    with h5py.File(path) as file:
        model, groups = converter.h5_merged_saved_model_to_tfjs_format(file, split_by_layer=False)
        converter.write_artifacts(model, groups, folder)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "maxRssBytes": peak}))


if __name__ == "__main__":
    command, path, argument = sys.argv[1:]
    if command == "make":
        make(path, int(argument))
    else:
        convert(path, argument)
