"""Evaluates an exported results file against the exported instances file beside it with pycocotools.

Usage: check_results.py CASES.json, which holds {instances: path, results: path}. Prints one JSON object: how many results
loadRes took, and their average precision for masks and boxes.
"""

import contextlib
import json
import sys

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        cases = json.load(file)
    with contextlib.redirect_stdout(sys.stderr):
        truth = COCO(cases["instances"])
        results = truth.loadRes(cases["results"])
        precision = {kind: average_precision(truth, results, kind) for kind in ("segm", "bbox")}
    json.dump({"results": len(results.anns), "ap": precision}, sys.stdout)


def average_precision(truth: COCO, results: COCO, kind: str) -> float:
    evaluation = COCOeval(truth, results, kind)
    evaluation.evaluate()
    evaluation.accumulate()
    precision = evaluation.eval["precision"][:, :, :, 0, -1]
    return float(precision[precision > -1].mean())


main()
