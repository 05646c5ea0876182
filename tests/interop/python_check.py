"""What the Python converter's reader makes of a model folder: its decoded weights.

    python python_check.py MODEL_DIR...
    python python_check.py --batch FILE.json      [{"dir"}, ...]

Prints one JSON line per model, in order:

    {"dir", "weights": [{"name", "dtype", "shape", "sha256"}] | null, "weightsError"?}
"""

import hashlib
import importlib
import importlib.util
import json
import pathlib
import struct
import sys
import types


def main(arguments):
    if arguments[:1] == ["--batch"] and len(arguments) == 2:
        models = json.loads(pathlib.Path(arguments[1]).read_text(encoding="utf-8"))
        folders = [model["dir"] for model in models]
    elif arguments and not arguments[0].startswith("-"):
        folders = arguments
    else:
        sys.exit("usage: python_check.py MODEL_DIR... | --batch FILE.json")
    read_weights = load_reader()
    for folder in folders:
        print(json.dumps({"dir": folder, **check(read_weights, folder)}), flush=True)


def load_reader():
    """Imports the reader without running its package, which would import TensorFlow."""
    spec = importlib.util.find_spec("tensorflowjs")
    package = types.ModuleType("tensorflowjs")
    package.__path__ = list(spec.submodule_search_locations)
    sys.modules["tensorflowjs"] = package
    return importlib.import_module("tensorflowjs.read_weights").read_weights


def check(read_weights, folder):
    try:
        text = (pathlib.Path(folder) / "model.json").read_text(encoding="utf-8")
        manifest = json.loads(text)["weightsManifest"]
        entries = read_weights(manifest, folder, flatten=True)
        return {"weights": [describe(entry["name"], entry["data"]) for entry in entries]}
    # Whatever the reader raises is its answer.
    except Exception as error:  # pylint: disable=broad-except
        return {"weights": None, "weightsError": f"{type(error).__name__}: {error}"}


def describe(name, array):
    """Hashes canonical bytes: little-endian, row-major, strings with a four-byte length."""
    digest = hashlib.sha256()
    if array.dtype == object:
        for text in array.ravel():
            digest.update(struct.pack("<I", len(text)) + text)
    else:
        digest.update(array.astype(array.dtype.newbyteorder("<")).tobytes())
    dtype = "string" if array.dtype == object else array.dtype.name
    return {
        "name": name,
        "dtype": dtype,
        "shape": list(array.shape),
        "sha256": digest.hexdigest(),
    }


if __name__ == "__main__":
    main(sys.argv[1:])
