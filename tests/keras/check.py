"""What real Keras makes of files: it loads, predicts and saves them again.

    python check.py --batch FILE.json

The batch is a list of {"file", "keras": 2 | 3, "expected", "artifact"?, "topology"?, "save"?}:

- `expected` and `artifact` are the fixture's predictions: see `interop/predict.js`;
- `topology` is a file whose model takes the weights of `file`, which has weights only;
- `save` is where Keras saves the model that it loaded.

Prints one JSON line per file, in order, then exits with 0; what Keras refuses is an answer:

    {"file", "predict": "ok" | "error: ..."}

All files are loaded by one process, since importing TensorFlow takes longer than any of them.
"""

import json
import os
import pathlib
import sys

os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras  # pylint: disable=wrong-import-position
import numpy as np  # pylint: disable=wrong-import-position
import tensorflow as tf  # pylint: disable=wrong-import-position
import tf_keras  # pylint: disable=wrong-import-position

LIBRARIES = {2: tf_keras, 3: keras}


def main(arguments):
    if len(arguments) != 2 or arguments[0] != "--batch":
        sys.exit("usage: check.py --batch FILE.json")
    for subject in json.loads(pathlib.Path(arguments[1]).read_text(encoding="utf-8")):
        print(json.dumps({"file": subject["file"], **check(subject)}), flush=True)


def check(subject):
    library = LIBRARIES[subject["keras"]]
    line = {"predict": None}
    try:
        model = load(library, subject)
        line["predict"] = predict(model, subject)
        if "save" in subject:
            model.save(subject["save"])
    # Whatever Keras raises is its answer.
    except Exception as error:  # pylint: disable=broad-except
        line["predict"] = f"error: {type(error).__name__}: {error}"
    library.backend.clear_session()
    return line


def load(library, subject):
    if "topology" not in subject:
        return library.models.load_model(subject["file"])
    model = library.models.load_model(subject["topology"])
    for weight in model.weights:
        weight.assign(np.zeros(weight.shape, "float32"))
    model.load_weights(subject["file"])
    return model


def predict(model, subject):
    expected = json.loads(pathlib.Path(subject["expected"]).read_text(encoding="utf-8"))
    own = expected["artifacts"].get(subject.get("artifact"), {})
    outputs = own.get("outputs") or expected["outputs"]
    inputs = [tensor(each) for each in expected["inputs"]]
    results = model(inputs[0] if len(inputs) == 1 else inputs, training=False)
    results = tf.nest.flatten(results)
    if len(results) != len(outputs):
        return f"error: {len(results)} outputs, not {len(outputs)}"
    near = expected["tolerance"]
    for result, output in zip(results, outputs):
        got, want = np.asarray(result, "float64"), tensor(output).astype("float64")
        if got.shape != want.shape:
            return f"error: {output['name']} has shape {list(got.shape)}"
        if not np.allclose(got, want, rtol=near["rel"], atol=near["abs"], equal_nan=True):
            return f"error: {output['name']} differs by {np.abs(got - want).max()}"
    return "ok"


def tensor(described):
    values = [float(value) for value in described["data"]]
    return np.array(values, described["dtype"]).reshape(described["shape"])


if __name__ == "__main__":
    main(sys.argv[1:])
