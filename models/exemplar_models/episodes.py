"""Episodes: drawn from a seed, or read from frozen lists.

A frozen list is JSON: `data_set`, `classes` {id: name}, `min_area` (share of the image), `episodes`, `absent` (queries
without the class), perhaps `one_shot_extra`, and `sha256_of_body`: SHA-256 of the rest, written compactly with sorted
keys. n-shot takes the first n supports of each episode.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import overload

import numpy as np

from .readers import DataSet

HASH_KEY = "sha256_of_body"


@dataclass(frozen=True)
class Episode:
    """Segment class `class_id` in `query`, shown by `supports`; `present`: whether the query shows it (if known)."""

    class_id: int
    query: str
    supports: tuple[str, ...]
    present: bool = True

    def first(self, shots: int) -> Episode:
        """The same episode with its first `shots` supports. Raises ValueError where it has fewer."""
        if len(self.supports) < shots:
            raise ValueError(f"an episode of class {self.class_id} has {len(self.supports)} supports, not {shots}")
        return replace(self, supports=self.supports[:shots])


@dataclass(frozen=True)
class EpisodeList:
    """`source` is the file's SHA-256, as `exemplar evaluate` prints it, or says how the list was drawn."""

    data_set: str
    classes: dict[int, str]
    present: tuple[Episode, ...]
    absent: tuple[Episode, ...]
    one_shot_extra: tuple[Episode, ...] = ()
    min_area: float = 0.0
    source: str = ""


def body_hash(document: dict[str, object]) -> str:
    """SHA-256 of a list without its hash."""
    body = {key: value for key, value in document.items() if key != HASH_KEY}
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _episodes(rows: Iterable[dict[str, object]], present: bool) -> tuple[Episode, ...]:
    found = []
    for row in rows:
        supports = row["supports"]
        if not isinstance(supports, list) or not supports:
            raise ValueError(f"an episode with query {row['query']} has no supports")
        if row["query"] in supports:
            raise ValueError(f"{row['query']} is query and support of one episode")
        found.append(Episode(int(str(row["class_id"])), str(row["query"]), tuple(map(str, supports)), present))
    return tuple(found)


def read_episodes(path: Path, data_set: DataSet | None = None) -> EpisodeList:
    """Reads a frozen list and checks its hash, and that `data_set`, if given, has its images under its class names.

    Raises FileNotFoundError, or ValueError naming the file and what is wrong.
    """
    data = path.read_bytes()
    document = json.loads(data)
    if document.get(HASH_KEY) != body_hash(document):
        raise ValueError(f"{path} was changed: its body does not have the hash it carries")
    found = EpisodeList(
        data_set=document["data_set"],
        classes={int(i): name for i, name in document["classes"].items()},
        present=_episodes(document["episodes"], True),
        absent=_episodes(document.get("absent", []), False),
        one_shot_extra=_episodes(document.get("one_shot_extra", []), True),
        min_area=float(document.get("min_area", 0)),
        source=hashlib.sha256(data).hexdigest(),
    )
    if data_set is not None:
        for i, name in found.classes.items():
            if data_set.classes.get(i) != name:
                raise ValueError(f"{path} calls class {i} {name}, {data_set.name} {data_set.classes.get(i)}")
        for episode in (*found.present, *found.absent, *found.one_shot_extra):
            for name in (episode.query, *episode.supports):
                if name not in data_set.items:
                    raise ValueError(f"{path} names the image {name}, which {data_set.name} does not have")
    return found


def write_episodes(path: Path, episodes: EpisodeList, note: str = "") -> str:
    """Writes a frozen list and returns the hash of its body; the same list gives the same bytes."""

    def rows(found: Sequence[Episode]) -> list[dict[str, object]]:
        return [{"class_id": e.class_id, "query": e.query, "supports": list(e.supports)} for e in found]

    document: dict[str, object] = {
        "data_set": episodes.data_set,
        "classes": {str(i): name for i, name in sorted(episodes.classes.items())},
        "min_area": episodes.min_area,
        "note": note,
        "episodes": rows(episodes.present),
        "absent": rows(episodes.absent),
    }
    if episodes.one_shot_extra:
        document["one_shot_extra"] = rows(episodes.one_shot_extra)
    document[HASH_KEY] = body_hash(document)
    path.write_text(json.dumps(document, separators=(",", ":")) + "\n")
    return str(document[HASH_KEY])


def _plain(name: str) -> str:
    return " ".join(name.lower().replace("_", " ").replace("-", " ").split())


def class_ids(data_set: DataSet, names: Iterable[str], *, known_only: bool = False) -> tuple[int, ...]:
    """Ids of the classes with these names (case, `-` and `_` do not matter).

    Raises ValueError for an unknown one, or leaves it out with `known_only`.
    """
    by_name = {_plain(name): i for i, name in data_set.classes.items()}
    found = []
    for name in names:
        if _plain(name) in by_name:
            found.append(by_name[_plain(name)])
        elif not known_only:
            raise ValueError(f"{data_set.name} has no class {name}")
    return tuple(found)


def classes_without(data_set: DataSet, held_out: Iterable[str]) -> tuple[int, ...]:
    """Ids of all classes but background and those *named* in `held_out`, which may name classes of other sets too:
    across data sets ids differ, names do not."""
    names = {_plain(name) for name in held_out}
    return tuple(i for i, name in sorted(data_set.classes.items()) if i != 0 and _plain(name) not in names)


def strict_names(data_set: DataSet, held_out: Iterable[str], *, drop_partial: bool = True) -> tuple[str, ...]:
    """Images free of every class named in `held_out`, in the data set's order.

    Partially labelled images cannot be proven free of them and go too, unless `drop_partial` is false.
    """
    names = {_plain(name) for name in held_out}
    unwanted = {i for i, name in data_set.classes.items() if _plain(name) in names}
    return tuple(
        name
        for name, item in data_set.items.items()
        if not (unwanted & set(item.pixels)) and not (item.partial and drop_partial)
    )


class EpisodeSampler:
    """Episode number i is a function of (seed, i) alone, so any worker or resumed run draws the same ones.

    Classes are drawn uniformly among those with at least two images that show them (at `min_pixels` and `min_share`);
    a share `absent` of the episodes has a query known to lack the class. A support is never the query; supports differ,
    and repeat only where a class has too few. `shots` lists numbers to draw from uniformly. `names` limits the images.
    """

    def __init__(
        self,
        data_set: DataSet,
        classes: Iterable[int],
        seed: int,
        shots: Sequence[int] = (1,),
        *,
        absent: float = 0.0,
        min_pixels: int = 0,
        min_share: float = 0.0,
        names: Collection[str] | None = None,
    ) -> None:
        allowed = set(data_set.items) if names is None else set(names)
        items = [item for name, item in data_set.items.items() if name in allowed]
        shown = {c: tuple(i.name for i in items if i.shows(c, min_pixels, min_share)) for c in sorted(set(classes))}
        self.showing = {c: found for c, found in shown.items() if len(found) >= 2}
        if not self.showing:
            raise ValueError(f"no class of {data_set.name} has two images to draw episodes from")
        self.classes = tuple(self.showing)
        self._lacking = {c: tuple(i.name for i in items if i.lacks(c)) for c in self.classes} if absent > 0 else {}
        self.seed, self.shots, self.absent = seed, tuple(shots), absent

    def episode(self, index: int, class_id: int | None = None) -> Episode:
        """Episode number `index`, of `class_id` if given."""
        rng = np.random.default_rng([self.seed, index])
        drawn = self.classes[int(rng.integers(len(self.classes)))]
        chosen = drawn if class_id is None else class_id
        shots = self.shots[int(rng.integers(len(self.shots)))]
        showing = self.showing[chosen]
        lacking = self._lacking.get(chosen, ())
        present = not (bool(lacking) and rng.random() < self.absent)
        pool = showing if present else lacking
        at = int(rng.integers(len(pool)))
        others = len(showing) - int(present)
        order = (
            rng.choice(others, shots, replace=False) if shots <= others else np.resize(rng.permutation(others), shots)
        )
        # Numbers from the query's own on mean the next image: the query is left out without copying a long list.
        supports = tuple(showing[int(i) + int(present and i >= at)] for i in order)
        return Episode(chosen, pool[at], supports, present)


class DrawnEpisodes(Sequence[Episode]):
    """Episodes number `first` to `last` - 1 of a sampler, drawn when asked for."""

    def __init__(self, sampler: EpisodeSampler, first: int, last: int) -> None:
        self._sampler, self._numbers = sampler, range(first, last)

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, index: int) -> Episode: ...

    @overload
    def __getitem__(self, index: slice) -> list[Episode]: ...

    def __getitem__(self, index: int | slice) -> Episode | list[Episode]:
        if isinstance(index, slice):
            return [self._sampler.episode(i) for i in self._numbers[index]]
        return self._sampler.episode(self._numbers[index])


def draw_list(
    sampler: EpisodeSampler, data_set: DataSet, count: int, absent: int = 0, min_area: float = 0.0
) -> EpisodeList:
    """`count` episodes of the sampler, class after class in turn, and `absent` ones without the class."""
    turn = sampler.classes
    present = tuple(sampler.episode(i, turn[i % len(turn)]) for i in range(count))
    if not all(e.present for e in present):
        raise ValueError("draw present episodes from a sampler that draws no absent ones")
    without: list[Episode] = []
    for i in range(absent):
        c = turn[i % len(turn)]
        rng = np.random.default_rng([sampler.seed, count + i])
        lacking = [item.name for item in data_set.items.values() if item.lacks(c)]
        if lacking:
            query = lacking[int(rng.integers(len(lacking)))]
            without.append(replace(sampler.episode(count + i, c), query=query, present=False))
    return EpisodeList(
        data_set=data_set.name,
        classes={c: data_set.classes[c] for c in turn},
        present=present,
        absent=tuple(without),
        min_area=min_area,
        source=f"drawn, seed {sampler.seed}",
    )
