"""Prints which configuration keys each class of Keras accepts, and their default values.

    python keys.py FOLDER

FOLDER holds the newest Keras, installed by `pip install --target`. The interpreter has Keras 2 and
the oldest Keras 3 that files are written for. The result stands in the converter:

    python tests/keras/keys.py target/tools/keras-next \\
        > crates/modelport-convert/src/topology/keys.tsv

One process per version of Keras looks at the signatures, makes an instance of each class where it
can, and tries which keys of the other versions `from_config` takes.
"""

import inspect
import json
import os
import pathlib
import subprocess
import sys

# The column in the table, and the package.
VERSIONS = {"2": "tf_keras", "3": "keras", "3+": "keras"}
KINDS = {
    "layer": ("layers", "Layer"),
    "initializer": ("initializers", "Initializer"),
    "regularizer": ("regularizers", "Regularizer"),
    "constraint": ("constraints", "Constraint"),
}
ABSTRACT = {"Layer", "Initializer", "Regularizer", "Constraint", "Wrapper", "AbstractRNNCell"}
# Arguments without a default, for an instance to look at.
ARGUMENTS = {
    "activation": "relu",
    "alpha": 0.5,
    "axes": 1,
    "dims": (1,),
    "equation": "ab,bc->ac",
    "factor": 0.1,
    "filters": 2,
    "head_dim": 2,
    "height": 2,
    "height_factor": 0.1,
    "input_dim": 3,
    "input_shape": (2,),
    "kernel_size": 2,
    "key_dim": 2,
    "max_number": 2,
    "n": 2,
    "num_bins": 3,
    "num_heads": 2,
    "num_key_value_heads": 1,
    "num_query_heads": 2,
    "num_tokens": 3,
    "output_dim": 2,
    "output_shape": 2,
    "output_size": 2,
    "pool_size": 2,
    "rate": 0.5,
    "scale": 2.0,
    "stddev": 0.5,
    "target_shape": (1,),
    "units": 2,
    "width": 2,
    "width_factor": 0.1,
}
# Arguments with a default that makes no instance.
NEEDED = {
    "CategoryEncoding": {"num_tokens": 3},
    "Discretization": {"num_bins": 3},
    "RandomPosterization": {"factor": 4},
}
# Activations of TensorFlow.js, and what is beside the activations of Keras.
OF_TENSORFLOW_JS = ["gelu_new", "log_softmax", "mish", "relu6", "swish"]
NO_ACTIVATIONS = ["deserialize", "get", "serialize"]
# Keys whose default is counted or drawn, or no default at all.
UNSAID = ["batch_input_shape", "batch_shape", "module", "name", "seed"]
# Keys that no signature has, and that constructors or `from_config` of some version take.
HIDDEN = {
    "activity_regularizer": None,
    "batch_input_shape": [None, 2],
    "implementation": 1,
    "num_constants": None,
    "time_major": False,
}


def main(folder):
    workers = {version: start(version, folder) for version in VERSIONS}
    found = {version: json.loads(worker.stdout.readline()) for version, worker in workers.items()}
    candidates = {f"activation.{name}": {} for name in OF_TENSORFLOW_JS}
    for classes in found.values():
        for name, keys in classes.items():
            hidden = {key: json.dumps(value) for key, value in HIDDEN.items()}
            candidates.setdefault(name, hidden if name.startswith("layer.") else {}).update(keys)
    for version, worker in workers.items():
        tried, _ = worker.communicate(json.dumps(candidates) + "\n")
        found[version] = json.loads(tried)
        if worker.returncode != 0:
            sys.exit(f"looking at version {version} failed")
    print("# Made by tests/keras/keys.py: kind, class, its versions, its keys: name@versions=default.")
    for name in sorted(candidates):
        has = [version for version in VERSIONS if name in found[version]]
        if not has:
            continue
        columns = [*name.split("."), ",".join(has)]
        for key in sorted({key for version in has for key in found[version][name]}):
            columns.extend(entries(key, {v: found[v][name][key] for v in has if key in found[v][name]}, has))
        print("\t".join(columns))


def entries(key, defaults, has):
    """The entries of a key: one for each default value."""
    if key in UNSAID:
        defaults = dict.fromkeys(defaults)
    for default in sorted(set(defaults.values()), key=str):
        versions = [version for version, value in defaults.items() if value == default]
        where = "" if versions == has else "@" + ",".join(versions)
        yield key + where + ("" if default is None else "=" + default)


def start(version, folder):
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"}
    if version == "3+":
        environment["PYTHONPATH"] = str(pathlib.Path(folder).absolute())
    command = [sys.executable, __file__, "--worker", VERSIONS[version]]
    return subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def work(package):
    library = __import__(package)
    classes = {}
    for kind, (module, base) in KINDS.items():
        module = getattr(library, module)
        base = getattr(module, base)
        for name in dir(module):
            each = getattr(module, name)
            if inspect.isclass(each) and issubclass(each, base) and each.__name__ not in ABSTRACT:
                classes[f"{kind}.{each.__name__}"] = each
    made = {name: make(library, each) for name, each in classes.items()}
    found = {}
    for name, each in classes.items():
        given, config = made[name]
        keys = arguments(each)
        for key, value in config.items():
            # An object has other words in each version; the argument's default is its name.
            if not isinstance(value, dict):
                keys[key] = text(value)
        found[name] = {key: None if key in given else value for key, value in keys.items()}
    for name in dir(library.activations):
        if inspect.isfunction(getattr(library.activations, name)):
            found[f"activation.{name}"] = {}
    print(json.dumps(found), flush=True)
    candidates = json.loads(sys.stdin.readline())
    result = {}
    for name, keys in candidates.items():
        if name.startswith("activation."):
            if is_activation(library, name.removeprefix("activation.")):
                result[name] = {}
        elif name in classes:
            own, (_, config) = found[name], made[name]
            sure = {*config, *first_arguments(classes[name])} if config else set(own)
            other = {key for key in keys if key not in sure}
            taken = {key for key in other if config and takes(classes[name], config, key, keys[key])}
            result[name] = {key: own.get(key, keys[key]) for key in sure | taken if key in keys}
    print(json.dumps(result))


def is_activation(library, name):
    try:
        return name not in NO_ACTIVATIONS and callable(library.activations.get(name))
    except Exception:  # pylint: disable=broad-except
        return False


def first_arguments(each):
    return list(inspect.signature(each.__init__).parameters)[1:]


def arguments(each):
    """The arguments of the constructors that are reached by keyword, and their defaults."""
    keys = {}
    for base in each.__mro__:
        if "__init__" not in vars(base) or base is object:
            continue
        open_end = False
        for name, argument in list(inspect.signature(base.__init__).parameters.items())[1:]:
            if argument.kind is argument.VAR_KEYWORD:
                open_end = True
            elif argument.kind is not argument.VAR_POSITIONAL:
                keys.setdefault(name, None if argument.default is argument.empty else text(argument.default))
        if not open_end:
            break
    return keys


def make(library, each):
    """The arguments and the configuration of an instance; empty where none can be made."""
    layers = library.layers
    own = {
        "cell": lambda: layers.LSTMCell(2),
        "cells": lambda: [layers.LSTMCell(2)],
        "function": lambda: library.activations.relu,
        "layer": lambda: (layers.LSTM if each.__name__ == "Bidirectional" else layers.Dense)(2),
    }
    given = dict(NEEDED.get(each.__name__, {}))
    if each.__name__ == "InputLayer":
        given["shape" if "shape" in first_arguments(each) else "input_shape"] = (2,)
    for name, argument in list(inspect.signature(each.__init__).parameters.items())[1:]:
        if name not in given and argument.default is argument.empty and name in own:
            given[name] = own[name]()
        elif name not in given and argument.default is argument.empty and name in ARGUMENTS:
            given[name] = ARGUMENTS[name]
    try:
        return given, each(**given).get_config()
    except Exception as error:  # pylint: disable=broad-except
        print(f"no instance of {each.__name__}: {error}", file=sys.stderr)
        return {}, {}


def takes(each, config, key, default):
    """Whether a configuration may have `key` with the default that another version gives it."""
    value = None if default is None else json.loads(default)
    try:
        each.from_config({**config, key: value})
        return True
    except Exception:  # pylint: disable=broad-except
        return False


def text(value):
    """A default as JSON; `None` where it is no plain value."""
    try:
        return json.dumps(value.tolist() if hasattr(value, "tolist") else value)
    except TypeError:
        return None


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        work(sys.argv[2])
    else:
        main(sys.argv[1])
