import type { Problem } from '../../shared/contract/contract.ts'
import { foldedClassName } from '../../shared/domain/class-names.ts'
import { classRecordSchema } from '../../shared/domain/records.ts'
import type { ImportedClass, ImportedDataSet, ImportedImage } from './format-types.ts'
import { Problems } from './problems.ts'

/**
 * A data set without the classes that a project cannot have, whatever the format: a name that is missing, too long or holds
 * control characters costs the class and its objects, in one sentence. Classes of the file that are one class here are
 * listed too. `path` is the file or folder that was read.
 */
export function withUsableClasses(path: string, dataSet: ImportedDataSet): ImportedDataSet {
  const objects = new Map<string, number>()
  for (const { name } of dataSet.classes) objects.set(name, 0)
  for (const { annotations } of dataSet.images) {
    for (const { className } of annotations) objects.set(className, (objects.get(className) ?? 0) + 1)
  }
  const refused = new Map(
    [...objects].flatMap(([name, count]) => {
      const reason = refusal(name, count)
      return reason === null ? [] : [[name, reason] as const]
    }),
  )
  const classes = dataSet.classes.filter(({ name }) => !refused.has(name))
  const problems = [...refused.values(), ...mergers(classes)].map((reason): Problem => ({ name: path, reason }))
  if (problems.length === 0) return dataSet
  const images = dataSet.images.map(({ reviewed, ...image }): ImportedImage => {
    const annotations = image.annotations.filter(({ className }) => !refused.has(className))
    const isWhole = annotations.length === image.annotations.length
    return { ...image, annotations, ...(isWhole && reviewed !== undefined ? { reviewed } : {}) }
  })
  const all = Problems.from(dataSet)
  all.push(...problems)
  return { ...dataSet, classes, images, ...all.found() }
}

function refusal(name: string, count: number): string | null {
  const trimmed = name.trim()
  const shown = trimmed.length > 40 ? `${trimmed.slice(0, 40)}…` : trimmed
  const what = `${count === 0 ? '' : ` and its ${count === 1 ? 'object' : `${count} objects`}`} ${count === 0 ? 'was' : 'were'} left out`
  if (trimmed === '') return `A class without a name${what}. Give it one in the file.`
  const classText = `The class "${shown.replaceAll(unprintable, '\uFFFD')}"${what}`
  if (trimmed.search(unprintable) >= 0) return `${classText}: its name holds control characters. Rename it in the file.`
  if (classRecordSchema.shape.name.safeParse(trimmed).success) return null
  return `${classText}: its name has ${trimmed.length} characters, more than a class can have. Shorten it in the file.`
}

/** Control characters, and halves of characters that no file can hold. */
const unprintable = /[\p{Cc}\p{Cs}]/gu

/** A sentence for every class here that several classes of the file with objects have become. */
function mergers(classes: readonly ImportedClass[]): string[] {
  const used = classes.filter(({ annotations }) => annotations > 0)
  return [...Map.groupBy(used, ({ name }) => foldedClassName(name)).values()].flatMap((same) => {
    if (same.length < 2) return []
    const names = same.map(({ name, originalId }) => `"${name}"${originalId === undefined ? '' : ` (${originalId})`}`)
    return [
      `${names.join(' and ')} of the file became one class, since names that are the same but for case are one. Rename one in the file to keep them apart.`,
    ]
  })
}
