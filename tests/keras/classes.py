"""One model of each class of `keras.layers`, made by real Keras, and what it makes of them again.

    python classes.py make DIR [--all]
    python classes.py check --batch FILE.json

`make` saves each model into DIR, in each format of its Keras that it can be saved in, and prints a
JSON line per model:

    {"name", "keras": 2 | 3, "files": [...]}

The classes are those that `dir(keras.layers)` has, so that a new version brings its own rows; without
`--all` only the models of `SAMPLE` are made. `check` takes a list of {"file", "source", "keras"},
where `file` was converted from `source`, and prints a line for each: {"file", "said": "ok" | "error:
..." | "skipped: ..."}. It has to be what Keras saved in that format: the same configuration, weights to
the bit, training, state of the optimizer, and predictions. What Keras refuses of its own is skipped.
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
FORMATS = {2: ("keras", "h5"), 3: ("keras", "h5")}

# Made in each run, with the models of `MODELS` that Keras 3 makes; the others with `--all`.
SAMPLE = {
    "2.ConvLSTM1D", "2.compiled_adam_w", "2.custom_block", "2.operations", "3.BatchNormalization",
    "3.ConvLSTM1D", "3.GRU", "3.GroupQueryAttention", "3.SpectralNormalization", "3.StringLookup",
    "3.TimeDistributed",
}

# What a class has to be made with.
ARGUMENTS = {
    "AveragePooling1D": [2], "AveragePooling2D": [2], "AveragePooling3D": [2], "MaxPooling1D": [2], "MaxPooling2D": [2], "MaxPooling3D": [2],
    "Activation": ["relu"], "CategoryEncoding": [4], "CenterCrop": [4, 4], "Conv1D": [3, 2],
    "Conv1DTranspose": [3, 2], "Conv2D": [3, 2], "Conv2DTranspose": [3, 2], "Conv3D": [3, 2],
    "Conv3DTranspose": [3, 2], "ConvLSTM1D": [3, 2], "ConvLSTM2D": [3, 2], "ConvLSTM3D": [3, 2],
    "Cropping1D": [1], "Dense": [3], "DepthwiseConv1D": [2], "DepthwiseConv2D": [2],
    "Discretization": [[0.0, 1.0]], "Dot": [1], "Dropout": [0.5], "AlphaDropout": [0.5],
    "EinsumDense": ["abc,cd->abd", [None, 3]], "Embedding": [9, 3], "GRU": [3],
    "GaussianDropout": [0.5], "GaussianNoise": [0.5], "GroupQueryAttention": [4, 4, 2],
    "Hashing": [5], "HashedCrossing": [5], "LSTM": [3], "LocallyConnected1D": [3, 2],
    "LocallyConnected2D": [3, 2], "MaxNumBoundingBoxes": [3], "MultiHeadAttention": [2, 3],
    "Normalization": [], "Permute": [[2, 1]], "RandomContrast": [0.5], "RandomBrightness": [0.5],
    "RandomCrop": [4, 4], "RandomHeight": [0.5], "RandomWidth": [0.5], "RandomRotation": [0.5],
    "RandomShear": [0.0, 0.0], "RandomTranslation": [0.5, 0.5], "RandomZoom": [0.5],
    "RandomHue": [0.5], "RandomColorDegeneration": [0.5], "RandomSaturation": [0.5], "RandomPosterization": [4], "RandomSharpness": [0.5],
    "RepeatVector": [3], "Rescaling": [2.0], "Reshape": [[-1]], "Resizing": [4, 4],
    "SeparableConv1D": [3, 2], "SeparableConv2D": [3, 2], "SimpleRNN": [3], "SpatialDropout1D": [0.5],
    "SpatialDropout2D": [0.5], "SpatialDropout3D": [0.5],
    "ThresholdedReLU": [],
}

SETTINGS = {
    "GroupNormalization": {"groups": 2}, "Discretization": {}, "AugMix": {"value_range": [0, 1]},
    "RandAugment": {"value_range": [0, 1]}, "MixUp": {}, "CutMix": {},
    "StringLookup": {"vocabulary": ["a", "b"]}, "TextVectorization": {"vocabulary": ["a", "b"]},
    "IntegerLookup": {"vocabulary": [1, 2, 3]}, "RandomGrayscale": {},
}

# Classes without a model of their own: those that are abstract, parts of others, inputs, take labels
# beside images, or hold code. `MODELS` has what some of them are for.
NOT_ALONE = {
    "AbstractRNNCell", "GRUCell", "Input", "InputLayer", "InputSpec", "LSTMCell", "Layer",
    "SimpleRNNCell", "Wrapper", "TFSMLayer", "JaxLayer", "FlaxLayer", "TorchModuleWrapper",
    "RNN", "DenseFeatures", "HashedCrossing", "MaxNumBoundingBoxes", "Pipeline", "Lambda",
    "MixUp", "CutMix", "Equalization", "RandomGrayscale", "MelSpectrogram", "STFTSpectrogram",
    "StackedRNNCells", "Bidirectional", "TimeDistributed",
    "SpectralNormalization", "serialize", "deserialize",
}

# Second names of other classes.
ALIASES = ("Convolution", "AvgPool", "MaxPool1D", "MaxPool2D", "MaxPool3D", "GlobalAvgPool",
           "GlobalMaxPool1D", "GlobalMaxPool2D", "GlobalMaxPool3D", "SeparableConvolution",
           "DepthwiseConvolution")

# One layer that takes several tensors.
SEVERAL = {
    "Add": 2, "Average": 2, "Concatenate": 2, "Maximum": 2, "Minimum": 2, "Multiply": 2,
    "Subtract": 2, "Dot": 2, "Attention": 2, "AdditiveAttention": 2,
}
TEXT = {"StringLookup", "TextVectorization"}
WHOLE = {"Embedding", "IntegerLookup", "CategoryEncoding", "Hashing"}
SHAPES = [(6,), (4, 6), (8, 8, 3), (4, 8, 8, 3), (4, 6, 6, 6, 2), (800,)]


def main(arguments):
    match arguments[1:]:
        case ["make", folder, *rest]:
            make(pathlib.Path(folder), rest == ["--all"])
        case ["check", "--batch", batch]:
            for subject in json.loads(pathlib.Path(batch).read_text(encoding="utf-8")):
                print(json.dumps({"file": subject["file"], "said": check(subject)}), flush=True)
        case _:
            sys.exit("usage: classes.py make DIR [--all] | check --batch FILE.json")


def make(folder, whole):
    for generation, library in LIBRARIES.items():
        named = {name: lambda name=name: alone(library, name) for name in classes(library)}
        named |= {name: lambda build=build: build(library) for name, build in MODELS.items()}
        for name, build in sorted(named.items()):
            name = f"{generation}.{name}"
            if not (whole or name in SAMPLE or (generation == 3 and name[2:].islower())):
                continue
            library.backend.clear_session()
            library.utils.set_random_seed(7)
            model = build()
            if model is None:
                continue
            randomize(model)
            files = []
            for suffix in FORMATS[generation]:
                file = folder / f"{name}.{suffix}"
                try:
                    model.save(file)
                    files.append(str(file))
                # Keras itself cannot save some classes to HDF5.
                except Exception:  # pylint: disable=broad-except
                    file.unlink(missing_ok=True)
            print(json.dumps({"name": name, "keras": generation, "files": files}), flush=True)


def classes(library):
    for name in dir(library.layers):
        found = getattr(library.layers, name)
        is_layer = isinstance(found, type) and issubclass(found, library.layers.Layer)
        # What has two names is one class.
        if is_layer and name not in NOT_ALONE and not name.startswith(ALIASES):
            yield name


def alone(library, name):
    """A model of one layer, on the first shape that the layer takes."""
    errors = []
    dtype = "string" if name in TEXT else "int32" if name in WHOLE else "float32"
    for shape in [(1,)] + SHAPES if name in TEXT else SHAPES:
        for count in [SEVERAL.get(name, 1), 2]:
            inputs = [library.Input(shape, dtype=dtype) for _ in range(count)]
            # Attention takes its tensors one by one, or in a list.
            for taken in ([inputs], inputs) if count > 1 else (inputs,):
                try:
                    arguments, settings = ARGUMENTS.get(name, []), SETTINGS.get(name, {})
                    layer = getattr(library.layers, name)(*arguments, **settings)
                    model = library.Model(inputs, layer(*taken))
                    predict(model)
                    return model
                except Exception as error:  # pylint: disable=broad-except
                    errors.append(f"{shape}: {type(error).__name__}: {error}")
    sys.exit(f"no model of `{name}`; it needs a row in this file:\n" + "\n".join(errors))


def on(library, shape, layers, dtype="float32"):
    inputs = outputs = library.Input(shape, dtype=dtype)
    for layer in layers:
        outputs = layer(outputs)
    return library.Model(inputs, outputs)


def block(library):
    """A layer with layers inside, and a weight of its own, as in every tutorial of transformers."""

    class Block(library.layers.Layer):
        def __init__(self, units=6, **rest):
            super().__init__(**rest)
            self.units = units
            self.att = library.layers.MultiHeadAttention(2, 3)
            self.ffn = library.Sequential(
                [library.layers.Dense(5, activation="relu"), library.layers.Dense(units)]
            )
            self.norms = [library.layers.LayerNormalization() for _ in range(2)]

        def build(self, shape):
            self.factor = self.add_weight(shape=(shape[-1],), initializer="ones", name="factor")
            super().build(shape)

        def call(self, x):
            y = self.norms[0](x + self.att(x, x))
            return self.norms[1](y + self.ffn(y)) * self.factor

        def get_config(self):
            return {**super().get_config(), "units": self.units}

    return library.utils.register_keras_serializable("tests")(Block)


BLOCKS = {id(library): block(library) for library in LIBRARIES.values()}


def custom_block(library):
    return on(library, (4, 6), [BLOCKS[id(library)](), library.layers.Dense(2)])


def compiled(optimizer):
    def build(library):
        model = on(library, (6,), [
            library.layers.Dense(3, activity_regularizer="l2", kernel_initializer="he_normal"),
            library.layers.Dense(2, kernel_constraint="unit_norm"),
        ])
        own = getattr(library.optimizers, optimizer)(0.01, weight_decay=0.02)
        metrics = ["mae", library.metrics.RootMeanSquaredError()]
        model.compile(own, loss=library.losses.Huber(2.0), metrics=metrics)
        model.fit(np.ones((4, 6)), np.ones((4, 2)), verbose=0)
        return model
    return build


def operations(library):
    x = library.Input((6,))
    y = library.layers.Dense(6)(x * 2.0 + 1.0)
    if library is keras:
        y = keras.ops.relu(y - x) / 3.0
        y = keras.ops.concatenate([y, 1.0 - y], axis=-1)
    else:
        y = (y - x) / 3.0
    return library.Model(x, y)


def changed(change):
    def build(library):
        if library is not keras:
            return None
        model = on(library, (6,), [library.layers.Dense(4), library.layers.Dense(2)])
        change(model)
        return model
    return build


def spectral(library):
    # That of Keras 2 does not run beside Keras 3.
    if library is not keras:
        return None
    return on(library, (6,), [keras.layers.SpectralNormalization(keras.layers.Dense(2))])


def sub_model(library):
    """A model that is a layer, and inside of another one that is a layer."""
    x = library.Input((6,))
    inner = on(library, (6,), [library.layers.Dense(6)])
    outer = on(library, (6,), [inner, library.layers.Dense(6)])
    return library.Model(x, outer(x))


def mixed(library):
    policy = "mixed_bfloat16" if library is keras else "mixed_float16"
    return on(library, (6,), [library.layers.Dense(4, dtype=policy)])


def of_cells(library):
    layers = library.layers
    return on(library, (4, 6), [layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)])])


# Models that are more than one class.
MODELS = {
    "Bidirectional": lambda l: on(l, (4, 6), [l.layers.Bidirectional(l.layers.LSTM(3))]),
    "StackedRNNCells": of_cells,
    "TimeDistributed": lambda l: on(l, (4, 3, 6), [
        l.layers.TimeDistributed(l.layers.TimeDistributed(l.layers.Dense(2)))
    ]),
    "SpectralNormalization": spectral,
    "custom_block": custom_block,
    "compiled_adam_w": compiled("AdamW"),
    "compiled_lion": compiled("Lion"),
    "operations": operations,
    "lora": changed(lambda model: model.layers[1].enable_lora(2)),
    "quantized": changed(lambda model: model.quantize("int8")),
    "sub_model": sub_model,
    "mixed": mixed,
    "float64": lambda l: on(l, (6,), [l.layers.Dense(4, dtype="float64")]),
    "array": lambda l: on(l, (6,), [
        l.layers.Dense(2, kernel_initializer=l.initializers.Constant(np.ones((6, 2)).tolist()))
    ]),
}


def randomize(model):
    random = np.random.default_rng(7)
    for weight in model.weights:
        if "float" in str(weight.dtype):
            weight.assign(random.uniform(0.1, 0.9, weight.shape))


def predict(model):
    random = np.random.default_rng(7)
    tensors = []
    for each in model.inputs:
        shape = (2, *each.shape[1:])
        dtype = getattr(each.dtype, "name", each.dtype)
        if dtype == "string":
            import tensorflow as tf  # pylint: disable=import-outside-toplevel
            tensors.append(tf.constant(random.choice(["a", "b", "c"], shape)))
        elif dtype == "int32":
            tensors.append(random.integers(0, 4, shape).astype("int32"))
        else:
            tensors.append(random.uniform(0.1, 0.9, shape).astype("float32"))
    said = model(tensors[0] if len(tensors) == 1 else tensors, training=False)
    said = said.to_dense() if hasattr(said, "to_dense") else said
    return np.asarray(said) if not isinstance(said, (list, tuple, dict)) else None


def check(subject):
    """What differs between the converted file and the one that has its format, as Keras loads it."""
    library = LIBRARIES[subject["keras"]]
    suffix = pathlib.Path(subject["file"]).suffix
    original = str(pathlib.Path(subject["source"]).with_suffix(suffix))
    try:
        want = load(library, original)
    except Exception as error:  # pylint: disable=broad-except
        return f"skipped: Keras refuses its own file: {type(error).__name__}: {error}"
    try:
        return compare(want, load(library, subject["file"]))
    except Exception as error:  # pylint: disable=broad-except
        said = f"error: {type(error).__name__}: {error}"
    try:
        load(library, subject["source"])
    except Exception as error:  # pylint: disable=broad-except
        return f"skipped: Keras refuses its own file: {type(error).__name__}: {error}"
    return said


def load(library, file):
    # Names that Keras gives begin anew.
    library.backend.clear_session()
    return library.models.load_model(file)


def compare(want, got):
    config, other = (json.dumps(model.get_config(), default=repr) for model in (want, got))
    if config != other:
        return f"error: configuration: {other} for {config}"
    pairs = list(zip(want.get_weights(), got.get_weights(), strict=True))
    if not all(np.array_equal(one, two) and one.dtype == two.dtype for one, two in pairs):
        return "error: weights differ"
    one, two = (getattr(model, "optimizer", None) for model in (want, got))
    if (one is None) != (two is None):
        return "error: one is compiled"
    if one is not None:
        if repr(one.get_config()) != repr(two.get_config()):
            return f"error: optimizer {two.get_config()} for {one.get_config()}"
        if want.loss.get_config() != got.loss.get_config():
            return f"error: loss {got.loss.get_config()}"
        for a, b in zip(variables(one), variables(two), strict=True):
            if not np.array_equal(np.asarray(a), np.asarray(b)):
                return f"error: the state of the optimizer differs in {a}"
    one, two = predict(want), predict(got)
    if one is not None and one.dtype != object and not np.allclose(
        one.astype("float64"), two.astype("float64"), equal_nan=True
    ):
        return "error: predictions differ"
    return "ok"


def variables(optimizer):
    found = optimizer.variables
    return found() if callable(found) else found


if __name__ == "__main__":
    main(sys.argv)
