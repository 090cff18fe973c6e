import { createHash } from 'node:crypto'
import type { ExportSpec } from '../../shared/contract/contract.ts'
import type { Split } from '../../shared/domain/split.ts'
import { isAppError, throwIfAborted } from '../../shared/errors.ts'
import type { ExportContext, ExportSource } from './format-types.ts'
import { fingerprintHeight, fingerprintOf, fingerprintWidth, nearDuplicateGroups } from './near-duplicates.ts'
import type { Fingerprint } from './near-duplicates.ts'
import { selectImages } from './selection.ts'
import type { ExportProblems, SelectedImage } from './selection.ts'

/** Which image goes into which subset. */
export interface SplitPlan {
  /** Undefined for an image that was not selected when the split was planned. */
  readonly subsetOf: (imageId: string) => string | undefined
  /** Of all subsets; without a split that of the one which holds everything. */
  readonly names: readonly string[]
  /** Empty without a split. */
  readonly subsets: readonly PlannedSubset[]
}

export interface PlannedSubset {
  readonly name: string
  /** Wanted share of the images, 0 to 1. */
  readonly share: number
  readonly images: number
  /** Share of the images it has, 0 to 1. */
  readonly reached: number
}

interface Member {
  readonly id: string
  readonly name: string
}

/** As `planSplit` where a split is asked for, else everything is in one subset called `whole`. */
export async function planSubsets(
  source: ExportSource,
  spec: ExportSpec,
  whole: string,
  context: ExportContext,
  problems: ExportProblems,
): Promise<SplitPlan> {
  if (spec.split === null) return { subsetOf: () => whole, names: [whole], subsets: [] }
  return await planSplit(source, spec, spec.split, context, problems)
}

/** A selected image with the subset that it goes into. */
export interface PlannedImage extends SelectedImage {
  readonly subset: string
}

/**
 * The selected images that the plan knows. One that came into the project after the split had been planned waits for the next
 * export. Reports and throws as `selectImages`.
 */
export async function* plannedImages(
  source: ExportSource,
  plan: SplitPlan,
  spec: ExportSpec,
  context: ExportContext,
): AsyncGenerator<PlannedImage> {
  for await (const item of selectImages(source, spec, context)) {
    const subset = plan.subsetOf(item.source.image.id)
    if (subset !== undefined) yield { ...item, subset }
  }
}

/** The subsets for the report, with the images that they have in the end; nothing without a split. */
export function reachedSubsets(
  { subsets }: SplitPlan,
  images: ReadonlyMap<string, number>,
): { readonly subsets?: PlannedSubset[] } {
  const total = [...images.values()].reduce((sum, count) => sum + count, 0)
  if (subsets.length === 0) return {}
  return {
    subsets: subsets.map(({ name, share }) => {
      const count = images.get(name) ?? 0
      return { name, share, images: count, reached: total === 0 ? 0 : count / total }
    }),
  }
}

/**
 * Divides the selected images of an export among the subsets of `split`. Groups are taken in an order that only the seed and
 * their names decide, and each goes to the subset that lacks most, so no group is torn and shares are met to within the
 * largest group. Near-duplicates that end up in different subsets, and pictures that could not be compared, become problems.
 * Throws `Cancelled`.
 */
export async function planSplit(
  source: ExportSource,
  spec: ExportSpec,
  split: Split,
  context: ExportContext,
  problems: ExportProblems,
): Promise<SplitPlan> {
  const members: Member[] = []
  const fingerprints = new Map<string, Fingerprint>()
  for await (const { source: item } of selectImages(source, spec, context)) {
    members.push({ id: item.image.id, name: item.image.name })
    throwIfAborted(context.signal)
    try {
      fingerprints.set(
        item.image.id,
        fingerprintOf(await source.pixels(item, fingerprintWidth, fingerprintHeight, context.signal)),
      )
    } catch (error) {
      if (!isAppError(error) || error.code === 'Cancelled') throw error
      problems.add(
        item.image.name,
        `It could not be compared with the other pictures (${error.message}), so a near-duplicate of it may lie in another subset.`,
      )
    }
  }
  const similar = await nearDuplicateGroups(fingerprints, context.signal)
  const keyOf = (member: Member): string => {
    if (split.by === 'folder') return member.name.slice(0, member.name.lastIndexOf('/') + 1)
    return split.by === 'image' ? member.id : (similar.get(member.id) ?? member.id)
  }
  const groups = groupsOf(members, keyOf)
  const assigned = assign(groups, split, members.length)
  noteLeaks(members, similar, assigned, problems)
  const subsets = split.subsets.map(({ name, share }) => {
    const images = [...assigned.values()].filter((subset) => subset === name).length
    return { name, share, images, reached: members.length === 0 ? 0 : images / members.length }
  })
  noteEmpty(subsets, split.by, groups.length, problems)
  return { subsetOf: (imageId) => assigned.get(imageId), names: subsets.map(({ name }) => name), subsets }
}

function groupsOf(members: readonly Member[], keyOf: (member: Member) => string): Member[][] {
  const groups = new Map<string, Member[]>()
  for (const member of members) {
    const key = keyOf(member)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [member])
    else group.push(member)
  }
  return [...groups.values()]
}

function assign(groups: readonly (readonly Member[])[], split: Split, total: number): ReadonlyMap<string, string> {
  // By name and not by id: another project with the same pictures is divided in the same way.
  const order = (group: readonly Member[]): string => {
    const [first = ''] = group.map(({ name }) => name).toSorted()
    return createHash('sha256').update(`${split.seed}\n${first}`).digest('hex')
  }
  const lacks = split.subsets.map(({ name, share }) => ({ name, images: share * total }))
  const subsets = new Map<string, string>()
  const shuffled = groups.map((group) => ({ group, key: order(group) })).toSorted((a, b) => (a.key < b.key ? -1 : 1))
  for (const { group } of shuffled) {
    const subset = lacks.reduce((most, each) => (each.images > most.images ? each : most))
    subset.images -= group.length
    for (const { id } of group) subsets.set(id, subset.name)
  }
  return subsets
}

function noteLeaks(
  members: readonly Member[],
  similar: ReadonlyMap<string, string>,
  assigned: ReadonlyMap<string, string>,
  problems: ExportProblems,
): void {
  const torn = groupsOf(members, ({ id }) => similar.get(id) ?? id).filter(
    (group) => new Set(group.map(({ id }) => assigned.get(id))).size > 1,
  )
  for (const group of torn) {
    const [first, other] = [group[0], group.find(({ id }) => assigned.get(id) !== assigned.get(group[0]?.id ?? ''))]
    if (first === undefined || other === undefined) continue
    problems.add(
      first.name,
      `It looks like ${other.name}, but lies in ${assigned.get(first.id) ?? ''} and the other in ${assigned.get(other.id) ?? ''}: what is learnt from one is not new in the other. Split by near-duplicates to keep them together.`,
    )
  }
}

/** Most data sets lie in one folder, and a split by folder then leaves everything in one subset. */
function noteEmpty(subsets: readonly PlannedSubset[], by: Split['by'], groups: number, problems: ExportProblems): void {
  const total = subsets.reduce((sum, { images }) => sum + images, 0)
  const why = {
    folder: `all ${total} lie in ${groups === 1 ? 'one folder' : `${groups} folders`}, and a folder is never torn apart. Split by near-duplicates, or by image.`,
    'near-duplicate': `all ${total} are in ${groups === 1 ? 'one group' : `${groups} groups`} of pictures that look alike, and a group is never torn apart. Split by image.`,
    image: `there are too few for its share, ${total} in all. Give it a larger share.`,
  }
  for (const { name, images } of subsets) {
    if (images === 0 && total > 0) problems.add(name, `This subset has no image: ${why[by]}`)
  }
}
