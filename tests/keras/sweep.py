"""Small models, one for each option of each class that TensorFlow.js has, and one for each way in
which a mask goes through a model, saved by real Keras 2 and Keras 3 with what they predict.

    python sweep.py OUT_DIR (sample|full)

Prints one JSON line per model: {"name", "file", "inputs", "outputs"}; inputs and outputs are lists of
{"shape", "dtype", "data"}. A model that one Keras cannot build has {"name", "unbuilt"}.
"""

import itertools
import json
import logging
import os
import pathlib
import sys
import warnings

os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras  # pylint: disable=wrong-import-position
import numpy as np  # pylint: disable=wrong-import-position
import tensorflow as tf  # pylint: disable=wrong-import-position
import tf_keras  # pylint: disable=wrong-import-position

LIBRARIES = {2: tf_keras, 3: keras}

# Padded behind, padded before, padded between, and not at all.
TOKENS = np.array(
    [[1, 2, 3, 0, 0, 0], [0, 0, 4, 5, 6, 7], [8, 0, 9, 0, 1, 0], [2, 3, 4, 5, 6, 7]], "int32"
)
WORDS = np.array([[[1, 2, 0], [3, 0, 0]], [[0, 4, 5], [6, 7, 8]], [[0, 0, 0], [9, 1, 0]]], "int32")

ACTIVATIONS = (
    "elu", "selu", "softplus", "softsign", "swish", "gelu", "mish", "relu", "relu6", "log_softmax",
    "exponential", "hard_sigmoid", "sigmoid", "tanh", "softmax", "linear",
)

CASES = {}


def case(name, build, *, sample=False, only=(2, 3), forms=None):
    """A model: `build` takes a Keras and gives the model and its inputs."""
    assert name not in CASES, name
    CASES[name] = (build, sample, only, forms or {2: ("h5",), 3: ("keras",)})


def random(*shape):
    return np.random.default_rng(len(shape)).normal(size=shape).astype("float32")


def chain(name, shape, *layers, inputs=None, sample=False, only=(2, 3)):
    """A Sequential of what each of `layers` makes of a module of layers."""

    def build(library):
        dtype = None if inputs is None else str(inputs.dtype)
        model = library.Sequential(
            [library.Input(shape, dtype=dtype), *[layer(library.layers) for layer in layers]]
        )
        return model, [2 * random(2, *shape) if inputs is None else inputs]

    case(name, build, sample=sample, only=only)


def one(name, shape, class_name, *arguments, sample=False, inputs=None, **options):
    """A Sequential of one layer."""
    make = lambda layers: getattr(layers, class_name)(*arguments, **options)
    chain(name, shape, make, sample=sample, inputs=inputs)


def channels_first(name, shape, make, sample=False, channel_axis=1):
    """A layer with the channels first, which Keras cannot run on a CPU: the outputs are those of its
    twin with the channels last."""

    def build(library):
        last = library.Sequential([library.Input(shape), make(library.layers, "channels_last")])
        inputs = 2 * random(2, *shape)
        randomize(last)
        outputs = np.asarray(last(inputs))
        # Without its sequence, a recurrent layer has one axis less in front.
        to_first = lambda array: np.moveaxis(
            array, -1, channel_axis + array.ndim - inputs.ndim) if array.ndim > 2 else array
        turned = to_first(inputs)
        first = library.Sequential(
            [library.Input(turned.shape[1:]), make(library.layers, "channels_first")]
        )
        first.set_weights(last.get_weights())
        return first, [np.ascontiguousarray(turned)], [to_first(outputs)]

    case(name, build, sample=sample)


def graph(name, connect, *inputs, sample=False, only=(2, 3), forms=None):
    """A Functional: `connect` takes a Keras and its inputs, and gives its outputs."""

    def build(library):
        ends = [library.Input(array.shape[1:], dtype=str(array.dtype)) for array in inputs]
        outputs = connect(library, *ends)
        return library.Model(ends, outputs), list(inputs)

    case(name, build, sample=sample, only=only, forms=forms)


def convolutions():
    for padding, stride, kernel in itertools.product(("valid", "same"), (1, 2, 3), (2, 3)):
        options = {"strides": stride, "padding": padding}
        at = f"{padding} stride {stride} kernel {kernel}"
        sample = (padding, stride, kernel) in [("same", 3, 2), ("same", 2, 3)]
        one(f"Conv1D {at}", (7, 2), "Conv1D", 2, kernel, **options)
        one(f"Conv2D {at}", (7, 7, 2), "Conv2D", 2, kernel, **options)
        one(f"Conv3D {at}", (5, 5, 5, 2), "Conv3D", 2, kernel, **options)
        one(f"Conv2DTranspose {at}", (5, 5, 2), "Conv2DTranspose", 2, kernel, sample=sample, **options)
        one(f"Conv3DTranspose {at}", (4, 4, 4, 2), "Conv3DTranspose", 2, kernel, sample=sample, **options)
        one(f"DepthwiseConv2D {at}", (7, 7, 2), "DepthwiseConv2D", kernel, **options)
        one(f"SeparableConv2D {at}", (7, 7, 2), "SeparableConv2D", 3, kernel, **options)
        for dimensions in (1, 2, 3):
            shape = (7,) * dimensions + (2,)
            for kind in ("AveragePooling", "MaxPooling"):
                one(f"{kind}{dimensions}D {at}", shape, f"{kind}{dimensions}D", kernel, **options)
        # Keras 3.10 loses the option when it saves.
        for output in range(stride):
            padded = {**options, "output_padding": output}
            named = f"{at} output_padding {output}"
            chain(f"Conv2DTranspose {named}", (5, 5, 2), lambda layers, k=kernel, o=padded:
                  layers.Conv2DTranspose(2, k, **o), only=(2,), sample=kernel == 3 and stride == 2)
            chain(f"Conv3DTranspose {named}", (4, 4, 4, 2), lambda layers, k=kernel, o=padded:
                  layers.Conv3DTranspose(2, k, **o), only=(2,))
    for padding in ("valid", "same"):
        options = {"dilation_rate": 2, "padding": padding}
        one(f"Conv1D {padding} dilation", (9, 2), "Conv1D", 2, 3, sample=True, **options)
        one(f"Conv2D {padding} dilation", (9, 9, 2), "Conv2D", 2, 3, **options)
        one(f"Conv3D {padding} dilation", (6, 6, 6, 1), "Conv3D", 2, 2, **options)
        one(f"Conv2DTranspose {padding} dilation", (5, 5, 2), "Conv2DTranspose", 2, 3, sample=True, **options)
        one(f"Conv3DTranspose {padding} dilation", (4, 4, 4, 2), "Conv3DTranspose", 2, 3, **options)
        one(f"DepthwiseConv2D {padding} dilation", (9, 9, 2), "DepthwiseConv2D", 3, sample=True, **options)
        one(f"SeparableConv2D {padding} dilation", (9, 9, 2), "SeparableConv2D", 2, 3, **options)
    one("Conv2D dilation of one axis", (9, 9, 2), "Conv2D", 2, 3, dilation_rate=(1, 2))
    one("Conv2D rectangle", (9, 9, 2), "Conv2D", 2, (1, 3), strides=(2, 1))
    one("Conv2D groups", (7, 7, 4), "Conv2D", 4, 3, groups=2)
    one("Conv1D causal", (7, 2), "Conv1D", 2, 3, padding="causal", sample=True)
    one("DepthwiseConv2D multiplier", (7, 7, 2), "DepthwiseConv2D", 3, depth_multiplier=3)
    one("DepthwiseConv2D activation", (7, 7, 2), "DepthwiseConv2D", 3, activation="relu", use_bias=False)
    one("DepthwiseConv2D rectangle", (7, 7, 2), "DepthwiseConv2D", (3, 1))
    one("SeparableConv2D multiplier", (7, 7, 2), "SeparableConv2D", 3, 3, depth_multiplier=2)
    one("SeparableConv2D activation", (7, 7, 2), "SeparableConv2D", 3, 3, activation="relu")
    for options in ({"strides": 2}, {"dilation_rate": 2}, {"padding": "same", "return_sequences": True},
                    {"go_backwards": True, "use_bias": False}):
        one(f"ConvLSTM2D {options}", (3, 6, 6, 2), "ConvLSTM2D", 2, 3, recurrent_activation="sigmoid", **options)


def data_formats():
    for name, dimensions, make in [
        ("Conv1D", 1, lambda layers, **o: layers.Conv1D(3, 2, **o)),
        ("Conv2D", 2, lambda layers, **o: layers.Conv2D(3, 2, **o)),
        ("Conv2D relu", 2, lambda layers, **o: layers.Conv2D(3, 2, activation="relu", **o)),
        ("Conv2D softmax", 2, lambda layers, **o: layers.Conv2D(3, 2, activation="softmax", **o)),
        ("Conv3D", 3, lambda layers, **o: layers.Conv3D(3, 2, **o)),
        ("Conv2DTranspose", 2, lambda layers, **o: layers.Conv2DTranspose(3, 2, **o)),
        ("Conv3DTranspose", 3, lambda layers, **o: layers.Conv3DTranspose(3, 2, **o)),
        ("DepthwiseConv2D", 2, lambda layers, **o: layers.DepthwiseConv2D(2, **o)),
        ("SeparableConv2D", 2, lambda layers, **o: layers.SeparableConv2D(3, 2, **o)),
        ("SeparableConv2D no bias", 2, lambda layers, **o: layers.SeparableConv2D(3, 2, use_bias=False, **o)),
        ("UpSampling2D", 2, lambda layers, **o: layers.UpSampling2D(2, **o)),
        ("ZeroPadding2D", 2, lambda layers, **o: layers.ZeroPadding2D(((1, 0), (2, 3)), **o)),
        ("Cropping2D", 2, lambda layers, **o: layers.Cropping2D(((1, 0), (2, 1)), **o)),
        ("Flatten", 2, lambda layers, **o: layers.Flatten(**o)),
        ("Flatten of images", 3, lambda layers, **o: layers.Flatten(**o)),
    ]:
        shape = (5, 6, 7)[:dimensions] + (2,)
        channels_first(f"{name} channels_first", shape,
                       lambda layers, at, make=make: make(layers, data_format=at), sample=name == "Conv1D")
    for kind, dimensions in itertools.product(("Average", "Max"), (1, 2, 3)):
        shape = (5, 6, 7)[:dimensions] + (2,)
        for prefix in ("", "Global"):
            name = f"{prefix}{kind}Pooling{dimensions}D"
            options = {} if prefix else {"pool_size": 2}
            channels_first(f"{name} channels_first", shape,
                           lambda layers, at, name=name, options=options:
                           getattr(layers, name)(data_format=at, **options), sample=dimensions == 1)
            if prefix:
                one(f"{name} keepdims", shape, name, keepdims=True, sample=dimensions == 2)
            else:
                one(f"{name} default strides", shape, name, 2)
    channels_first("ConvLSTM2D channels_first", (3, 6, 6, 2), lambda layers, at: layers.ConvLSTM2D(
        2, 3, data_format=at, recurrent_activation="sigmoid"), channel_axis=2)


def normalizations():
    for shape in ((4,), (5, 3), (4, 5, 3), (2, 3, 4, 3), (2, 2, 2, 2, 3)):
        rank = len(shape) + 1
        for axis in (-1, *range(1, rank)):
            sample = (rank, axis) in [(3, -1), (4, 1), (4, 3), (5, -1)]
            one(f"BatchNormalization rank {rank} axis {axis}", shape, "BatchNormalization", axis=axis, sample=sample)
            one(f"LayerNormalization rank {rank} axis {axis}", shape, "LayerNormalization", axis=axis)
            one(f"Softmax rank {rank} axis {axis}", shape, "Softmax", axis=axis, sample=rank == 3)
    for options in ({"scale": False}, {"center": False}, {"epsilon": 0.1}):
        one(f"BatchNormalization {options}", (4,), "BatchNormalization", **options)
        one(f"LayerNormalization {options}", (5, 3), "LayerNormalization", **options)
    one("LayerNormalization axes", (5, 3), "LayerNormalization", axis=(1, 2))
    chain("LayerNormalization rms_scaling", (5, 3), lambda layers: layers.LayerNormalization(rms_scaling=True), only=(3,))
    one("Softmax axes", (4, 3), "Softmax", axis=[1, 2], sample=True)
    one("Softmax list of another", (4, 3), "Softmax", axis=[1])
    one("Softmax list of the last", (4, 3), "Softmax", axis=[-1])
    chain("BatchNormalization after Conv3D", (3, 3, 3, 2), lambda layers: layers.Conv3D(2, 2),
          lambda layers: layers.BatchNormalization(), sample=True)
    chain("BatchNormalization each step", (3, 4), lambda layers: layers.TimeDistributed(layers.BatchNormalization()))
    chain("BatchNormalization of each image", (3, 4, 4, 2), lambda layers: layers.TimeDistributed(layers.BatchNormalization()))
    chain("BatchNormalization of each volume", (2, 3, 3, 3, 2), lambda layers: layers.TimeDistributed(layers.BatchNormalization()))
    chain("Softmax axis 1 of each step", (3, 4, 2), lambda layers: layers.TimeDistributed(layers.Softmax(axis=1)))


def recurrent(layers, class_name, *arguments, **options):
    """A recurrent layer as TensorFlow.js has it."""
    if class_name == "GRU":
        options["reset_after"] = False
    return getattr(layers, class_name)(*arguments, **options)


def sequences():
    for name in ("LSTM", "GRU", "SimpleRNN"):
        options = [
            {"go_backwards": True}, {"return_sequences": True}, {"use_bias": False}, {"unroll": True},
            {"dropout": 0.2}, {"activation": "relu"}, {"activation": "linear"},
            {"go_backwards": True, "return_sequences": True},
        ]
        if name != "SimpleRNN":
            options += [{"recurrent_activation": to} for to in ("tanh", "relu", "hard_sigmoid")]
        if name == "LSTM":
            options.append({"unit_forget_bias": False})
        for option in options:
            chain(f"{name} {option}", (5, 3), lambda layers, o=option, n=name: recurrent(layers, n, 3, **o))
        for mode in ("concat", "sum", "mul", "ave", None):
            for all_steps in (True, False):
                chain(f"Bidirectional {name} {mode} {all_steps}", (5, 3), lambda layers, n=name, m=mode, a=all_steps:
                      layers.Bidirectional(recurrent(layers, n, 3, return_sequences=a), merge_mode=m))
        chain(f"Bidirectional {name} other backward", (5, 3), lambda layers, n=name: layers.Bidirectional(
            recurrent(layers, n, 3), backward_layer=recurrent(layers, n, 3, go_backwards=True, activation="relu")))
    one("GRU reset_after", (5, 3), "GRU", 3, sample=True)
    chain("RNN of a cell", (5, 3), lambda layers: layers.RNN(layers.LSTMCell(3)))
    chain("RNN of cells", (5, 3), lambda layers: layers.RNN([layers.LSTMCell(4), layers.SimpleRNNCell(3)]))
    chain("time_major", (5, 3), lambda layers: layers.LSTM(3, time_major=True, return_sequences=True), only=(2,))


def others():
    one("ReLU max_value", (4,), "ReLU", max_value=0.5)
    one("ReLU slope", (4,), "ReLU", negative_slope=0.2, sample=True)
    one("ReLU threshold", (4,), "ReLU", threshold=1.5)
    one("LeakyReLU", (4,), "LeakyReLU", 0.3)
    one("ELU", (4,), "ELU")
    one("ELU alpha", (4,), "ELU", alpha=0.5, sample=True)
    one("ThresholdedReLU", (4,), "ThresholdedReLU", theta=0.5)
    one("PReLU", (4, 3), "PReLU")
    one("PReLU shared", (4, 4, 3), "PReLU", shared_axes=[1, 2])
    one("Reshape", (4, 3), "Reshape", (-1, 2))
    one("Permute", (4, 3, 2), "Permute", (3, 1, 2))
    one("RepeatVector", (4,), "RepeatVector", 3)
    one("Rescaling", (4, 3), "Rescaling", 0.5, 0.1)
    one("Rescaling lists", (4, 3), "Rescaling", [1.0, 2.0, 3.0], [0.1, 0.2, 0.3])
    one("Embedding", (6,), "Embedding", 10, 3, inputs=TOKENS)
    one("Embedding of words", (2, 3), "Embedding", 10, 3, inputs=WORDS)
    one("Dense rank 4", (2, 3, 4), "Dense", 2)
    one("Masking", (4, 3), "Masking", 0.0)
    one("UpSampling2D rectangle", (3, 3, 2), "UpSampling2D", (1, 3))
    one("UpSampling2D bilinear", (3, 3, 2), "UpSampling2D", 2, interpolation="bilinear", sample=True)
    one("ZeroPadding2D number", (3, 3, 2), "ZeroPadding2D", 2)
    one("ZeroPadding2D pair", (3, 3, 2), "ZeroPadding2D", (1, 2))
    for name in ("Dropout", "GaussianDropout", "GaussianNoise", "AlphaDropout", "SpatialDropout1D"):
        one(name, (4, 3), name, 0.2)
    for name in ACTIVATIONS:
        one(f"Dense {name}", (4,), "Dense", 3, activation=name)
        one(f"Activation {name}", (3, 4), "Activation", name)
    for inner, shape in [("Flatten()", (3, 4, 2)), ("Conv2D(2, 3)", (3, 6, 6, 2)), ("LSTM(2)", (3, 4, 2)),
                         ("GlobalMaxPooling1D()", (3, 4, 2))]:
        chain(f"TimeDistributed {inner}", shape, lambda layers, inner=inner:
              layers.TimeDistributed(eval(f"layers.{inner}")))  # pylint: disable=eval-used
    a, b = random(2, 4, 3), random(3, 2, 4, 3)[0]
    for name in ("Add", "Average", "Maximum", "Minimum", "Multiply", "Concatenate"):
        graph(f"{name} of two", lambda library, x, y, n=name: getattr(library.layers, n)()([x, y]), a, b)
        graph(f"{name} of three", lambda library, x, y, n=name: getattr(library.layers, n)()([x, y, x]), a, b)
        if name != "Concatenate":
            graph(f"{name} of ranks", lambda library, x, y, n=name: getattr(library.layers, n)()([x, y]), a, random(2, 3))
            graph(f"{name} of lengths", lambda library, x, y, n=name: getattr(library.layers, n)()([x, y]), a, random(2, 1, 3))
    graph("Concatenate axis 1", lambda library, x, y: library.layers.Concatenate(axis=1)([x, y]), a, b)
    for axes in (1, 2, (1, 1), (2, 2), -1, (-1, -1)):
        for normalize in (False, True):
            graph(f"Dot axes {axes} normalize {normalize}",
                  lambda library, x, y, axes=axes, n=normalize: library.layers.Dot(axes, normalize=n)([x, y]), a, b)
    graph("Dot of vectors", lambda library, x, y: library.layers.Dot(1)([x, y]), a[:, 0], b[:, 0])
    graph("Dot axes 1 2", lambda library, x, y: library.layers.Dot((1, 2))([x, y]), a, random(2, 5, 4))
    graph("Dot of a vector", lambda library, x, y: library.layers.Dot((2, 1))([x, y]), a, random(2, 3))
    graph("Dot with a vector first", lambda library, x, y: library.layers.Dot((1, 2))([y, x]), a, random(2, 3))
    graph("Dot rank 4", lambda library, x, y: library.layers.Dot((3, 3))([x, y]), random(2, 2, 4, 3), random(2, 2, 4, 3))
    integers = np.array([[1, 2, 3], [4, 5, 6]], "int32")
    for name in ("Dense(2)", "Rescaling(0.5)", "Flatten()", "BatchNormalization()", "Activation('relu')", "ReLU()",
                 "Reshape((3, 1))", "RepeatVector(2)", "LayerNormalization()", "Dropout(0.5)", "Softmax()",
                 "Masking(1)", "PReLU()", "LeakyReLU()"):
        chain(f"{name} of integers", (3,), lambda layers, name=name: eval(f"layers.{name}"),  # pylint: disable=eval-used
              inputs=integers)
    for name in ACTIVATIONS:
        one(f"Activation {name} of integers", (3,), "Activation", name, inputs=integers)
    for name in ("BatchNormalization()", "LayerNormalization()"):
        chain(f"{name} of reshaped integers", (4,), lambda layers: layers.Reshape((2, 2)),
              lambda layers, name=name: eval(f"layers.{name}"),  # pylint: disable=eval-used
              inputs=np.arange(8, dtype="int32").reshape((2, 4)))
    chain("LSTM of integers", (3, 1), lambda layers: layers.LSTM(2), inputs=integers[:, :, None])
    chain("Conv1D of integers", (3, 1), lambda layers: layers.Conv1D(2, 2), inputs=integers[:, :, None])


def operations():
    """What is an operation may be called like a layer, in HDF5 files of Keras 3 above all."""
    both = {2: ("h5",), 3: ("keras", "h5")}
    x, y = random(2, 4), random(3, 2, 4)[0]
    for name, connect in {
        "numbers": lambda library, x: x * 2.0 + 1.0,
        "number before": lambda library, x: 1.0 - x,
        "constant": lambda library, x: x + np.arange(4, dtype="float32"),
    }.items():
        graph(f"operation {name}", connect, x, forms=both, sample=name == "numbers")
    for name, connect in {
        "sum": lambda library, x, y: x + y,
        "product": lambda library, x, y: x * y,
        "difference": lambda library, x, y: x - y,
    }.items():
        graph(f"operation {name} of tensors", connect, x, y, forms=both, sample=name == "sum")
    for name, connect in {
        "maximum": lambda library, x: library.ops.maximum(x, 0.0),
        "maximum of tensors": lambda library, x: library.ops.maximum(x, library.layers.Dense(4)(x)),
        "sum of ranks": lambda library, x: x + library.layers.RepeatVector(4)(x),
        "average": lambda library, x: library.ops.average(x, axis=1),
        "softmax": lambda library, x: library.ops.softmax(x, axis=-1),
        "reshape": lambda library, x: library.ops.reshape(x, (-1, 2, 2)),
        "relu": lambda library, x: library.ops.relu(x),
        "layer of a constant": lambda library, x: library.layers.Add()([x, np.ones((2, 4), "float32")]),
    }.items():
        graph(f"operation {name}", connect, x, only=(3,), forms=both, sample=name in ("maximum", "reshape"))
    graph("operation sum of masked sequences", lambda library, a: library.layers.LSTM(2)(
        embedding(library, a) + embedding(library, a)), TOKENS, only=(3,))
    graph("layer of a constant of Keras 2",
          lambda library, x: library.layers.Add()([x, tf.ones((2, 4))]), x, only=(2,), sample=True)
    graph("dropout in training", lambda library, x: library.layers.Dropout(0.5)(x, training=True), x)
    graph("batch statistics", lambda library, x: library.layers.BatchNormalization()(x, training=True), x, sample=True)


def embedding(library, tokens, **options):
    return library.layers.Embedding(10, 3, mask_zero=True, **options)(tokens)


def masked(name, *makers, inputs=TOKENS, sample=False, only=(2, 3)):
    """An embedding with a mask, and layers behind it."""

    def connect(library, tokens):
        x = embedding(library, tokens)
        for make in makers:
            x = make(library.layers)(x)
        return x

    graph(f"mask {name}", connect, inputs, sample=sample, only=only)


# pylint: disable=too-many-locals, too-many-statements
def masks():
    lstm = lambda layers: layers.LSTM(2)
    steps = lambda layers: layers.LSTM(3, return_sequences=True)
    both = lambda layers: layers.Bidirectional(layers.LSTM(2, return_sequences=True))
    pool = lambda layers: layers.GlobalAveragePooling1D()
    users = {"LSTM": lstm, "pooling": pool, "both directions": both,
             "last of both": lambda layers: layers.Bidirectional(layers.GRU(2, reset_after=False))}
    for name, make in {
        "nothing": None,
        "Dense": lambda layers: layers.Dense(3),
        "Dropout": lambda layers: layers.Dropout(0.1),
        "SpatialDropout1D": lambda layers: layers.SpatialDropout1D(0.1),
        "GaussianNoise": lambda layers: layers.GaussianNoise(0.1),
        "Activation": lambda layers: layers.Activation("relu"),
        "BatchNormalization": lambda layers: layers.BatchNormalization(),
        "LayerNormalization": lambda layers: layers.LayerNormalization(),
        "ReLU": lambda layers: layers.ReLU(),
        "LeakyReLU": lambda layers: layers.LeakyReLU(),
        "ELU": lambda layers: layers.ELU(),
        "PReLU": lambda layers: layers.PReLU(),
        "Rescaling": lambda layers: layers.Rescaling(2.0),
        "Masking": lambda layers: layers.Masking(0.0),
        "TimeDistributed": lambda layers: layers.TimeDistributed(layers.Dense(3)),
        "LSTM": steps,
        "GRU": lambda layers: layers.GRU(3, reset_after=False, return_sequences=True),
        "backwards": lambda layers: layers.LSTM(3, return_sequences=True, go_backwards=True),
        "Conv1D": lambda layers: layers.Conv1D(3, 2),
        "Conv1D same": lambda layers: layers.Conv1D(3, 3, padding="same"),
        "MaxPooling1D": lambda layers: layers.MaxPooling1D(2),
        "AveragePooling1D": lambda layers: layers.AveragePooling1D(2),
        "Reshape": lambda layers: layers.Reshape((6, 3)),
        "Permute": lambda layers: layers.Permute((2, 1)),
        "both directions": both,
        "sequence of steps": lambda layers: layers.TimeDistributed(layers.RepeatVector(1)),
    }.items():
        makers = [] if make is None else [make]
        if name == "sequence of steps":
            makers.append(lambda layers: layers.Reshape((6, 3)))
        for user, use in users.items():
            # Its mask is another, with which nothing is masked.
            if name == "Masking" and user in ("pooling", "both directions"):
                continue
            sample = (name, user) in [
                ("nothing", "LSTM"), ("nothing", "pooling"), ("nothing", "both directions"), ("Dense", "LSTM"),
                ("Conv1D", "LSTM"), ("Reshape", "LSTM"), ("TimeDistributed", "LSTM"), ("Conv1D", "pooling"),
                ("LeakyReLU", "LSTM"), ("Permute", "LSTM"), ("LSTM", "LSTM"), ("nothing", "last of both"),
            ]
            masked(f"{name} then {user}", *makers, use, sample=sample)
    for name, make in {
        "GlobalMaxPooling1D": lambda layers: layers.GlobalMaxPooling1D(),
        "Flatten": lambda layers: layers.Flatten(),
        "steps": steps,
        "backwards": lambda layers: layers.LSTM(3, go_backwards=True),
        "unrolled": lambda layers: layers.LSTM(3, unroll=True),
        "RNN": lambda layers: layers.RNN(layers.LSTMCell(3)),
        "RNN of cells": lambda layers: layers.RNN([layers.LSTMCell(4), layers.LSTMCell(3)]),
        "SimpleRNN": lambda layers: layers.SimpleRNN(3, return_sequences=True),
        "softmax": lambda layers: layers.Activation("softmax"),
        "keepdims": lambda layers: layers.GlobalAveragePooling1D(keepdims=True),
        "zeros": lambda layers: layers.LSTM(3, return_sequences=True, zero_output_for_mask=True),
        "sum of both": lambda layers: layers.Bidirectional(layers.LSTM(2, return_sequences=True), merge_mode="sum"),
    }.items():
        masked(name, make, sample=name in ("steps", "RNN of cells", "zeros", "Flatten"))
    # Behind the layer that uses a mask, it is still there in TensorFlow.js.
    masked("stays for a later softmax", lstm, lambda layers: layers.Softmax())
    masked("stays for a later sequence", lstm, lambda layers: layers.RepeatVector(6), lstm, sample=True)
    masked("stays for a longer sequence", lstm, lambda layers: layers.RepeatVector(4), lstm)
    masked("of a flat sequence in softmax", lambda layers: layers.Flatten(), lambda layers: layers.Dense(6),
           lambda layers: layers.Softmax(), sample=True)
    masked("of a reshaped sequence pooled", lambda layers: layers.Reshape((6, 3)), pool)
    values = random(3, 5, 2)
    values[0, 3:] = values[1, :2] = 0
    chain("mask of Masking", (5, 2), lambda layers: layers.Masking(0.0), lstm, inputs=values, sample=True)
    chain("mask of Masking pooled", (5, 2), lambda layers: layers.Masking(0.0), pool, inputs=values)
    chain("mask of Masking through Dense", (5, 2), lambda layers: layers.Masking(0.0),
          lambda layers: layers.Dense(3), steps, lstm, inputs=values)
    images = random(2, 3, 4, 4, 2)
    images[0, 1:] = 0
    chain("mask of images", (3, 4, 4, 2), lambda layers: layers.Masking(0.0),
          lambda layers: layers.ConvLSTM2D(2, 3, padding="same", recurrent_activation="sigmoid"), inputs=images)
    chain("mask of steps for images", (5, 2), lambda layers: layers.Masking(0.0),
          lambda layers: layers.TimeDistributed(layers.Reshape((1, 2, 1))),
          lambda layers: layers.ConvLSTM2D(2, 1, recurrent_activation="sigmoid"), inputs=values)
    connections(lstm, steps, both, pool)
    models_inside(lstm, pool)


def connections(lstm, steps, both, pool):
    other = np.roll(TOKENS, 1, axis=0)
    numbers = random(4, 6, 3)
    for name in ("Add", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"):
        merge = lambda library, tensors, n=name: getattr(library.layers, n)()(tensors)
        for use, make in {"LSTM": lstm, "pooling": pool, "Flatten": lambda layers: layers.Flatten()}.items():
            if use == "Flatten" and name != "Add":
                continue
            sample = name in ("Add", "Concatenate") and use == "LSTM"
            graph(f"mask {name} of two then {use}", lambda k, a, b, m=merge, u=make: u(k.layers)(
                m(k, [embedding(k, a), embedding(k, b)])), TOKENS, other, sample=sample)
            graph(f"mask {name} of the same then {use}", lambda k, a, m=merge, u=make: u(k.layers)(
                m(k, [embedding(k, a), embedding(k, a)])), TOKENS, sample=sample)
            graph(f"mask {name} first of two then {use}", lambda k, a, b, m=merge, u=make: u(k.layers)(
                m(k, [embedding(k, a), b])), TOKENS, numbers, sample=sample)
            graph(f"mask {name} second of two then {use}", lambda k, a, b, m=merge, u=make: u(k.layers)(
                m(k, [b, embedding(k, a)])), TOKENS, numbers)
            graph(f"mask {name} second of three then {use}", lambda k, a, b, m=merge, u=make: u(k.layers)(
                m(k, [b, embedding(k, a), b])), TOKENS, numbers)
            graph(f"mask {name} of three then {use}", lambda k, a, m=merge, u=make: u(k.layers)(
                m(k, [embedding(k, a), embedding(k, a), embedding(k, a)])), TOKENS)
    graph("mask residual", lambda k, a: lstm(k.layers)(residual(k, embedding(k, a))), TOKENS)
    graph("mask Concatenate in time", lambda k, a, b: lstm(k.layers)(
        k.layers.Concatenate(axis=1)([embedding(k, a), embedding(k, b)])), TOKENS, other, sample=True)
    graph("mask Concatenate in time with numbers", lambda k, a, b: lstm(k.layers)(
        k.layers.Concatenate(axis=1)([embedding(k, a), b])), TOKENS, numbers)
    graph("mask Dot", lambda k, a, b: k.layers.Flatten()(k.layers.Dot(2)([embedding(k, a), embedding(k, b)])), TOKENS, other)
    graph("mask Dot then LSTM", lambda k, a, b: lstm(k.layers)(
        k.layers.Dot(2)([embedding(k, a), embedding(k, b)])), TOKENS, other)
    # Branches that have nothing to do with each other but the order in which they run.
    for name, join in {
        "masked first": lambda k, a, b: [lstm(k.layers)(embedding(k, a)), lstm(k.layers)(b)],
        "masked last": lambda k, a, b: [lstm(k.layers)(b), lstm(k.layers)(embedding(k, a))],
    }.items():
        graph(f"mask of another branch, {name}", lambda k, a, b, join=join:
              k.layers.Concatenate()(join(k, a, b)), TOKENS, numbers, sample=True)
        graph(f"mask of another output, {name}", join, TOKENS, numbers)
    graph("mask of another branch for softmax", lambda k, a, b: [
        lstm(k.layers)(embedding(k, a)), k.layers.Softmax()(k.layers.Dense(6)(b))], TOKENS, numbers[:, 0])
    # Initial states.
    def decode(k, a, b, masked_decoder=True, again=0, encode=None):
        _, h, c = (encode or k.layers.LSTM(3, return_state=True))(embedding(k, a))
        x = embedding(k, b) if masked_decoder else k.layers.Embedding(10, 3)(b)
        x = k.layers.LSTM(3, return_sequences=True)(x, initial_state=[h, c])
        for _ in range(again):
            x = k.layers.LSTM(3, return_sequences=True)(x)
        return x
    unmasked = np.where(TOKENS == 0, 1, TOKENS)
    graph("mask and initial state", decode, TOKENS, other, sample=True)
    graph("mask of the encoder alone", lambda k, a, b: decode(k, a, b, False), TOKENS, other, sample=True)
    graph("mask and initial state, two layers", lambda k, a, b: decode(k, a, b, False, 1), TOKENS, unmasked, sample=True)
    graph("no mask and initial state, two layers", lambda k, a, b: k.layers.LSTM(3)(k.layers.LSTM(
        3, return_sequences=True)(a, initial_state=[b, b])), numbers, numbers[:, 0])
    graph("mask and states", lambda k, a: k.layers.Concatenate()(k.layers.LSTM(3, return_state=True)(embedding(k, a))), TOKENS)
    graph("mask and steps and states", lambda k, a: k.layers.LSTM(
        3, return_state=True, return_sequences=True)(embedding(k, a)), TOKENS)
    graph("mask and states repeated", lambda k, a: lstm(k.layers)(k.layers.RepeatVector(6)(k.layers.LSTM(
        3, return_state=True, return_sequences=True)(embedding(k, a))[1])), TOKENS)
    graph("mask and states of both directions", lambda k, a: k.layers.Concatenate()(k.layers.Bidirectional(
        k.layers.LSTM(3, return_state=True))(embedding(k, a))), TOKENS)
    # A mask by name.
    graph("mask by name", lambda k, a, b: k.layers.LSTM(3)(b, mask=k.ops.not_equal(a, 0)), TOKENS, numbers,
          only=(3,), sample=True)
    graph("mask by name as it is", lambda k, a: k.layers.LSTM(3)(
        k.layers.Embedding(10, 3, mask_zero=True)(a), mask=k.ops.not_equal(a, 0)), TOKENS, only=(3,))
    graph("mask by name of Keras 2", lambda k, a, b: k.layers.LSTM(3)(b, mask=tf.not_equal(a, 0)), TOKENS, numbers,
          only=(2,), sample=True)
    shared = lambda k, a, b, e: [lstm(k.layers)(e(a)), pool(k.layers)(k.layers.Dense(2)(e(b)))]
    graph("mask of a shared embedding", lambda k, a, b: shared(
        k, a, b, k.layers.Embedding(10, 3, mask_zero=True)), TOKENS, other)
    graph("mask of a shared LSTM", lambda k, a, b: shared_lstm(k, a, b), TOKENS, numbers)
    masked_words = lambda k, a, make: make(k.layers)(k.layers.TimeDistributed(k.layers.LSTM(3))(embedding(k, a)))
    graph("mask of words", lambda k, a: masked_words(k, a, lstm), WORDS)
    graph("mask of words flattened", lambda k, a: lstm(k.layers)(
        k.layers.TimeDistributed(k.layers.Flatten())(embedding(k, a))), WORDS)
    graph("mask made each step", lambda k, a: masked_steps(k, a), WORDS)
    graph("mask and steps of both", lambda k, a: lstm(k.layers)(both(k.layers)(k.layers.Embedding(10, 3)(a))), TOKENS)
    graph("mask two steps", lambda k, a: lstm(k.layers)(steps(k.layers)(steps(k.layers)(embedding(k, a)))), TOKENS)


def residual(library, x):
    return library.layers.Add()([x, library.layers.LSTM(3, return_sequences=True)(x)])


def shared_lstm(library, tokens, numbers):
    lstm = library.layers.LSTM(3)
    return library.layers.Concatenate()([lstm(embedding(library, tokens)), lstm(numbers)])


def masked_steps(library, words):
    layers = library.layers
    inside = layers.TimeDistributed(layers.Embedding(10, 3, mask_zero=True))(words)
    return layers.TimeDistributed(layers.LSTM(3))(inside)


def models_inside(lstm, pool):
    def inside(k, shape, *makers, dtype=None):
        x = end = k.Input(shape, dtype=dtype)
        for make in makers:
            x = make(k.layers)(x)
        return k.Model(end, x)

    dense = lambda layers: layers.Dense(3)
    conv = lambda layers: layers.Conv1D(3, 2)
    steps = lambda layers: layers.LSTM(3, return_sequences=True)
    for name, makers, use in [
        ("that uses it", [lstm], None),
        ("that passes it", [dense], lstm),
        ("that passes it, pooled", [dense], pool),
        ("that drops it", [conv], lstm),
        ("that pools it", [dense, pool], None),
        ("that uses and passes it", [steps], lstm),
    ]:
        graph(f"mask into a model {name}", lambda k, a, m=makers, u=use: used(
            k, inside(k, (6, 3), *m)(embedding(k, a)), u), TOKENS, sample=name in ("that uses it", "that passes it"))
        graph(f"mask into a Sequential {name}", lambda k, a, m=makers, u=use: used(k, k.Sequential(
            [k.Input((6, 3)), *[make(k.layers) for make in m]])(embedding(k, a)), u), TOKENS)
    embed = lambda layers: layers.Embedding(10, 3, mask_zero=True)
    for name, makers, use in [
        ("for itself", [embed, lstm], None),
        ("for the outer one", [embed], lstm),
        ("for both", [embed, steps], lstm),
        ("that pools outside", [embed], pool),
    ]:
        graph(f"mask of a model {name}", lambda k, a, m=makers, u=use: used(
            k, inside(k, (6,), *m, dtype="int32")(a), u), TOKENS, sample=name == "for the outer one")
    graph("mask of a model, then a sequence", lambda k, a, b: k.layers.Concatenate()(
        [inside(k, (6,), embed, lstm, dtype="int32")(a), lstm(k.layers)(b)]), TOKENS, random(4, 6, 3))
    graph("mask into a model of each step", lambda k, a: lstm(k.layers)(k.layers.TimeDistributed(
        inside(k, (3,), dense))(embedding(k, a))), TOKENS)
    graph("mask into a recurrent model of each step", lambda k, a: lstm(k.layers)(k.layers.TimeDistributed(
        inside(k, (3,), lambda layers: layers.Reshape((3, 1)), lstm))(embedding(k, a))), TOKENS)
    graph("mask of a model of each step", lambda k, a: lstm(k.layers)(k.layers.TimeDistributed(
        inside(k, (3,), embed, lstm, dtype="int32"))(a)), WORDS)
    state = lambda k: (lambda x: k.layers.LSTM(3)(x[0], initial_state=[x[1], x[1]]))
    graph("initial state inside a model, then a sequence", lambda k, a, b: with_states(k, a, b, state(k)),
          random(4, 6, 3), random(4, 3))


def with_states(library, sequence, vector, state):
    one_end, other_end = library.Input((6, 3)), library.Input((3,))
    first = library.layers.RepeatVector(6)(state([one_end, other_end]))
    inner = library.Model([one_end, other_end], library.layers.LSTM(3)(first))
    return inner([sequence, vector])


def used(library, x, make):
    return x if make is None else make(library.layers)(x)


def randomize(model):
    """Gives every weight a value that matters."""
    rng = np.random.default_rng(5)
    for variable in model.weights:
        array = np.asarray(variable)
        if array.dtype.kind == "f" and array.size:
            spread = np.abs(array - array.mean()).max()
            noise = rng.uniform(-0.3, 0.3, array.shape) if spread < 1e-6 else 0
            # Embeddings are near to zero when they are new.
            larger = 20 if 1e-6 < spread < 0.06 else 1
            variable.assign((larger * array + noise).astype(array.dtype))


def described(array):
    array = np.asarray(array)
    dtype = "int32" if array.dtype.kind in "iu" else "float32"
    return {"shape": list(array.shape), "dtype": dtype, "data": array.astype(dtype).ravel().tolist()}


def flat(outputs):
    if isinstance(outputs, (list, tuple)):
        return [tensor for output in outputs for tensor in flat(output)]
    return [outputs]


def save(name, build, library, folder, generation, form):
    file = folder / f"{len(os.listdir(folder))}.{form}"
    line = {"name": f"{name} of Keras {generation} in {form}"}
    try:
        library.utils.set_random_seed(5)
        model, inputs, *outputs = build(library)
        if not outputs:
            randomize(model)
            outputs = [flat(model(inputs if len(inputs) > 1 else inputs[0]))]
        model.save(file)
    # Whatever this Keras has to say against the model.
    except Exception as error:  # pylint: disable=broad-except
        print(json.dumps({**line, "unbuilt": f"{type(error).__name__}: {error}"[:300]}), flush=True)
        return
    line |= {"file": str(file), "inputs": [described(array) for array in inputs],
             "outputs": [described(array) for array in outputs[0]]}
    print(json.dumps(line), flush=True)


def main(arguments):
    if len(arguments) != 3 or arguments[2] not in ("sample", "full"):
        sys.exit("usage: sweep.py OUT_DIR (sample|full)")
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    for define in (convolutions, data_formats, normalizations, sequences, others, operations, masks):
        define()
    for name, (build, sample, only, forms) in CASES.items():
        for generation, library in LIBRARIES.items():
            if generation in only and (sample or arguments[2] == "full"):
                for form in forms[generation]:
                    save(name, build, library, pathlib.Path(arguments[1]), generation, form)
        for library in LIBRARIES.values():
            library.backend.clear_session()


if __name__ == "__main__":
    main(sys.argv)
