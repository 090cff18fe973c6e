"""What Datumaro takes to read an instances file and to write it again: `time_datumaro.py FILE`.

FILE: JSON {root: the folder of a COCO data set, output: a folder to write to}. Pictures are neither read nor written.
Prints {seconds, peak: the largest memory of this process in bytes}.
"""

import json
import os
import resource
import sys
import time

from datumaro.components.dataset import Dataset

with open(sys.argv[1]) as file:
    job = json.load(file)
# It takes no labels without a folder for pictures.
os.makedirs(os.path.join(job["root"], "images", "default"), exist_ok=True)
start = time.perf_counter()
Dataset.import_from(job["root"], "coco_instances").export(job["output"], "coco_instances", save_media=False)
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"seconds": seconds, "peak": peak}))
