import type { Migration } from './migration.ts'

/**
 * The first schema. Three columns are worth a word:
 * - `visible` of image and annotation repeats `batch.present`, so that no list has to join the batch;
 * - the counters of an image are written by one statement (`refreshImage`) and everything derived
 *   from them (`status`, `worst_order`) is a generated column, so it cannot disagree with them;
 * - `version.class_id` and `annotation.version_id` are no foreign keys: a version outlives its class,
 *   because undoing the class must be possible and redoing it must find what it had learnt.
 */
export const initialMigration: Migration = {
  version: 10,
  slug: 'initial',
  sql: `
CREATE TABLE project (
  singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
  id TEXT NOT NULL,
  name TEXT NOT NULL CHECK (length(name) > 0),
  created_at TEXT NOT NULL,
  revision INTEGER NOT NULL CHECK (revision >= 0),
  history_cursor INTEGER NOT NULL CHECK (history_cursor >= 0)
) STRICT;

CREATE TABLE batch (
  id TEXT PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 64),
  present INTEGER NOT NULL CHECK (present IN (0, 1)),
  created_seq INTEGER NOT NULL
) STRICT;

CREATE TABLE image (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE CHECK (length(id) BETWEEN 1 AND 64),
  batch_id TEXT NOT NULL REFERENCES batch (id) ON DELETE CASCADE,
  visible INTEGER NOT NULL CHECK (visible IN (0, 1)),
  content_hash TEXT NOT NULL CHECK (length(content_hash) > 0),
  name TEXT NOT NULL CHECK (length(name) > 0),
  name_order TEXT NOT NULL,
  name_folded TEXT NOT NULL,
  path TEXT NOT NULL CHECK (length(path) > 0),
  width INTEGER NOT NULL CHECK (width > 0),
  height INTEGER NOT NULL CHECK (height > 0),
  orientation INTEGER NOT NULL CHECK (orientation BETWEEN 1 AND 8),
  format TEXT NOT NULL CHECK (format IN ('jpeg', 'png', 'webp', 'tiff')),
  reviewed INTEGER NOT NULL DEFAULT 0 CHECK (reviewed IN (0, 1)),
  problem TEXT,
  added_at TEXT NOT NULL,
  annotation_count INTEGER NOT NULL DEFAULT 0 CHECK (annotation_count >= 0),
  proposed_count INTEGER NOT NULL DEFAULT 0 CHECK (proposed_count BETWEEN 0 AND annotation_count),
  verdict_count INTEGER NOT NULL DEFAULT 0 CHECK (verdict_count >= 0),
  lowest_score REAL,
  overlay_revision INTEGER NOT NULL,
  status TEXT NOT NULL GENERATED ALWAYS AS (
    CASE
      WHEN problem IS NOT NULL THEN 'setAside'
      WHEN reviewed = 1 AND annotation_count = proposed_count THEN 'reviewedEmpty'
      WHEN reviewed = 1 THEN 'reviewed'
      WHEN proposed_count > 0 THEN 'proposals'
      WHEN annotation_count > 0 OR verdict_count > 0 THEN 'labelled'
      ELSE 'unlabelled'
    END
  ) VIRTUAL,
  worst_order REAL NOT NULL GENERATED ALWAYS AS (
    CASE WHEN proposed_count = 0 THEN 3.0 ELSE coalesce(lowest_score, 2.0) END
  ) VIRTUAL,
  UNIQUE (batch_id, name),
  UNIQUE (batch_id, content_hash)
) STRICT;
CREATE UNIQUE INDEX image_unique_name ON image (name) WHERE visible = 1;
CREATE UNIQUE INDEX image_unique_content ON image (content_hash) WHERE visible = 1;
CREATE INDEX image_list_by_name ON image (name_order, number) WHERE visible = 1;
CREATE INDEX image_list_by_worst ON image (worst_order, name_order, number) WHERE visible = 1;
CREATE INDEX image_list_by_added ON image (number) WHERE visible = 1;
CREATE INDEX image_status_by_added ON image (status, number) WHERE visible = 1;
CREATE INDEX image_status_by_name ON image (status, name_order, number) WHERE visible = 1;
CREATE INDEX image_status_by_worst ON image (status, worst_order, name_order, number) WHERE visible = 1;

CREATE TABLE class (
  id TEXT PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 64),
  name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  name_folded TEXT NOT NULL UNIQUE,
  colour TEXT NOT NULL CHECK (length(colour) = 7),
  key TEXT CHECK (length(key) = 1),
  parent_id TEXT REFERENCES class (id),
  split TEXT NOT NULL CHECK (split IN ('region', 'instances')),
  position INTEGER NOT NULL,
  current_version_id TEXT
) STRICT;
CREATE INDEX class_children ON class (parent_id) WHERE parent_id IS NOT NULL;

CREATE TABLE annotation (
  id TEXT PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 64),
  image_id TEXT NOT NULL REFERENCES image (id) ON DELETE CASCADE,
  class_id TEXT NOT NULL REFERENCES class (id),
  visible INTEGER NOT NULL CHECK (visible IN (0, 1)),
  kind TEXT NOT NULL CHECK (kind IN ('mask', 'box')),
  origin TEXT NOT NULL CHECK (origin IN ('drawn', 'predicted', 'corrected', 'imported')),
  state TEXT NOT NULL CHECK (state IN ('proposed', 'accepted')),
  score REAL CHECK (score BETWEEN 0 AND 1),
  version_id TEXT,
  box TEXT CHECK (box IS NULL OR json_valid(box)),
  created_at TEXT NOT NULL,
  area INTEGER NOT NULL CHECK (area >= 0),
  bounds_x REAL NOT NULL,
  bounds_y REAL NOT NULL,
  bounds_width REAL NOT NULL,
  bounds_height REAL NOT NULL,
  mask_revision INTEGER NOT NULL,
  polygon TEXT CHECK (polygon IS NULL OR json_valid(polygon)),
  CHECK ((kind = 'box') = (box IS NOT NULL)),
  CHECK (kind = 'mask' OR polygon IS NULL)
) STRICT;
CREATE INDEX annotation_of_image ON annotation (image_id, state, score);
CREATE INDEX annotation_of_class ON annotation (class_id, state, origin, created_at, image_id) WHERE visible = 1;

CREATE TABLE mask_tile (
  annotation_id TEXT NOT NULL REFERENCES annotation (id) ON DELETE CASCADE,
  y INTEGER NOT NULL CHECK (y >= 0),
  x INTEGER NOT NULL CHECK (x >= 0),
  area INTEGER NOT NULL CHECK (area > 0),
  min_x INTEGER NOT NULL,
  min_y INTEGER NOT NULL,
  max_x INTEGER NOT NULL,
  max_y INTEGER NOT NULL,
  runs BLOB NOT NULL CHECK (length(runs) > 0),
  PRIMARY KEY (annotation_id, y, x)
) STRICT;

CREATE TABLE support (
  annotation_id TEXT PRIMARY KEY REFERENCES annotation (id),
  class_id TEXT NOT NULL REFERENCES class (id),
  image_id TEXT NOT NULL REFERENCES image (id),
  role TEXT NOT NULL CHECK (role IN ('example', 'heldOut')),
  added_at TEXT NOT NULL
) STRICT;
CREATE INDEX support_of_class ON support (class_id, added_at);
CREATE INDEX support_of_image ON support (image_id, added_at);

CREATE TABLE verdict (
  image_id TEXT NOT NULL REFERENCES image (id),
  class_id TEXT NOT NULL REFERENCES class (id),
  PRIMARY KEY (image_id, class_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX verdict_of_class ON verdict (class_id);

CREATE TABLE parked_proposals (
  class_id TEXT PRIMARY KEY,
  seq INTEGER NOT NULL,
  operations BLOB NOT NULL
) STRICT;

CREATE TABLE history_entry (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE CHECK (length(id) BETWEEN 1 AND 64),
  schema_version INTEGER NOT NULL,
  base_revision INTEGER NOT NULL,
  created_at TEXT NOT NULL,
  label_key TEXT NOT NULL,
  label_params TEXT NOT NULL CHECK (json_valid(label_params)),
  image_ids TEXT NOT NULL CHECK (json_valid(image_ids)),
  operations BLOB NOT NULL
) STRICT;
CREATE TABLE history_touch (
  annotation_id TEXT NOT NULL,
  seq INTEGER NOT NULL REFERENCES history_entry (seq) ON DELETE CASCADE,
  PRIMARY KEY (annotation_id, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX history_touch_of_entry ON history_touch (seq);

CREATE TABLE blob (
  hash TEXT PRIMARY KEY CHECK (length(hash) = 64),
  bytes BLOB NOT NULL
) STRICT;
CREATE TABLE version (
  id TEXT PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 64),
  class_id TEXT NOT NULL,
  number INTEGER NOT NULL CHECK (number > 0),
  parent_id TEXT,
  created_at TEXT NOT NULL,
  predictor TEXT NOT NULL,
  model_hash TEXT NOT NULL,
  hash TEXT NOT NULL CHECK (length(hash) = 64),
  supports TEXT NOT NULL CHECK (json_valid(supports)),
  threshold REAL NOT NULL,
  scores TEXT NOT NULL CHECK (json_valid(scores)),
  state_hash TEXT NOT NULL REFERENCES blob (hash),
  support_hashes TEXT NOT NULL CHECK (json_valid(support_hashes)),
  UNIQUE (class_id, number)
) STRICT;
CREATE TRIGGER version_immutable BEFORE UPDATE ON version
BEGIN SELECT RAISE(ABORT, 'versions are immutable'); END;
CREATE TRIGGER blob_immutable BEFORE UPDATE ON blob
BEGIN SELECT RAISE(ABORT, 'blobs are immutable'); END;

CREATE TABLE job (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE CHECK (length(id) BETWEEN 1 AND 64),
  spec TEXT NOT NULL CHECK (json_valid(spec)),
  state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'paused', 'done', 'cancelled', 'failed')),
  created_at TEXT NOT NULL,
  finished_at TEXT,
  device TEXT,
  reason TEXT,
  total INTEGER NOT NULL CHECK (total >= 0),
  done INTEGER NOT NULL DEFAULT 0 CHECK (done >= 0),
  failed INTEGER NOT NULL DEFAULT 0 CHECK (failed >= 0),
  CHECK (done + failed <= total)
) STRICT;
CREATE TABLE job_item (
  job_id TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  image_id TEXT NOT NULL REFERENCES image (id) ON DELETE CASCADE,
  state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'done', 'failed')),
  reason TEXT,
  PRIMARY KEY (job_id, position),
  UNIQUE (job_id, image_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX job_item_pending ON job_item (job_id, position) WHERE state = 'pending';
CREATE INDEX job_item_failed ON job_item (job_id, position) WHERE state = 'failed';
CREATE INDEX job_item_of_image ON job_item (image_id);
`,
}
