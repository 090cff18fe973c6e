"""Draws a training's log as SVG: `python -m exemplar_models.light.curve log.csv curve.svg`."""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

from ..training import run_command

WIDTH, HEIGHT, MARGIN = 640, 280, 44
SERIES = (("mask", "mask loss", "#1f6feb"), ("presence", "presence loss", "#d1780a"))
SMOOTHING = 8


def smooth(values: list[float], window: int = SMOOTHING) -> list[float]:
    """Mean over the last `window` rows."""
    return [sum(values[max(0, i + 1 - window) : i + 1]) / min(window, i + 1) for i in range(len(values))]


def draw(rows: list[dict[str, str]], title: str) -> str:
    """SVG text. Raises ValueError for a log without rows."""
    if not rows:
        raise ValueError("the log has no rows")
    episodes = [int(row["episodes"]) for row in rows]
    last, top = max(episodes), max(float(row["mask"]) for row in rows)

    def place(episode: int, value: float) -> str:
        x = MARGIN + (WIDTH - 2 * MARGIN) * episode / last
        y = HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * value / top
        return f"{x:.1f},{y:.1f}"

    axis = f'<path d="M{MARGIN},{MARGIN}V{HEIGHT - MARGIN}H{WIDTH - MARGIN}" fill="none" stroke="#888"/>'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>{axis}',
        f'<text x="{MARGIN}" y="24">{title}</text>',
        f'<text x="{WIDTH - MARGIN}" y="{HEIGHT - 16}" text-anchor="end">{last} episodes</text>',
        f'<text x="{MARGIN - 6}" y="{MARGIN + 4}" text-anchor="end">{top:.1f}</text>',
        f'<text x="{MARGIN - 6}" y="{HEIGHT - MARGIN}" text-anchor="end">0</text>',
    ]
    for i, (name, label, colour) in enumerate(SERIES):
        values = smooth([float(row[name]) for row in rows])
        points = " ".join(place(e, v) for e, v in zip(episodes, values, strict=True))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        parts.append(
            f'<text x="{WIDTH - MARGIN}" y="{MARGIN + 16 * i}" fill="{colour}" text-anchor="end">{label}</text>'
        )
    return "\n".join([*parts, "</svg>"]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("log", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--title", default="")
    args = parser.parse_args()
    with args.log.open(newline="") as file:
        rows = list(csv.DictReader(file))
    args.out.write_text(draw(rows, args.title))


if __name__ == "__main__":
    run_command(main)
