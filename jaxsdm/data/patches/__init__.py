"""Patches of rasters around places, and pipelines of batches of them."""

from jaxsdm.data.patches.augmentation import Augmentation
from jaxsdm.data.patches.batch import BatchMaker, Input
from jaxsdm.data.patches.batches import Batches, pipeline
from jaxsdm.data.patches.device import DevicePatches
from jaxsdm.data.patches.file import FilePatches
from jaxsdm.data.patches.memory import MemoryPatches
from jaxsdm.data.patches.order import BatchOrder, Order, Rows
from jaxsdm.data.patches.orientation import oriented
from jaxsdm.data.patches.places import Located, Places, locate, valid_fraction
from jaxsdm.data.patches.prefetch import DeviceBatches, device_prefetch
from jaxsdm.data.patches.samples import Samples, balanced
from jaxsdm.data.patches.source import Patches, PatchSource
from jaxsdm.data.patches.store import StorePatches
from jaxsdm.data.patches.window import Window, cell_size_m

__all__ = [
    "Augmentation",
    "BatchMaker",
    "BatchOrder",
    "Batches",
    "DeviceBatches",
    "DevicePatches",
    "FilePatches",
    "Input",
    "Located",
    "MemoryPatches",
    "Order",
    "PatchSource",
    "Patches",
    "Places",
    "Rows",
    "Samples",
    "StorePatches",
    "Window",
    "balanced",
    "cell_size_m",
    "device_prefetch",
    "locate",
    "oriented",
    "pipeline",
    "valid_fraction",
]
