import type { Migration } from './migration.ts'

/** An annotation may stand for a group of objects. What was there before stands for one. */
export const annotationCrowdMigration: Migration = {
  version: 30,
  slug: 'annotation-crowd',
  sql: 'ALTER TABLE annotation ADD COLUMN crowd INTEGER NOT NULL DEFAULT 0 CHECK (crowd IN (0, 1));',
}
