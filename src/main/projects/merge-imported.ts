import { randomUUID } from 'node:crypto'
import type { AnnotationImportSpec } from '../../shared/contract/contract.ts'
import { coreOf, createAnnotation, removeAnnotation } from '../../shared/domain/annotations.ts'
import type { Operation } from '../../shared/domain/history.ts'
import type { AnnotationCore, AnnotationRecord, Box, SupportRecord } from '../../shared/domain/records.ts'
import { tilesArea, tilesBounds, tilesEqual } from '../../shared/mask/tiles.ts'
import type { ImportedAnnotation } from '../formats/format-types.ts'
import type { ProjectStore } from '../store/store-port.ts'
import type { OriginalIds } from './original-numbers.ts'

/** What becomes of imported annotations, as `AnnotationImportReport` counts it. */
export const noCounts = { annotations: 0, unchanged: 0, kept: 0, replaced: 0, crowdsChanged: 0, crowdsKept: 0 }
export const countKeys = ['annotations', 'unchanged', 'kept', 'replaced', 'crowdsChanged', 'crowdsKept'] as const

interface Merged {
  readonly operations: readonly Operation[]
  /** The file's ids of annotations, by their ids here. */
  readonly originalIds: OriginalIds
  /** Ids of the annotations that go. */
  readonly removed: ReadonlySet<string>
  readonly counts: Readonly<typeof noCounts>
}

/** What has to happen to one image, class by class: conflicts are about a class, not about single objects. */
export function mergeInto(
  store: ProjectStore,
  imageId: string,
  imported: readonly ImportedAnnotation[],
  classIdOf: (name: string) => string,
  spec: AnnotationImportSpec,
): Merged {
  const operations: Operation[] = []
  const originalIds = new Map<string, string | undefined>()
  const removed = new Set<string>()
  const counts = { ...noCounts }
  const replaces = spec.conflicts === 'replace'
  const present = Map.groupBy(store.annotations.ofImage(imageId), ({ classId }) => classId)
  const supports = new Map(
    (replaces ? store.supports.ofImage(imageId) : []).map((support): [string, SupportRecord] => [
      support.annotationId,
      support,
    ]),
  )
  for (const [classId, brought] of Map.groupBy(imported, ({ className }) => classIdOf(className))) {
    const there = present.get(classId) ?? []
    const { alike, others } = pairAlike(store, there, brought, spec.as)
    counts.unchanged += brought.length - others.length
    for (const [record, { crowd }] of alike) {
      if (crowd === null || crowd === record.crowd) continue
      counts[replaces ? 'crowdsChanged' : 'crowdsKept']++
      const before = coreOf(record)
      if (replaces) operations.push({ kind: 'annotation', before, after: { ...before, crowd } })
    }
    // A proposal is nobody's word yet: it keeps nothing out, and it takes nothing away that a person has accepted.
    const isSpoken = there.some(({ state }) => state === 'accepted' || spec.as === 'proposed')
    if (others.length > 0 && isSpoken && spec.conflicts === 'keep') {
      counts.kept += others.length
      continue
    }
    if (replaces) {
      const gone = there.filter(
        (record) => !alike.has(record) && (record.state === 'proposed' || spec.as === 'accepted'),
      )
      for (const record of gone) {
        const tiles = store.annotations.tiles(record.id)
        removed.add(record.id)
        operations.push(...removeAnnotation(coreOf(record), tiles, supports.get(record.id)))
      }
      counts.replaced += gone.length
    }
    for (const annotation of others) {
      const core = coreFor(annotation, imageId, classId, annotation.state ?? spec.as)
      operations.push(...createAnnotation(core, annotation.tiles))
      originalIds.set(core.id, annotation.originalId ?? undefined)
    }
    for (const [{ id }, annotation] of alike) originalIds.set(id, annotation.originalId ?? undefined)
    counts.annotations += others.length
  }
  return { operations, originalIds, removed, counts }
}

/** Annotations that the file has too, one for one, and what the file has besides. */
function pairAlike(
  store: ProjectStore,
  there: readonly AnnotationRecord[],
  brought: readonly ImportedAnnotation[],
  state: AnnotationCore['state'],
): {
  readonly alike: ReadonlyMap<AnnotationRecord, ImportedAnnotation>
  readonly others: readonly ImportedAnnotation[]
} {
  const alike = new Map<AnnotationRecord, ImportedAnnotation>()
  if (there.length === 0) return { alike, others: brought }
  // Pixels are compared only where box and area agree already: an image may have thousands of one class.
  const byLook = Map.groupBy(there, ({ kind, area, bounds, state: own }) => lookOf(kind, area, bounds, own))
  const pairedWith = (annotation: ImportedAnnotation, isMeant: (record: AnnotationRecord) => boolean): boolean => {
    const bounds = annotation.box ?? tilesBounds(annotation.tiles)
    const look = lookOf(annotation.kind, tilesArea(annotation.tiles), bounds, annotation.state ?? state)
    const twins = byLook.get(look) ?? []
    const at = twins.findIndex(
      (record) =>
        isMeant(record) && (record.kind === 'box' || tilesEqual(store.annotations.tiles(record.id), annotation.tiles)),
    )
    // Each is matched once.
    for (const twin of at < 0 ? [] : twins.splice(at, 1)) alike.set(twin, annotation)
    return at >= 0
  }
  // Of equal ones, those that agree about the group belong together; only then is a mark one that changed.
  const left = brought.filter((each) => !pairedWith(each, ({ crowd }) => crowd === (each.crowd ?? crowd)))
  return { alike, others: left.filter((each) => !pairedWith(each, () => true)) }
}

function lookOf(kind: string, area: number, bounds: Box | null, state: string): string {
  return JSON.stringify([kind, kind === 'box' ? 0 : area, bounds, state])
}

function coreFor(
  annotation: ImportedAnnotation,
  imageId: string,
  classId: string,
  state: AnnotationCore['state'],
): AnnotationCore {
  return {
    id: randomUUID(),
    imageId,
    classId,
    kind: annotation.kind,
    origin: 'imported',
    state,
    score: annotation.score ?? null,
    versionId: null,
    polygon: null,
    crowd: annotation.crowd ?? false,
    box: annotation.box,
    createdAt: new Date().toISOString(),
  }
}
