"""Makes another form of a Keras file, as other versions write it.

    python h5_edit.py no-versions IN.h5 OUT.h5      without `keras_version` and `backend`
    python h5_edit.py first-form IN.keras OUT.keras containers as Keras 2.12 calls and numbers them
"""

import os
import shutil
import sys
import tempfile
import zipfile

import h5py

ROOT = "_layer_checkpoint_dependencies"


def no_versions(source, target):
    shutil.copyfile(source, target)
    with h5py.File(target, "r+") as file:
        for group in (file, file["model_weights"]):
            for name in ("keras_version", "backend"):
                del group.attrs[name]


def with_gaps(source, target):
    """Copies the members of a container; every number is twice what it was."""
    for key, layer in source.items():
        name, _, number = key.rpartition("_")
        key = f"{name}_{2 * int(number)}" if name and number.isdigit() else key
        copy = target.create_group(key)
        for part, member in layer.items():
            if part == "layers":
                with_gaps(member, copy.create_group(ROOT))
            else:
                layer.copy(part, copy)


def first_form(source, target):
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(source) as old:
        old.extractall(folder)
        weights = os.path.join(folder, "model.weights.h5")
        changed = os.path.join(folder, "changed.h5")
        with h5py.File(weights) as before, h5py.File(changed, "w") as after:
            with_gaps(before["layers"], after.create_group(ROOT))
        with zipfile.ZipFile(target, "w") as new:
            for name in ("metadata.json", "config.json"):
                new.write(os.path.join(folder, name), name)
            new.write(changed, "model.weights.h5")


{"no-versions": no_versions, "first-form": first_form}[sys.argv[1]](*sys.argv[2:])
