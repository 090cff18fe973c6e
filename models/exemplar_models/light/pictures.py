"""Pictures to train on: crops of photos, cut-outs pasted on other photos, and scenes drawn from nothing but numbers.

Everything is made from a `numpy` generator, so that one seed gives one pool. A picture is square RGB [S,S,3] uint8 with
label maps at half its size: `classes` (0 background, 255 unknown), `instances` (which cut-out or drawn kind a pixel
shows; 0 none) and `regions` (pseudo-classes: pieces of like colour; 0 none).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter
from scipy.ndimage import find_objects, label

Rng = np.random.Generator
REGION_COUNT = 14
UNKNOWN = 255


@dataclass
class Photo:
    """A labelled photo in memory: RGB [H,W,3], class ids [H,W] (255 unknown), colour regions [H,W]."""

    name: str
    rgb: np.ndarray
    classes: np.ndarray
    regions: np.ndarray


@dataclass
class CutOut:
    """An object without its background: RGBA crop and the class it belongs to."""

    rgba: Image.Image
    class_id: int


@dataclass
class Picture:
    """See the module. `base`: number of the photo behind it, so that supports can come from other photos."""

    rgb: np.ndarray
    classes: np.ndarray
    instances: np.ndarray
    regions: np.ndarray
    base: int


def colour_regions(rgb: np.ndarray, rng: Rng, count: int = REGION_COUNT) -> np.ndarray:
    """Region numbers 1..count [H,W] by k-means over colour and place, at 96 px and scaled up: pseudo-classes without
    labels (as superpixels in self-supervised few-shot segmentation, arXiv 2007.09886)."""
    height, width = rgb.shape[:2]
    small = np.asarray(Image.fromarray(rgb).resize((96, 96), Image.Resampling.BOX), np.float32)
    y, x = np.mgrid[0:96, 0:96].astype(np.float32)
    points = np.concatenate([small.reshape(-1, 3) / 40, np.stack([y, x], -1).reshape(-1, 2) / 24], axis=1)
    centres = points[rng.choice(len(points), count, replace=False)]
    for _ in range(6):
        nearest = ((points[:, None] - centres[None]) ** 2).sum(-1).argmin(1)
        for i in range(count):
            own = points[nearest == i]
            if len(own):
                centres[i] = own.mean(0)
    regions = (nearest.reshape(96, 96) + 1).astype(np.uint8)
    return np.asarray(Image.fromarray(regions).resize((width, height), Image.Resampling.NEAREST))


def cut_outs(photo: Photo, smallest: float = 0.004, whole: Sequence[int] = ()) -> list[CutOut]:
    """Connected parts of each class that cover at least `smallest` of the photo and leave its border mostly alone.

    `whole`: classes whose union is cut out as one more object (a dressed person) of class 0.
    """
    found: list[CutOut] = []
    masks = [(c, photo.classes == c) for c in np.unique(photo.classes) if c not in (0, UNKNOWN)]
    if whole:
        masks.append((0, np.isin(photo.classes, np.asarray(whole))))
    for class_id, mask in masks:
        parts, count = label(mask, np.ones((3, 3)))
        for i, place in enumerate(find_objects(parts), 1):
            own = parts[place] == i
            if own.sum() < smallest * mask.size or min(own.shape) < 24 or i > count:
                continue
            alpha = Image.fromarray((own * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(0.8))
            rgba = Image.fromarray(np.ascontiguousarray(photo.rgb[place])).convert("RGBA")
            rgba.putalpha(alpha)
            found.append(CutOut(rgba, int(class_id)))
    return found


def jitter(image: Image.Image, rng: Rng, strength: float = 0.3) -> Image.Image:
    """Random brightness, contrast and saturation of an RGB or RGBA image."""
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    rgb = image.convert("RGB")
    for kind in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        rgb = kind(rgb).enhance(1 + strength * rng.uniform(-1, 1))
    if alpha is not None:
        rgb.putalpha(alpha)
    return rgb


def crop(photo: Photo, base: int, size: int, rng: Rng, *, plain: bool = False, flip: bool | None = None) -> Picture:
    """A part of the photo (all of it if `plain`), resized to a square, perhaps mirrored, colours changed a little."""
    height, width = photo.rgb.shape[:2]
    box = (0.0, 0.0, float(width), float(height))
    if not plain:
        share = rng.uniform(0.25, 1.0)
        aspect = np.exp(rng.uniform(-0.35, 0.35)) * (width / height) ** rng.uniform(0, 1)
        w = min(width, np.sqrt(share * width * height * aspect))
        h = min(height, share * width * height / w)
        left, top = rng.uniform(0, width - w), rng.uniform(0, height - h)
        box = (left, top, left + w, top + h)
    mirrored = bool(rng.random() < 0.5) if flip is None else flip
    image = Image.fromarray(photo.rgb).resize((size, size), Image.Resampling.BILINEAR, box=box)
    if not plain:
        image = jitter(image, rng)
    half = size // 2
    maps = [
        np.asarray(Image.fromarray(m).resize((half, half), Image.Resampling.NEAREST, box=box))
        for m in (photo.classes, photo.regions)
    ]
    rgb = np.asarray(image)
    if mirrored:
        rgb, maps = rgb[:, ::-1], [m[:, ::-1] for m in maps]
    return Picture(rgb.copy(), maps[0].copy(), np.zeros((half, half), np.int16), maps[1].copy(), base)


def paste(picture: Picture, cut: CutOut, instance: int, rng: Rng, share: tuple[float, float] = (0.12, 0.65)) -> None:
    """Blends the cut-out into the picture, turned, mirrored and scaled to `share` of its side; labels follow."""
    size = picture.rgb.shape[0]
    image = jitter(cut.rgba, rng)
    if rng.random() < 0.5:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    side = size * rng.uniform(*share)
    scale = side / np.sqrt(image.width * image.height)
    stretch = np.exp(rng.uniform(-0.15, 0.15))
    target = max(8, round(image.width * scale * stretch)), max(8, round(image.height * scale / stretch))
    image = image.resize(target, Image.Resampling.BILINEAR).rotate(
        float(rng.uniform(-25, 25)), Image.Resampling.BILINEAR, expand=True
    )
    left = round(rng.uniform(-0.2, 1.2) * (size - image.width)) if image.width < size else 0
    top = round(rng.uniform(-0.2, 1.2) * (size - image.height)) if image.height < size else 0
    layer = Image.new("RGBA", (size, size))
    layer.paste(image, (left, top))
    alpha = np.asarray(layer.getchannel("A"), np.float32)[..., None] / 255
    blended = picture.rgb * (1 - alpha) + np.asarray(layer.convert("RGB"), np.float32) * alpha
    picture.rgb[:] = np.clip(blended + 0.5, 0, 255).astype(np.uint8)
    covered = np.asarray(layer.getchannel("A").resize((size // 2, size // 2), Image.Resampling.BOX)) > 127
    picture.classes[covered] = cut.class_id
    picture.instances[covered] = instance
    picture.regions[covered] = 0


@dataclass(frozen=True)
class Kind:
    """A class of drawn objects: outline (radii of a closed curve, number of corners), hole, texture and colours."""

    radii: tuple[float, ...]
    corners: int
    hole: float
    texture: int
    period: float
    colours: tuple[tuple[int, int, int], tuple[int, int, int]]


def random_kind(rng: Rng) -> Kind:
    colours = rng.integers(20, 236, (2, 3))
    return Kind(
        tuple(float(v) for v in rng.uniform(0.45, 1.0, int(rng.integers(3, 9)))),
        int(rng.choice([0, 0, 3, 4, 5, 6])),
        float(rng.choice([0.0, 0.0, 0.0, 0.45])),
        int(rng.integers(0, 4)),
        float(rng.uniform(4, 14)),
        (tuple(int(v) for v in colours[0]), tuple(int(v) for v in colours[1])),
    )


def noise(size: int, rng: Rng, octaves: Sequence[int] = (3, 7, 17, 60)) -> np.ndarray:
    """Smooth noise [S,S] in 0..1 from random grids of several sizes."""
    total = np.zeros((size, size), np.float32)
    for i, n in enumerate(octaves):
        grid = Image.fromarray((rng.random((n, n)) * 255).astype(np.uint8))
        total += np.asarray(grid.resize((size, size), Image.Resampling.BICUBIC), np.float32) / 2.0**i
    return (total - total.min()) / max(float(np.ptp(total)), 1e-6)


def draw_object(kind: Kind, side: int, rng: Rng) -> Image.Image:
    """One object of a kind as RGBA [side,side]: the outline bent and turned, the texture shaded."""
    big = 3 * side
    turn, n = rng.uniform(0, 2 * np.pi), kind.corners or 48
    at = np.arange(n) / n
    radii = np.asarray(kind.radii) * rng.uniform(0.92, 1.08, len(kind.radii))
    radius = np.interp(at * len(radii), np.arange(len(radii) + 1), np.append(radii, radii[0]))
    angle = 2 * np.pi * at + turn
    x, y = (0.5 + 0.48 * radius * f(angle) for f in (np.cos, np.sin))
    mask = Image.new("L", (big, big))
    pen = ImageDraw.Draw(mask)
    pen.polygon([(float(a) * big, float(b) * big) for a, b in zip(x, y, strict=True)], fill=255)
    if kind.hole:
        r = kind.hole * 0.5 * float(radii.min()) * big
        pen.ellipse((big / 2 - r, big / 2 - r, big / 2 + r, big / 2 + r), fill=0)
    alpha = np.asarray(mask.resize((side, side), Image.Resampling.BOX), np.uint8)
    v, u = np.mgrid[0:side, 0:side].astype(np.float32)
    u, v = u * np.cos(turn) + v * np.sin(turn), v * np.cos(turn) - u * np.sin(turn)
    wave = 2 * np.pi / kind.period
    mix = (
        np.zeros_like(u),
        (np.sin(u * wave) > 0).astype(np.float32),
        ((np.sin(u * wave) > 0.2) & (np.sin(v * wave) > 0.2)).astype(np.float32),
        noise(side, rng),
    )[kind.texture]
    first, second = (np.asarray(c, np.float32) for c in kind.colours)
    shade = 0.75 + 0.5 * noise(side, rng, (2, 4))
    rgb = np.clip((first * (1 - mix[..., None]) + second * mix[..., None]) * shade[..., None], 0, 255)
    image = Image.fromarray(rgb.astype(np.uint8)).convert("RGBA")
    image.putalpha(Image.fromarray(alpha))
    return image


def scene(kinds: Sequence[Kind], first: int, base: int, size: int, rng: Rng) -> Picture:
    """Objects of two to four kinds on a worn ground. Kind number i gets the instance id `first` + i."""
    light, dark = rng.uniform(90, 240, 3), rng.uniform(20, 150, 3)
    ground = noise(size, rng)[..., None]
    rgb = np.clip(light * ground + dark * (1 - ground) + rng.normal(0, 5, (size, size, 1)), 0, 255).astype(np.uint8)
    half = size // 2
    empty = np.zeros((half, half), np.uint8)
    picture = Picture(rgb, empty.copy(), np.zeros((half, half), np.int16), empty.copy(), base)
    for i in rng.choice(len(kinds), int(rng.integers(2, 5)), replace=False):
        for _ in range(int(rng.integers(1, 4))):
            cut = CutOut(draw_object(kinds[int(i)], int(size * 0.45), rng), 0)
            paste(picture, cut, first + int(i), rng, (0.12, 0.42))
    return picture
