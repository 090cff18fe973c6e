import { randomUUID } from 'node:crypto'
import { classRecordSchema } from '../../shared/domain/records.ts'
import type { ClassRecord } from '../../shared/domain/records.ts'
import { AppError } from '../../shared/errors.ts'
import { classColour } from '../../shared/domain/palette.ts'
import type { ProjectStore } from '../store/store-port.ts'
import { makeEntry } from './entries.ts'

/** The class of that name. Throws `NotFound` naming the classes there are. */
export function requireClass(store: ProjectStore, name: string): ClassRecord {
  const found = store.classes.byName(name)
  if (found !== undefined) return found
  const names = store.classes.list().map((each) => each.name)
  const known = names.length === 0 ? 'The project has no classes yet.' : `Its classes are: ${names.join(', ')}.`
  throw new AppError('NotFound', 'classNotFound', `There is no class "${name}" in this project. ${known}`, {
    params: { name },
  })
}

/** The class of that name, made if it does not exist yet (one history entry). */
export function ensureClass(store: ProjectStore, name: string): ClassRecord {
  const found = store.classes.byName(name)
  if (found !== undefined) return found
  const record = newClass(store, name)
  store.history.commit(
    makeEntry('addClass', { class: record.name }, [], [{ kind: 'class', before: null, after: record }]),
  )
  return record
}

/**
 * A record for a class that does not exist yet: next colour, next free digit, last position. Throws
 * `InvalidInput` for a name that a class cannot have.
 */
export function newClass(store: ProjectStore, name: string, ahead = 0): ClassRecord {
  const checked = classRecordSchema.shape.name.safeParse(name)
  if (!checked.success) {
    const shown = name.trim().slice(0, 40)
    throw new AppError(
      'InvalidInput',
      'className',
      shown === ''
        ? 'A class needs a name: choose one of 1 to 200 characters.'
        : `The class name "${shown}…" is too long: choose one of 1 to 200 characters.`,
      { params: { name: shown } },
    )
  }
  const existing = store.classes.list()
  const taken = new Set(existing.map((each) => each.key))
  const free = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '0'].filter((key) => !taken.has(key))
  const position = existing.reduce((last, each) => Math.max(last, each.position + 1), 0) + ahead
  return {
    id: randomUUID(),
    name: checked.data,
    colour: classColour(position),
    key: free[ahead] ?? null,
    parentId: null,
    split: 'region',
    position,
  }
}
