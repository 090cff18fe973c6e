import { initialMigration } from './0010-initial.ts'
import { exportNumbersMigration } from './0020-export-numbers.ts'
import { annotationCrowdMigration } from './0030-annotation-crowd.ts'
import type { Migration } from './migration.ts'

/** Every step there is, oldest first. */
export const migrations: readonly Migration[] = [initialMigration, exportNumbersMigration, annotationCrowdMigration]
