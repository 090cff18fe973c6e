import type { SegmentSpec } from '../../shared/contract/contract.ts'
import { AppError } from '../../shared/errors.ts'
import type { EngineClass, EngineInfo } from '../engine/engine-port.ts'
import type { ProjectStore } from '../store/store-port.ts'
import type { ProposingClass } from './proposals.ts'

/** A class of a job: what the engine needs to find it and what its proposals carry. */
export type JobClass = EngineClass & ProposingClass

/**
 * Ids of the classes that a job is about. Throws `InvalidInput` naming the class that has not learnt
 * anything, or when `all` finds none that has; `NotFound` for a class that does not exist.
 */
export function classIdsOf(store: ProjectStore, classIds: SegmentSpec['classIds']): readonly string[] {
  if (classIds !== 'all') {
    const unique = [...new Set(classIds)]
    for (const classId of unique) currentVersionId(store, classId)
    return unique
  }
  const learned = store.classes.list().filter((entry) => entry.currentVersionId !== null)
  if (learned.length > 0) return learned.map((entry) => entry.id)
  throw new AppError(
    'InvalidInput',
    'nothingLearnt',
    'No class has examples yet. Outline one in an image and use it as an example.',
  )
}

/**
 * Loads the current version of each class. Throws as `classIdsOf` does, and `ModelMismatch` when a
 * version was altered or learnt with another model than the engine runs.
 */
export function loadClasses(store: ProjectStore, classIds: readonly string[], info: EngineInfo): readonly JobClass[] {
  return classIds.map((classId) => {
    const { name, split } = store.classes.get(classId)
    const { record, state } = store.versions.load(currentVersionId(store, classId))
    if (record.modelHash !== info.modelHash) {
      throw new AppError(
        'ModelMismatch',
        'versionOfOtherModel',
        `Class ${name} learnt with another model than the one in use. Press "Learn again" (on the command line: learn) to learn it anew from its examples.`,
        { params: { class: name } },
      )
    }
    return {
      classId,
      split,
      versionId: record.id,
      versionHash: record.hash,
      state: { bytes: state, threshold: record.threshold, scores: record.scores },
    }
  })
}

function currentVersionId(store: ProjectStore, classId: string): string {
  const { name } = store.classes.get(classId)
  const current = store.versions.current(classId)
  if (current !== null) return current.id
  throw new AppError(
    'InvalidInput',
    'classWithoutExamples',
    `Class ${name} has no examples yet. Outline it in one image and use it as an example.`,
    { params: { class: name } },
  )
}
