"""The pool of training pictures with their frozen features, made once per recipe and kept on disk.

Features are what the studio's own runtime computes (`backbone.onnx`), in half precision as it stores them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import onnxruntime as ort
from PIL import Image

from ..backbone import FEATURES, INPUT_MEAN, INPUT_SCALE
from ..episodes import strict_names
from ..manifest import describe_file
from ..readers import FolderSet
from ..training import Progress
from .pictures import CutOut, Photo, Picture, colour_regions, crop, cut_outs, paste, random_kind, scene

MODELS = Path(__file__).resolve().parent.parent.parent
CCP_OFFSET = 100
"""Class ids of `ccp` are counted from here, those of `coco_small` are COCO's contiguous ones."""
FIRST_KIND = 50000
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

    size: int = 320
    seed: int = 1
    held_out: tuple[str, ...] = ()
    exclude_sets: tuple[str, ...] = ()
    crops: int = 8
    ccp_photos: int = 700
    ccp_crops: int = 2
    composites: int = 1500
    scenes: int = 160
    kinds: int = 40
    cut_outs: int = 420

    def key(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)


@dataclass
class Pool:
    """Arrays over V pictures: features by name [V,C,h,w] half, label maps [V,S/2,S/2], `base` [V], `source` [V]
    (0 coco_small, 1 ccp, 2 drawn)."""

    config: PoolConfig
    features: dict[str, np.ndarray]
    classes: np.ndarray
    instances: np.ndarray
    regions: np.ndarray
    base: np.ndarray
    source: np.ndarray
    shares: list[dict[int, float]] = field(default_factory=list)
    instance_shares: list[dict[int, float]] = field(default_factory=list)
    own_shares: list[dict[int, float]] = field(default_factory=list)
    """Of `classes` where nothing was pasted: what the photo itself shows."""


def backbone_session(threads: int) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    return ort.InferenceSession(MODELS / "backbone.onnx", options, providers=["CPUExecutionProvider"])


def network_input(rgb: np.ndarray) -> np.ndarray:
    """RGB [B,H,W,3] uint8 -> [B,3,H,W] float32."""
    return np.ascontiguousarray((rgb.astype(np.float32) - INPUT_MEAN) / INPUT_SCALE).transpose(0, 3, 1, 2).copy()


def read_photos(folder: Path, names: Sequence[str], seed: int, offset: int = 0) -> list[Photo]:
    """Photos of a data set folder; ccp's synonyms are merged, its ids counted from `offset`."""
    data_set = FolderSet(folder)
    table = np.arange(256, dtype=np.uint8)
    if offset:
        by_name = {name: i for i, name in data_set.classes.items()}
        for group in SYNONYMS:
            ids = [by_name[name] for name in group if name in by_name]
            table[ids] = ids[:1]
        table[1:150] += np.uint8(offset)
    photos = []
    for i, name in enumerate(names):
        rgb = np.asarray(Image.open(data_set.items[name].image).convert("RGB"))
        regions = colour_regions(rgb, np.random.default_rng([seed, offset, i]))
        photos.append(Photo(name, rgb, table[data_set.mask(name)], regions))
    return photos


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


def picture_count(config: PoolConfig, coco: int, ccp: int) -> int:
    """How many pictures `pictures` makes of so many photos that have something to cut out."""
    return coco * max(config.crops, 2) + ccp * config.ccp_crops + config.composites + config.scenes


def pictures(
    config: PoolConfig, data: Path, coco_names: Sequence[str], ccp_names: Sequence[str], tell: Callable[[str], None]
) -> Iterator[tuple[Picture, int]]:
    """All pictures of the pool in order, each with its source."""
    rng = np.random.default_rng([config.seed, config.size])
    tell(f"coco_small: {len(coco_names)} photos, ccp: {len(ccp_names)}")
    coco = read_photos(data / "coco_small", coco_names, config.seed) if coco_names else []
    ccp = read_photos(data / "ccp", ccp_names, config.seed, CCP_OFFSET) if ccp_names else []
    for base, photo in enumerate(coco):
        yield crop(photo, base, config.size, rng, plain=True, flip=False), 0
        yield crop(photo, base, config.size, rng, plain=True, flip=True), 0
        for _ in range(max(config.crops - 2, 0)):
            yield crop(photo, base, config.size, rng), 0
    for base, photo in enumerate(ccp, len(coco)):
        for _ in range(config.ccp_crops):
            yield crop(photo, base, config.size, rng), 1
    bank: list[CutOut] = []
    clothes = [c for c in range(CCP_OFFSET + 1, CCP_OFFSET + 59)]
    for photo in coco:
        bank += cut_outs(photo)
    limit = 2 * len(bank) if bank else config.cut_outs
    dressed: list[CutOut] = []
    for photo in ccp[:250]:
        dressed += cut_outs(photo, 0.01, clothes)
    bank = spread(bank, config.cut_outs, rng) + spread(dressed, min(limit, config.cut_outs // 2), rng)
    tell(f"{len(bank)} cut-outs")
    order = np.resize(rng.permutation(max(len(bank), 1)), 3 * config.composites)
    at = 0
    for _ in range(config.composites if bank else 0):
        number = int(rng.integers(len(coco) + len(ccp))) if rng.random() < 0.3 else int(rng.integers(max(len(coco), 1)))
        photo = coco[number] if number < len(coco) else ccp[number - len(coco)]
        picture = crop(photo, number, config.size, rng)
        for _ in range(int(rng.integers(1, 4))):
            cut = int(order[at % len(order)])
            at += 1
            paste(picture, bank[cut], cut + 1, rng)
        yield picture, 0 if number < len(coco) else 1
    kinds = [random_kind(rng) for _ in range(config.kinds)]
    for i in range(config.scenes):
        group = int(rng.integers(max(config.kinds // 5, 1))) * 5
        base = len(coco) + len(ccp) + i
        yield scene(kinds[group : group + 5], FIRST_KIND + group, base, config.size, rng), 2


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


def build_pool(config: PoolConfig, data: Path, folder: Path, threads: int = 2) -> Pool:
    """Makes the pool in `folder`, or reads it where it is complete and of the same recipe."""
    done = folder / "pool.json"
    key = {"config": config.key(), "backbone": describe_file(MODELS / "backbone.onnx")["sha256"]}
    if done.exists() and {k: v for k, v in json.loads(done.read_text()).items() if k in key} == key:
        return read_pool(config, folder)
    folder.mkdir(parents=True, exist_ok=True)
    done.unlink(missing_ok=True)
    session = backbone_session(threads)
    kept: dict[str, list[np.ndarray]] = {name: [] for name in ("classes", "instances", "regions")}
    bases: list[int] = []
    sources: list[int] = []
    files = {spec.name: (folder / f"{spec.name}.bin").open("wb") for spec in FEATURES}
    coco, ccp = photo_names(config, data)
    progress = Progress("pool", picture_count(config, len(coco), len(ccp)), every=20)
    waiting: list[np.ndarray] = []

    def encode(batch: list[np.ndarray]) -> list[np.ndarray]:
        return session.run([s.name for s in FEATURES], {"image": network_input(np.stack(batch))})

    def write(maps: list[np.ndarray]) -> None:
        for spec, found in zip(FEATURES, maps, strict=True):
            files[spec.name].write(found.astype(np.float16).tobytes())

    # The network runs in a thread of its own while the next pictures are made.
    with ThreadPoolExecutor(1) as worker:
        running = None
        for picture, source in pictures(config, data, coco, ccp, lambda text: print(text, flush=True)):
            waiting.append(picture.rgb)
            kept["classes"].append(picture.classes)
            kept["instances"].append(picture.instances)
            kept["regions"].append(picture.regions)
            bases.append(picture.base)
            sources.append(source)
            if len(waiting) == 16:
                if running is not None:
                    write(running.result())
                running = worker.submit(encode, waiting)
                waiting = []
                progress.tell(len(bases))
        if running is not None:
            write(running.result())
        if waiting:
            write(encode(waiting))
    for file in files.values():
        file.close()
    for name, maps in kept.items():
        np.save(folder / f"{name}.npy", np.stack(maps))
    np.save(folder / "base.npy", np.asarray(bases, np.int32))
    np.save(folder / "source.npy", np.asarray(sources, np.uint8))
    done.write_text(json.dumps({**key, "pictures": len(bases)}) + "\n")
    return read_pool(config, folder)


def _shares(maps: np.ndarray, covered: np.ndarray | None = None) -> list[dict[int, float]]:
    """Share of the picture of each label, a picture each; pixels that `covered` marks (not 0) are left out."""
    found = []
    for i, each in enumerate(maps):
        ids, counts = np.unique(each if covered is None else each[covered[i] == 0], return_counts=True)
        found.append({int(c): float(n) / each.size for c, n in zip(ids, counts, strict=True)})
    return found


def read_pool(config: PoolConfig, folder: Path) -> Pool:
    """Maps a finished pool into memory: processes that train on one pool share it."""
    classes = np.load(folder / "classes.npy", mmap_mode="r")
    instances = np.load(folder / "instances.npy", mmap_mode="r")
    count, size = len(classes), config.size
    features = {
        s.name: np.memmap(
            folder / f"{s.name}.bin", np.float16, "r", shape=(count, s.channels, size // s.stride, size // s.stride)
        )
        for s in FEATURES
    }
    return Pool(
        config,
        features,
        classes,
        instances,
        np.load(folder / "regions.npy", mmap_mode="r"),
        np.load(folder / "base.npy"),
        np.load(folder / "source.npy"),
        _shares(classes),
        _shares(instances),
        _shares(classes, instances),
    )
