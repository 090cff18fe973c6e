"""`manifest.json`: what the application needs to know of each model file, with its hash."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

SCHEMA_VERSION = 1


def describe_file(path: Path) -> dict[str, object]:
    data = path.read_bytes()
    return {"file": path.name, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


def put_model(manifest: Path, entry: dict[str, object]) -> None:
    """Adds `entry` to the manifest, or replaces the entry with the same id; other entries stay as they are."""
    found = json.loads(manifest.read_text()) if manifest.exists() else {"schemaVersion": SCHEMA_VERSION, "models": []}
    models = [m for m in found["models"] if m["id"] != entry["id"]]
    at = next((i for i, m in enumerate(found["models"]) if m["id"] == entry["id"]), len(models))
    models.insert(at, entry)
    found["models"] = models
    manifest.write_text(json.dumps(found, indent=2) + "\n")
