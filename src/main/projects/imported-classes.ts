import { foldedClassName } from '../../shared/domain/class-names.ts'
import type { Operation } from '../../shared/domain/history.ts'
import type { ClassRecord } from '../../shared/domain/records.ts'
import type { ImportedDataSet } from '../formats/format-types.ts'
import type { ProjectStore } from '../store/store-port.ts'
import { newClass } from './classes.ts'
import type { OriginalIds } from './original-numbers.ts'

/** Classes by name, made on first use: one that no image of the project needs is not brought in. */
export class ImportedClasses {
  readonly created: ClassRecord[] = []
  readonly #store: ProjectStore
  readonly #parents: ReadonlyMap<string, string | null>
  readonly #original: ReadonlyMap<string, string | undefined>
  readonly #ids = new Map<string, string>()

  constructor(store: ProjectStore, dataSet: ImportedDataSet) {
    this.#store = store
    this.#original = new Map(dataSet.classes.map(({ name, originalId }) => [foldedClassName(name), originalId]))
    this.#parents = new Map(dataSet.classes.map(({ name, parentName }) => [foldedClassName(name), parentName]))
  }

  readonly idOf = (name: string): string => {
    const key = foldedClassName(name)
    const known = this.#ids.get(key) ?? this.#store.classes.byName(name)?.id
    if (known !== undefined) {
      this.#ids.set(key, known)
      return known
    }
    const record = newClass(this.#store, name, this.created.length)
    this.#ids.set(key, record.id)
    const at = this.created.push(record) - 1
    const parentId = this.#parentOf(key)
    // Classes that name each other as parents: the one met first stays at the top.
    if (parentId !== null && !this.#isBelow(parentId, record.id)) this.created[at] = { ...record, parentId }
    return record.id
  }

  /** The file's ids of the classes that were asked for. */
  originalIds(): OriginalIds {
    return new Map([...this.#ids].map(([key, id]) => [id, this.#original.get(key)]))
  }

  /** Parents first, as the store wants them. */
  operations(): Operation[] {
    const depth = (record: ClassRecord): number => {
      const parent = this.created.find(({ id }) => id === record.parentId)
      return parent === undefined ? 0 : depth(parent) + 1
    }
    return this.created
      .toSorted((a, b) => depth(a) - depth(b))
      .map((record) => ({ kind: 'class', before: null, after: record }))
  }

  /** COCO's supercategories are mostly words for groups and no classes: only what the file or project has as one counts. */
  #parentOf(key: string): string | null {
    const parent = this.#parents.get(key) ?? null
    if (parent === null) return null
    if (this.#parents.has(foldedClassName(parent))) return this.idOf(parent)
    return this.#store.classes.byName(parent)?.id ?? null
  }

  #isBelow(classId: string, ancestorId: string): boolean {
    let at: string | null = classId
    while (at !== null && at !== ancestorId) at = this.created.find(({ id }) => id === at)?.parentId ?? null
    return at !== null
  }
}
