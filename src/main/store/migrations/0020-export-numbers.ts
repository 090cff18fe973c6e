import type { Migration } from './migration.ts'

/**
 * The integers that stand for records in exported files. No foreign keys: a number outlives its record, so that it never
 * comes to mean another one. See docs/adr/0014-stable-export-numbers.md.
 */
export const exportNumbersMigration: Migration = {
  version: 20,
  slug: 'export-numbers',
  sql: `
CREATE TABLE export_number (
  kind TEXT NOT NULL CHECK (kind IN ('image', 'class', 'annotation')),
  record_id TEXT NOT NULL,
  number INTEGER NOT NULL CHECK (number >= 1),
  PRIMARY KEY (kind, record_id),
  UNIQUE (kind, number)
) STRICT, WITHOUT ROWID;
`,
}
