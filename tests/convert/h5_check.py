"""What h5py reads in HDF5 files: one JSON line a file, in order.

    python h5_check.py FILE...

    {"attributes": {path: {name: text | [text]}}, "datasets": [{"path", "dtype", "shape", "sha256"}]}
"""

import hashlib
import json
import sys

import h5py


def text(value):
    """Text of one attribute, whatever its type in HDF5."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, str):
        return value
    return [text(item) for item in value.tolist()]


def describe(path):
    line = {"attributes": {}, "datasets": []}

    def visit(name, item):
        if item.attrs:
            line["attributes"][name] = {key: text(value) for key, value in item.attrs.items()}
        if isinstance(item, h5py.Dataset):
            line["datasets"].append({
                "path": name,
                "dtype": str(item.dtype),
                "shape": list(item.shape),
                "sha256": hashlib.sha256(item[()].tobytes()).hexdigest(),
            })

    with h5py.File(path) as file:
        visit("", file)
        file.visititems(visit)
    line["datasets"].sort(key=lambda dataset: dataset["path"])
    return line


for name in sys.argv[1:]:
    print(json.dumps(describe(name)))
