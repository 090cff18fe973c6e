import { initialMigration } from './0010-initial.ts'
import type { Migration } from './migration.ts'

/** Every step there is, oldest first. */
export const migrations: readonly Migration[] = [initialMigration]
