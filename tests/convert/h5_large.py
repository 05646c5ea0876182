"""Writes a model of many layers as h5py lays it out: what is known of each, then its data.

    python h5_large.py LAYERS UNITS OUT.h5            weights in one piece
    python h5_large.py LAYERS UNITS OUT.h5 chunks     weights in compressed pieces
"""

import json
import sys

import h5py
import numpy as np

layers, units, target, chunks = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:]
names = [f"d{i}" for i in range(layers)]
config = [{"class_name": "InputLayer", "config": {"batch_input_shape": [None, units], "name": "i"}}]
for name in names:
    settings = {"name": name, "units": units, "use_bias": False, "activation": "linear"}
    config.append({"class_name": "Dense", "config": settings})
pieces = {"chunks": (units // 4, units // 4), "compression": "gzip"} if chunks else {}
kernel = np.random.default_rng(1).random((units, units), "float32")

with h5py.File(target, "w") as file:
    file.attrs["keras_version"] = "2.15.0"
    file.attrs["backend"] = "tensorflow"
    model = {"class_name": "Sequential", "config": {"name": "s", "layers": config}}
    file.attrs["model_config"] = json.dumps(model)
    weights = file.create_group("model_weights")
    weights.attrs["layer_names"] = [name.encode() for name in names]
    for name in names:
        group = weights.create_group(name)
        group.attrs["weight_names"] = [f"{name}/kernel:0".encode()]
        group.create_dataset(f"{name}/kernel:0", data=kernel, **pieces)
