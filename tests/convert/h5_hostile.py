"""Writes HDF5 files that are meant to do harm into a folder, and prints their names.

    python h5_hostile.py FOLDER
"""

import pathlib
import sys
import zlib

import h5py
import numpy as np

folder = pathlib.Path(sys.argv[1])


def legacy(name, fill, libver="earliest"):
    """Weights of one layer `a`, whose weight `w` is made by `fill`."""
    with h5py.File(folder / name, "w", libver=libver) as file:
        file.attrs["layer_names"] = ["a"]
        group = file.create_group("a")
        group.attrs["weight_names"] = ["w"]
        fill(group)
    print(name)


def chunked(shape, **options):
    return lambda group: group.create_dataset("w", shape, "f4", **options)


def external_file(group):
    (folder / "secret.bin").write_bytes(bytes(16))
    group.create_dataset("w", (4,), "f4", external=[(str(folder / "secret.bin"), 0, 16)])


def virtual(group):
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource(str(folder / "external-link.h5"), "a/w", (4,))
    group.create_virtual_dataset("w", layout)


def external_link(group):
    group["w"] = h5py.ExternalLink(str(folder / "external-file.h5"), "/a/w")


def loop(group):
    group["w"] = h5py.SoftLink("/a/w")


def repeated(group):
    """One large zero tensor under many names."""
    group.create_dataset("w", (16 << 20,), "f4", chunks=(1 << 20,), compression="gzip")[0] = 0
    group.attrs["weight_names"] = [f"w{i}" for i in range(1000)]
    for i in range(1000):
        group[f"w{i}"] = group["w"]


def zeros(count, times):
    """So many zeros, compressed so many times."""
    packed = bytes(count)
    for _ in range(times):
        packed = zlib.compress(packed, 9)
    return packed


def bomb(size, chunk, times):
    """`size` floats in one chunk, which unpacks to `chunk` bytes, perhaps in several steps."""

    def fill(group):
        properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        properties.set_chunk((size,))
        for _ in range(times):
            properties.set_filter(h5py.h5z.FILTER_DEFLATE, 0, (9,))
        space = h5py.h5s.create_simple((size,))
        data = h5py.h5d.create(group.id, b"w", h5py.h5t.IEEE_F32LE, space, properties)
        data.write_direct_chunk((0,), zeros(chunk, times))

    return fill


def shared_text(name, count=3000, length=60_000):
    """A list of names that are all one long text, which is in the file once."""
    with h5py.File(folder / name, "w") as file:
        names = np.empty(count, dtype=h5py.string_dtype())
        names[:] = ["x" * length] + ["w"] * (count - 1)
        file.attrs.create("layer_names", names)
    data = (folder / name).read_bytes()
    # A reference is the length, the place of a heap, and the number of the text in there.
    at = data.index(length.to_bytes(4, "little"))
    reference = data[at : at + 16]
    changed = data[:at] + reference * count + data[at + 16 * count :]
    (folder / name).write_bytes(changed)
    print(name)


legacy("unallocated.h5", chunked((1 << 40,), chunks=(1 << 20,)))
legacy("unallocated-latest.h5", chunked((1 << 40,), chunks=(1 << 20,)), "latest")
legacy("unallocated-contiguous.h5", chunked((1 << 40,)))
legacy("overflow.h5", chunked((1 << 31, 1 << 31, 4), chunks=(1 << 10, 1, 1)))
legacy("external-file.h5", external_file)
legacy("external-link.h5", external_link)
legacy("virtual.h5", virtual, "latest")
legacy("soft-loop.h5", loop)
legacy("repeated.h5", repeated)
legacy("true-bomb.h5", bomb(1 << 26, 1 << 28, 1))
legacy("longer-bomb.h5", bomb(1 << 10, 1 << 28, 1))
legacy("double-bomb.h5", bomb(1 << 10, 1 << 28, 2))
legacy("text.h5", lambda group: group.create_dataset("w", data=[b"a", b"b"]))
legacy("compound.h5", lambda group: group.create_dataset("w", data=np.zeros(2, "f4,i4")))

shared_text("shared-text.h5")

with h5py.File(folder / "group-loop.h5", "w") as file:
    layers = file.create_group("layers/dense")
    layers["again"] = file["layers"]
print("group-loop.h5")

with h5py.File(folder / "wide-loop.h5", "w") as file:
    layers = file.create_group("layers")
    for i in range(100):
        layers[f"dense{i}"] = file["/"]
print("wide-loop.h5")

with h5py.File(folder / "many-groups.h5", "w", libver="latest") as file:
    for i in range(3000):
        file.create_group(f"layers/dense{i}")
    file["layers/dense0/again"] = file["layers"]
print("many-groups.h5")

with h5py.File(folder / "many-attributes.h5", "w", libver="latest") as file:
    file.attrs["layer_names"] = [f"layer{i}" for i in range(3)]
    group = file.create_group("layer0")
    for i in range(20000):
        group.attrs[f"attribute{i}"] = "x"
print("many-attributes.h5")
