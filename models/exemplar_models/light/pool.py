"""The pool of training pictures with their frozen features, made once per recipe and kept on disk.

Features are what the studio's own runtime computes (`backbone.onnx`), in half precision as it stores them.
"""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
import onnxruntime as ort
import torch
from PIL import Image
from torch import Tensor

from ..backbone import FEATURES, INPUT_MEAN, INPUT_SCALE, FeatureSpec
from ..episodes import strict_names
from ..manifest import describe_file
from ..readers import FolderSet
from ..training import Progress
from .device_backbone import DeviceBackbone
from .pictures import CutOut, Photo, Picture, colour_regions, crop, cut_outs, paste, random_kind, scene

T = TypeVar("T")
MODELS = Path(__file__).resolve().parent.parent.parent
CCP_OFFSET = 100
"""Class ids of `ccp` are counted from here, those of `coco_small` are COCO's contiguous ones."""
FIRST_KIND = 20000
"""Instance ids from here are drawn kinds, those below pasted cut-outs."""
MOST_PASTED = 3
BATCH = 16
# One word for what a person would not tell apart: contrasting them would teach nonsense.
SYNONYMS: tuple[tuple[str, ...], ...] = (
    ("bag", "purse", "wallet"),
    ("shoes", "heels", "pumps", "flats", "wedges", "loafers", "sandals", "sneakers", "clogs"),
    ("coat", "jacket", "blazer", "cape"),
    ("pants", "jeans", "leggings"),
    ("tights", "stockings"),
    ("sweater", "jumper", "cardigan", "hoodie", "sweatshirt"),
    ("blouse", "shirt", "top", "t-shirt"),
    ("glasses", "sunglasses"),
)
SMALLEST_SHARE = 0.006


@dataclass(frozen=True)
class PoolConfig:
    """What a pool is made of. `held_out` names classes that no picture may show (images with them are left out).

    `exclude_sets`: data sets left out altogether.
    """

    size: int = 448
    seed: int = 1
    held_out: tuple[str, ...] = ()
    exclude_sets: tuple[str, ...] = ()
    crops: int = 20
    ccp_photos: int = 700
    ccp_crops: int = 2
    composites: int = 2500
    scenes: int = 160
    kinds: int = 40
    cut_outs: int = 420

    def key(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)


class Labels(NamedTuple):
    """What the V pictures show, [V,S/2,S/2] each: class ids (uint8), pasted and drawn things (int16), colour regions
    (uint8). See `pictures`."""

    classes: Tensor
    instances: Tensor
    regions: Tensor


Shares = list[dict[int, float]]
"""Share of the picture of each label, a picture each."""


@dataclass
class Pool:
    """V pictures: features by name [V,C,h,w] half and `labels`, all on one device, `base` [V], `source` [V]
    (0 coco_small, 1 ccp, 2 drawn), and the `shares` of their labels, a list for each map of `labels`."""

    config: PoolConfig
    features: dict[str, Tensor]
    labels: Labels
    base: np.ndarray
    source: np.ndarray
    shares: tuple[Shares, Shares, Shares]
    own_shares: Shares
    """Of the classes where nothing was pasted: what the photo itself shows."""


def backbone_session(threads: int) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    return ort.InferenceSession(MODELS / "backbone.onnx", options, providers=["CPUExecutionProvider"])


def network_input(rgb: np.ndarray) -> np.ndarray:
    """RGB [B,H,W,3] uint8 -> [B,3,H,W] float32."""
    return np.ascontiguousarray((rgb.astype(np.float32) - INPUT_MEAN) / INPUT_SCALE).transpose(0, 3, 1, 2).copy()


class Jobs:
    """Calls a function for 0..count-1, in order, with `workers` processes (one where the system cannot fork)."""

    def __init__(self, workers: int) -> None:
        self.workers = workers if "fork" in multiprocessing.get_all_start_methods() else 1

    def __call__(self, work: Callable[[int], T], count: int) -> Iterator[T]:
        if self.workers == 1:
            yield from map(work, range(count))
            return
        global _work
        # Forked processes see what the function holds (photos, cut-outs) without a copy of it.
        _work = work
        with multiprocessing.get_context("fork").Pool(self.workers) as processes:
            yield from processes.imap(_call, range(count), chunksize=4)


_work: Callable[[int], object]


def _call(number: int) -> object:
    return _work(number)


def read_photos(
    folder: Path, names: Sequence[str], seed: int, offset: int = 0, jobs: Jobs | None = None
) -> list[Photo]:
    """Photos of a data set folder; ccp's synonyms are merged, its ids counted from `offset`."""
    data_set = FolderSet(folder)
    table = np.arange(256, dtype=np.uint8)
    if offset:
        by_name = {name: i for i, name in data_set.classes.items()}
        for group in SYNONYMS:
            ids = [by_name[name] for name in group if name in by_name]
            table[ids] = ids[:1]
        table[1:150] += np.uint8(offset)

    def read(i: int) -> Photo:
        rgb = np.asarray(Image.open(data_set.items[names[i]].image).convert("RGB"))
        regions = colour_regions(rgb, np.random.default_rng([seed, offset, i]))
        return Photo(names[i], rgb, table[data_set.mask(names[i])], regions)

    return list((jobs or Jobs(1))(read, len(names)))


def allowed_names(folder: Path, held_out: Sequence[str]) -> list[str]:
    """Images that show none of the classes held out, by name, and are labelled in full."""
    return list(strict_names(FolderSet(folder), held_out))


def photo_names(config: PoolConfig, data: Path) -> tuple[list[str], list[str]]:
    """The photos of `coco_small` and of `ccp` that the pool is made from."""
    coco: list[str] = []
    ccp: list[str] = []
    if "coco_small" not in config.exclude_sets:
        coco = allowed_names(data / "coco_small", config.held_out)
    if "ccp" not in config.exclude_sets:
        names = allowed_names(data / "ccp", config.held_out)
        ccp = [
            names[i] for i in sorted(np.random.default_rng(config.seed).permutation(len(names))[: config.ccp_photos])
        ]
    return coco, ccp


class PictureBook:
    """The pictures of a pool by number. Each has a generator of its own, so that any process can make any of them."""

    def __init__(self, config: PoolConfig, data: Path, jobs: Jobs) -> None:
        self.config = config
        coco_names, ccp_names = photo_names(config, data)
        self.coco = read_photos(data / "coco_small", coco_names, config.seed, jobs=jobs) if coco_names else []
        self.ccp = read_photos(data / "ccp", ccp_names, config.seed, CCP_OFFSET, jobs=jobs) if ccp_names else []
        rng = np.random.default_rng([config.seed, config.size])
        clothes = list(range(CCP_OFFSET + 1, CCP_OFFSET + 59))
        found = [cut for photo in self.coco for cut in cut_outs(photo)]
        dressed = [cut for photo in self.ccp[:250] for cut in cut_outs(photo, 0.01, clothes)]
        limit = 2 * len(found) if found else config.cut_outs
        self.cut_outs = spread(found, config.cut_outs, rng) + spread(dressed, min(limit, config.cut_outs // 2), rng)
        # Each cut-out is pasted about as often as any other.
        self.order = np.resize(rng.permutation(max(len(self.cut_outs), 1)), MOST_PASTED * config.composites)
        self.kinds = [random_kind(rng) for _ in range(config.kinds)]
        self.counts = (
            len(self.coco) * max(config.crops, 2),
            len(self.ccp) * config.ccp_crops,
            config.composites if self.cut_outs else 0,
            config.scenes,
        )

    def __len__(self) -> int:
        return sum(self.counts)

    def picture(self, number: int) -> tuple[Picture, int]:
        """Picture `number` and its source (0 coco_small, 1 ccp, 2 drawn)."""
        rng = np.random.default_rng([self.config.seed, self.config.size, number])
        size, section, at = self.config.size, 0, number
        while at >= self.counts[section]:
            at -= self.counts[section]
            section += 1
        if section == 0:
            base, view = divmod(at, max(self.config.crops, 2))
            # The whole photo and its mirror image, then parts of it.
            flip = bool(view) if view < 2 else None
            return crop(self.coco[base], base, size, rng, plain=view < 2, flip=flip), 0
        if section == 1:
            base = at // self.config.ccp_crops
            return crop(self.ccp[base], len(self.coco) + base, size, rng), 1
        if section == 2:
            return self._composite(at, rng)
        group = int(rng.integers(max(self.config.kinds // 5, 1))) * 5
        base = len(self.coco) + len(self.ccp) + at
        return scene(self.kinds[group : group + 5], FIRST_KIND + group, base, size, rng), 2

    def _composite(self, at: int, rng: np.random.Generator) -> tuple[Picture, int]:
        coco, both = len(self.coco), len(self.coco) + len(self.ccp)
        base = int(rng.integers(both)) if rng.random() < 0.3 or not coco else int(rng.integers(coco))
        photo = self.coco[base] if base < coco else self.ccp[base - coco]
        picture = crop(photo, base, self.config.size, rng)
        for cut in self.order[MOST_PASTED * at :][: int(rng.integers(1, MOST_PASTED + 1))]:
            paste(picture, self.cut_outs[int(cut)], int(cut) + 1, rng)
        return picture, 0 if base < coco else 1


def spread(bank: list[CutOut], count: int, rng: np.random.Generator) -> list[CutOut]:
    """At most `count` cut-outs, classes in turn, so that a frequent class does not fill the bank."""
    groups: dict[int, list[CutOut]] = {}
    for i in rng.permutation(len(bank)):
        groups.setdefault(bank[int(i)].class_id, []).append(bank[int(i)])
    chosen: list[CutOut] = []
    while len(chosen) < count and any(groups.values()):
        for group in groups.values():
            if group and len(chosen) < count:
                chosen.append(group.pop())
    return chosen


class Store(Protocol):
    """Where a pool's features go, batch by batch, in order."""

    def add(self, rgb: np.ndarray) -> None:
        """Pictures [B,S,S,3] uint8."""
        ...

    def close(self) -> None: ...


class FileStore:
    """Features of the studio's own runtime, in files that are mapped into memory afterwards.

    The network runs in a thread of its own while the next pictures are made.
    """

    def __init__(self, folder: Path, threads: int) -> None:
        self.files = [(folder / f"{spec.name}.bin").open("wb") for spec in FEATURES]
        self.session = backbone_session(threads)
        self.worker = ThreadPoolExecutor(1)
        self.running: Future[None] | None = None

    def add(self, rgb: np.ndarray) -> None:
        if self.running is not None:
            self.running.result()
        self.running = self.worker.submit(self._encode, rgb)

    def _encode(self, rgb: np.ndarray) -> None:
        maps = self.session.run([spec.name for spec in FEATURES], {"image": network_input(rgb)})
        for file, found in zip(self.files, maps, strict=True):
            file.write(found.astype(np.float16).tobytes())

    def close(self) -> None:
        if self.running is not None:
            self.running.result()
        self.worker.shutdown()
        for file in self.files:
            file.close()


class DeviceStore:
    """Features computed and kept on a GPU."""

    def __init__(self, size: int, count: int, device: torch.device) -> None:
        self.backbone = DeviceBackbone(MODELS / "backbone.onnx", device)
        self.features = {
            spec.name: torch.empty(feature_shape(count, size, spec), dtype=torch.float16, device=device)
            for spec in FEATURES
        }
        self.done = 0

    def add(self, rgb: np.ndarray) -> None:
        for spec, found in zip(FEATURES, self.backbone(torch.from_numpy(rgb)), strict=True):
            self.features[spec.name][self.done : self.done + len(rgb)] = found
        self.done += len(rgb)

    def close(self) -> None:
        pass


def feature_shape(count: int, size: int, spec: FeatureSpec) -> tuple[int, int, int, int]:
    return count, spec.channels, size // spec.stride, size // spec.stride


def fill(book: PictureBook, store: Store, jobs: Jobs) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Makes all pictures and hands them to the store. -> label maps by name, `base`, `source`."""
    count, half = len(book), book.config.size // 2
    maps = {
        "classes": np.empty((count, half, half), np.uint8),
        "instances": np.empty((count, half, half), np.int16),
        "regions": np.empty((count, half, half), np.uint8),
    }
    base, source = np.empty(count, np.int32), np.empty(count, np.uint8)
    progress = Progress("pool", count, every=20)
    waiting: list[np.ndarray] = []
    for i, (picture, kind) in enumerate(jobs(book.picture, count)):
        waiting.append(picture.rgb)
        for name, found in maps.items():
            found[i] = getattr(picture, name)
        base[i], source[i] = picture.base, kind
        if len(waiting) == BATCH or i == count - 1:
            store.add(np.stack(waiting))
            waiting = []
            progress.tell(i + 1)
    store.close()
    return maps, base, source


def build_pool(
    config: PoolConfig, data: Path, folder: Path, workers: int = 2, device: torch.device | None = None
) -> Pool:
    """Makes the pool in `folder`, or reads it where it is complete and of the same recipe.

    On a GPU it is made anew each time, which takes less time than reading it, and `folder` is left alone.
    """
    jobs = Jobs(workers)
    if device is not None and device.type == "cuda":
        book = PictureBook(config, data, jobs)
        store = DeviceStore(config.size, len(book), device)
        maps, base, source = fill(book, store, jobs)
        return assemble(config, store.features, maps, base, source, device)
    done = folder / "pool.json"
    key = {"config": config.key(), "backbone": describe_file(MODELS / "backbone.onnx")["sha256"]}
    if not (done.exists() and json.loads(done.read_text()) == key):
        folder.mkdir(parents=True, exist_ok=True)
        done.unlink(missing_ok=True)
        maps, base, source = fill(PictureBook(config, data, jobs), FileStore(folder, workers), jobs)
        for name, each in {**maps, "base": base, "source": source}.items():
            np.save(folder / f"{name}.npy", each)
        done.write_text(json.dumps(key) + "\n")
    return read_pool(config, folder)


def _shares(maps: np.ndarray, covered: np.ndarray | None = None) -> Shares:
    """Share of the picture of each label, a picture each; pixels that `covered` marks (not 0) are left out."""
    found = []
    for i, each in enumerate(maps):
        ids, counts = np.unique(each if covered is None else each[covered[i] == 0], return_counts=True)
        found.append({int(c): float(n) / each.size for c, n in zip(ids, counts, strict=True)})
    return found


def read_pool(config: PoolConfig, folder: Path) -> Pool:
    """Maps a finished pool into memory: processes that train on one pool share it."""
    # Copy on write, since PyTorch takes no memory that cannot be written to; nothing ever is.
    maps = {name: np.load(folder / f"{name}.npy", mmap_mode="c") for name in Labels._fields}
    count = len(maps["classes"])
    features = {
        spec.name: torch.from_numpy(
            np.memmap(folder / f"{spec.name}.bin", np.float16, "c", shape=feature_shape(count, config.size, spec))
        )
        for spec in FEATURES
    }
    base, source = (np.load(folder / f"{name}.npy") for name in ("base", "source"))
    return assemble(config, features, maps, base, source, torch.device("cpu"))


def assemble(
    config: PoolConfig,
    features: dict[str, Tensor],
    maps: dict[str, np.ndarray],
    base: np.ndarray,
    source: np.ndarray,
    device: torch.device,
) -> Pool:
    return Pool(
        config,
        features,
        Labels(*(torch.from_numpy(maps[name]).to(device) for name in Labels._fields)),
        base,
        source,
        (_shares(maps["classes"]), _shares(maps["instances"]), _shares(maps["regions"])),
        _shares(maps["classes"], maps["instances"]),
    )
