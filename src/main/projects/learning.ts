import { randomUUID } from 'node:crypto'
import type { LearnResult } from '../../shared/contract/contract.ts'
import type { Operation } from '../../shared/domain/history.ts'
import type { AnnotationRecord, SupportRecord, VersionRecord } from '../../shared/domain/records.ts'
import { AppError, isAppError, throwIfAborted } from '../../shared/errors.ts'
import type { Engine, EngineImage } from '../engine/engine-port.ts'
import type { SupportState } from '../engine/predictor.ts'
import type { ProjectStore, StoredVersion } from '../store/store-port.ts'
import { makeEntry } from './entries.ts'
import { storedMaskHash } from './mask-hash.ts'
import type { RunOptions } from './run-options.ts'

/** How a class learns: examples in, an immutable version out, one history entry around both. */

export interface LearningContext {
  readonly store: ProjectStore
  readonly engine: Engine
  readonly imageFor: (imageId: string) => EngineImage
}

/**
 * Corrections that one *Learn* may add. Each support costs time in every later prediction; the newest
 * corrections speak about the mistakes the current version makes. [Note: bounded supports]
 */
const maximumSupports = 20

/**
 * Gives annotations a role (or takes it away), and makes and adopts a new version of every class whose
 * examples changed. Nothing is written when encoding fails: the engine's work comes first.
 */
export async function setSupports(
  context: LearningContext,
  annotationIds: readonly string[],
  role: SupportRecord['role'] | 'none',
  options: RunOptions = {},
): Promise<VersionRecord[]> {
  const { store } = context
  const records = annotationIds.map((id) => store.annotations.get(id))
  for (const record of records) requireUsable(store, record)
  const operations: Operation[] = []
  const versions: VersionRecord[] = []
  for (const classId of new Set(records.map((record) => record.classId))) {
    const current = store.supports.ofClass(classId)
    const changes = records
      .filter((record) => record.classId === classId)
      .flatMap((record) => roleChange(current, record, role))
    if (changes.length === 0 && (role !== 'example' || (await isUsable(context, classId)))) continue
    operations.push(...changes)
    const next = applyChanges(current, changes)
    const learned = await learnFrom(context, classId, next, options)
    if (learned.version !== null) versions.push(learned.version)
    operations.push(...learned.operations)
  }
  if (operations.length > 0) {
    store.history.commit(
      makeEntry(
        role === 'none' ? 'removeSupport' : 'addSupport',
        { count: records.length },
        records.map((record) => record.imageId),
        operations,
      ),
    )
  }
  return versions
}

/** *Learn*: accepted corrections and changed examples make a new version, adopted at once. */
export async function learn(
  context: LearningContext,
  classId: string,
  options: RunOptions = {},
): Promise<Omit<LearnResult, 'refreshJobId'>> {
  const { store } = context
  const name = store.classes.get(classId).name
  const current = store.supports.ofClass(classId)
  const room = Math.max(0, maximumSupports - current.filter((support) => support.role === 'example').length)
  const corrections = store.annotations.unlearned(classId).filter((record) => record.area > 0)
  const chosen = corrections.slice(0, room)
  const changes = chosen.flatMap((record) => roleChange(current, record, 'example'))
  const next = applyChanges(current, changes)
  const isDue =
    chosen.length > 0 ||
    changedExamples(store, classId) > 0 ||
    (current.length > 0 && !(await isUsable(context, classId)))
  if (!isDue || examplesOf(store, next).length === 0) {
    const reason =
      corrections.length === 0
        ? `There is nothing new to learn for ${name}: correct a proposal and accept it first.`
        : `${name} already learns from ${maximumSupports} examples, the most it can hold. Remove one to make room.`
    const reasonKey = corrections.length === 0 ? 'nothingNew' : 'full'
    return { adopted: false, version: null, reason, reasonKey, newExamples: 0 }
  }
  const learned = await learnFrom(context, classId, next, options)
  store.history.commit(
    makeEntry(
      'learn',
      { class: name, version: learned.version?.number ?? 0 },
      chosen.map((record) => record.imageId),
      [...changes, ...learned.operations],
    ),
  )
  return { adopted: true, version: learned.version, reason: null, reasonKey: null, newExamples: chosen.length }
}

/**
 * How many of the examples behind the current version have other pixels by now, or are no examples any more, and how many
 * examples no version has seen: those that came from another class.
 */
export function changedExamples(store: ProjectStore, classId: string): number {
  const learnt = store.versions.current(classId)?.supports ?? []
  const supports = store.supports.ofClass(classId).filter((each) => each.role === 'example')
  const examples = new Set(supports.map((each) => each.annotationId))
  const changed = learnt.filter(
    (support) =>
      !examples.has(support.annotationId) || storedMaskHash(store, support.annotationId) !== support.maskHash,
  )
  return changed.length + unseen(store, classId, examplesOf(store, supports), learnt).length
}

function unseen(
  store: ProjectStore,
  classId: string,
  examples: readonly SupportRecord[],
  learnt: VersionRecord['supports'],
): readonly SupportRecord[] {
  const known = new Set(learnt.map((each) => each.annotationId))
  if (examples.every((each) => known.has(each.annotationId))) return []
  // An earlier version that was made current again leaves the later examples out on purpose.
  for (const version of store.versions.ofClass(classId)) {
    for (const { annotationId } of version.supports) known.add(annotationId)
  }
  return examples.filter((each) => !known.has(each.annotationId))
}

/** Whether the current version works here: made with the model that runs, and undamaged. */
async function isUsable({ store, engine }: LearningContext, classId: string): Promise<boolean> {
  const current = store.versions.current(classId)
  return current === null || loadFor(store, current, (await engine.info()).modelHash) !== null
}

/** The version with its bytes; null when it was made with another model or is damaged. */
function loadFor(store: ProjectStore, version: VersionRecord, modelHash: string): StoredVersion | null {
  if (version.modelHash !== modelHash) return null
  try {
    return store.versions.load(version.id)
  } catch (error) {
    if (isAppError(error, 'ModelMismatch')) return null
    throw error
  }
}

/** The supports that can be learnt from: an example that was erased altogether says nothing. */
function examplesOf(store: ProjectStore, supports: readonly SupportRecord[]): SupportRecord[] {
  return supports.filter(
    (support) => support.role === 'example' && store.annotations.get(support.annotationId).area > 0,
  )
}

/** Makes an earlier version current again; nothing is deleted. */
export function restoreVersion(store: ProjectStore, classId: string, versionId: string): VersionRecord {
  const version = store.versions.get(versionId)
  if (version.classId !== classId) {
    throw new AppError('InvalidInput', 'versionOfOtherClass', `Version ${version.number} belongs to another class.`)
  }
  const before = store.versions.current(classId)
  if (before?.id === versionId) return version
  const operation: Operation = { kind: 'version', classId, before: before?.id ?? null, after: versionId }
  store.history.commit(
    makeEntry('restoreVersion', { class: store.classes.get(classId).name, version: version.number }, [], [operation]),
  )
  return version
}

async function learnFrom(
  context: LearningContext,
  classId: string,
  supports: readonly SupportRecord[],
  options: RunOptions,
): Promise<{ readonly version: VersionRecord | null; readonly operations: Operation[] }> {
  const { store } = context
  const parent = store.versions.current(classId)
  const examples = examplesOf(store, supports)
  if (examples.length === 0) {
    const operations: Operation[] =
      parent === null ? [] : [{ kind: 'version', classId, before: parent.id, after: null }]
    return { version: null, operations }
  }
  const version = await makeVersion(context, classId, parent, examples, options)
  return { version, operations: [{ kind: 'version', classId, before: parent?.id ?? null, after: version.id }] }
}

async function makeVersion(
  context: LearningContext,
  classId: string,
  parent: VersionRecord | null,
  examples: readonly SupportRecord[],
  options: RunOptions,
): Promise<VersionRecord> {
  const { store, engine } = context
  const info = await engine.info()
  const known = statesOf(store, parent, info.modelHash)
  const supports: VersionRecord['supports'] = []
  const states: SupportState[] = []
  for (const [index, example] of examples.entries()) {
    throwIfAborted(options.signal)
    const image = store.images.get(example.imageId)
    const hash = storedMaskHash(store, example.annotationId)
    options.progress?.({ done: index, total: examples.length, note: image.name })
    const state =
      known.get(`${image.contentHash}:${hash}`) ??
      (await engine.encodeSupport(
        context.imageFor(image.id),
        { width: image.width, height: image.height, tiles: store.annotations.tiles(example.annotationId) },
        { signal: options.signal, priority: 'interactive' },
      ))
    supports.push({
      annotationId: example.annotationId,
      imageId: image.id,
      contentHash: image.contentHash,
      maskHash: hash,
    })
    states.push(state)
  }
  const fitted = await engine.fit(states, { signal: options.signal, priority: 'interactive' })
  throwIfAborted(options.signal)
  return store.versions.add({
    record: {
      id: randomUUID(),
      classId,
      parentId: parent?.id ?? null,
      createdAt: new Date().toISOString(),
      predictor: info.predictor,
      modelHash: info.modelHash,
      supports,
      threshold: fitted.threshold,
      scores: { ...fitted.scores },
    },
    state: fitted.bytes,
    supportStates: states,
  })
}

/** The parent's encoded supports by image content and mask, as far as they can be used. */
function statesOf(
  store: ProjectStore,
  parent: VersionRecord | null,
  modelHash: string,
): ReadonlyMap<string, SupportState> {
  const states = new Map<string, SupportState>()
  const stored = parent === null ? null : loadFor(store, parent, modelHash)
  if (stored === null) return states
  for (const [index, support] of stored.record.supports.entries()) {
    const state = stored.supportStates[index]
    if (state !== undefined) states.set(`${support.contentHash}:${support.maskHash}`, state)
  }
  return states
}

function requireUsable(store: ProjectStore, record: AnnotationRecord): void {
  const where = { image: store.images.get(record.imageId).name, class: store.classes.get(record.classId).name }
  if (record.state !== 'accepted') {
    throw new AppError(
      'InvalidInput',
      'supportNotAccepted',
      `The ${where.class} in ${where.image} is only a proposal. Accept or correct it before you use it as an example.`,
      { params: where },
    )
  }
  if (record.kind !== 'mask' || record.area === 0) {
    throw new AppError(
      'InvalidInput',
      'supportNotMask',
      `The ${where.class} in ${where.image} has no pixels to learn from. Paint it before you use it as an example.`,
      { params: where },
    )
  }
}

function roleChange(
  current: readonly SupportRecord[],
  record: AnnotationRecord,
  role: SupportRecord['role'] | 'none',
): Operation[] {
  const before = current.find((support) => support.annotationId === record.id) ?? null
  if ((before?.role ?? 'none') === role) return []
  const after: SupportRecord | null =
    role === 'none'
      ? null
      : {
          annotationId: record.id,
          classId: record.classId,
          imageId: record.imageId,
          role,
          addedAt: before?.addedAt ?? new Date().toISOString(),
        }
  return [{ kind: 'support', before, after }]
}

function applyChanges(current: readonly SupportRecord[], changes: readonly Operation[]): SupportRecord[] {
  const next = new Map(current.map((support) => [support.annotationId, support]))
  for (const change of changes) {
    if (change.kind !== 'support') continue
    if (change.before !== null) next.delete(change.before.annotationId)
    if (change.after !== null) next.set(change.after.annotationId, change.after)
  }
  return [...next.values()]
}
