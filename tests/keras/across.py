"""Models of one layer each, with the keys that other versions of Keras do not have.

    python across.py 2|3 FOLDER

Saves each as FOLDER/NAME.h5 (Keras 2) or FOLDER/NAME.keras (Keras 3), and what it predicts as
FOLDER/NAME.json: see `check.py`.
"""

import json
import os
import pathlib
import sys

os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np  # pylint: disable=wrong-import-position

if sys.argv[1] == "2":
    import tf_keras as keras  # pylint: disable=wrong-import-position
else:
    import keras  # pylint: disable=wrong-import-position

LINE = (8, 3)
IMAGE = (8, 8, 3)
TOKENS = "tokens"
# Each class with its input and arguments; a class that a Keras does not have is left out.
LAYERS = [
    ("ActivityRegularization", LINE, {"l2": 0.1}),
    ("CenterCrop", IMAGE, {"height": 4, "width": 4}),
    ("Conv1D", LINE, {"filters": 2, "kernel_size": 2, "kernel_initializer": "he_normal"}),
    ("Conv1DTranspose", LINE, {"filters": 2, "kernel_size": 2}),
    ("Conv2DTranspose", IMAGE, {"filters": 2, "kernel_size": 2}),
    ("ConvLSTM2D", (2, *IMAGE), {"filters": 2, "kernel_size": 2, "recurrent_activation": "sigmoid"}),
    ("Dense", LINE, {"units": 2, "kernel_regularizer": "l2", "kernel_constraint": "unit_norm"}),
    ("DepthwiseConv1D", LINE, {"kernel_size": 2}),
    ("DepthwiseConv2D", IMAGE, {"kernel_size": 2, "depth_multiplier": 2}),
    ("Discretization", LINE, {"bin_boundaries": [0.0, 1.0]}),
    ("EinsumDense", LINE, {"equation": "abc,cd->abd", "output_shape": (None, 2)}),
    ("Embedding", TOKENS, {"input_dim": 9, "output_dim": 2}),
    ("GRU", LINE, {"units": 2}),
    ("GroupNormalization", LINE, {"groups": 1}),
    ("IntegerLookup", TOKENS, {"vocabulary": [1, 2, 3]}),
    ("LSTM", LINE, {"units": 2}),
    ("LeakyReLU", LINE, {}),
    ("RandomBrightness", IMAGE, {"factor": 0.1}),
    ("RandomContrast", IMAGE, {"factor": 0.1}),
    ("RandomFlip", IMAGE, {}),
    ("RandomRotation", IMAGE, {"factor": 0.1}),
    ("RandomTranslation", IMAGE, {"height_factor": 0.1, "width_factor": 0.1}),
    ("RandomZoom", IMAGE, {"height_factor": 0.1}),
    ("Resizing", IMAGE, {"height": 4, "width": 4}),
    ("SeparableConv1D", LINE, {"filters": 2, "kernel_size": 2}),
    ("SpatialDropout1D", LINE, {"rate": 0.2}),
    ("SpatialDropout2D", IMAGE, {"rate": 0.2}),
    ("SpatialDropout3D", (2, *IMAGE), {"rate": 0.2}),
    ("ZeroPadding1D", LINE, {}),
]


def main(folder):
    rng = np.random.default_rng(1)
    for name, shape, arguments in LAYERS:
        tokens = shape == TOKENS
        data = rng.integers(0, 9, (2, 5)).astype("int32") if tokens else rng.normal(size=(2, *shape))
        data = data if tokens else data.astype("float32")
        inputs = keras.Input(data.shape[1:], dtype=str(data.dtype))
        layer = getattr(keras.layers, name)(**arguments)
        save(folder / name, keras.Model(inputs, layer(inputs)), [data])
    # Several tensors in one call.
    inputs = keras.Input(LINE)
    attention = keras.layers.MultiHeadAttention(2, 3)
    data = rng.normal(size=(2, *LINE)).astype("float32")
    save(folder / "MultiHeadAttention", keras.Model(inputs, attention(inputs, inputs)), [data])


def save(path, model, inputs):
    outputs = [np.asarray(model(inputs[0], training=False))]
    model.save(path.with_suffix(".h5" if sys.argv[1] == "2" else ".keras"))
    expected = {
        "inputs": [tensor(each) for each in inputs],
        "outputs": [tensor(each) for each in outputs],
        "tolerance": {"abs": 1e-5, "rel": 1e-4},
        "artifacts": {},
    }
    path.with_suffix(".json").write_text(json.dumps(expected), encoding="utf-8")


def tensor(array):
    return {
        "name": "tensor",
        "dtype": str(array.dtype),
        "shape": list(array.shape),
        "data": array.ravel().tolist(),
    }


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[2]))
