import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '../../shared/errors.ts'
import { z } from '../../shared/zod.ts'
import type { ProjectStore } from '../store/store-port.ts'
import { newClass } from './classes.ts'
import { makeEntry } from './entries.ts'
import { sampleFolder } from './paths.ts'
import type { RunOptions } from './run-options.ts'
import type { Session } from './session.ts'

/** The last entry of a sample project in which nobody has done anything yet. */
const lastEntry = 'addSampleClasses'

const manifestSchema = z.object({ classes: z.record(z.string(), z.string()) })

/** Whether this installation has the pictures of the sample project. */
export function hasSample(): boolean {
  return existsSync(join(sampleFolder(), 'manifest.json'))
}

/** Class names of the sample by their ids. Throws `NotFound` where the sample is missing or incomplete. */
function sampleClasses(): readonly string[] {
  const file = join(sampleFolder(), 'manifest.json')
  try {
    return Object.values(manifestSchema.parse(JSON.parse(readFileSync(file, 'utf8'))).classes)
  } catch (cause) {
    throw new AppError(
      'NotFound',
      'sampleMissing',
      `The sample project is not part of this installation (${file}). Install Exemplar Studio again, or begin with images of your own.`,
      { params: { file }, cause },
    )
  }
}

/** Says so before anything is made for it. Throws `NotFound` where the sample is missing or incomplete. */
export function requireSample(): void {
  sampleClasses()
}

/**
 * Makes an empty project the sample project: copies of the pictures, so that it outlives an update of the program, and
 * the classes, without a single outline.
 */
export async function fillWithSample(session: Session, options: RunOptions = {}): Promise<void> {
  const names = sampleClasses()
  const { problems } = await session.importImages([join(sampleFolder(), 'images')], true, options)
  const [problem] = problems
  if (problem !== undefined) {
    throw new AppError(
      'Io',
      'sampleUnreadable',
      `${problem.name} of the sample project could not be copied: ${problem.reason}`,
      { params: { name: problem.name, reason: problem.reason } },
    )
  }
  const { store } = session
  const operations = names.map((name, index) => ({
    kind: 'class' as const,
    before: null,
    after: newClass(store, name, index),
  }))
  store.history.commit(makeEntry(lastEntry, { count: names.length }, [], operations))
}

/** Whether it is a sample project as it was made. */
export function isUntouchedSample(store: ProjectStore): boolean {
  const { undo, redo } = store.history.state()
  return undo?.labelKey === lastEntry && redo === null
}
