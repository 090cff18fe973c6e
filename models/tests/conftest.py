"""One thread for every test: the models are tiny, and waiting threads on a busy machine make seconds minutes."""

from __future__ import annotations

import torch

torch.set_num_threads(1)
