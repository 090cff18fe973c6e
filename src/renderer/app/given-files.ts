import type { GivenFile, GivenFiles } from '../../shared/contract/contract.ts'
import { hasImageExtension } from '../../shared/domain/picture-names.ts'
import { projectFile, projectFolders } from '../../shared/domain/project-folder.ts'
import { AppError } from '../../shared/errors.ts'

/** What a person dropped or chose, before anything of it has been read. */
export interface PickedFiles extends GivenFiles {
  /** Name of a given folder that holds a project, else null. */
  readonly projectName: () => Promise<string | null>
}

interface Walked {
  readonly path: string
  readonly file: GivenFile
}

/**
 * What was dropped. To be called while the event is handled: the browser takes the data away after it. Folders are
 * walked as an import by path walks them: in name order, without hidden files and without what is no picture by name.
 */
export function filesOfDrop(data: DataTransfer): PickedFiles {
  const items = [...data.items].filter((item) => item.kind === 'file')
  const given = items.map((item) => ({ file: item.getAsFile(), entry: item.webkitGetAsEntry() }))
  return {
    roots: given.map(({ file }) => file).filter((file) => file !== null),
    walk: async function* () {
      for (const { file, entry } of given) {
        if (entry !== null && isFolder(entry)) yield* walkFolder(entry, '')
        // A picture dragged out of another page is a file without a place on disk.
        else if (file !== null) yield { path: file.name, file }
      }
    },
    projectName: async () => {
      for (const { entry } of given) {
        if (entry === null || !isFolder(entry)) continue
        if ((await childrenOf(entry)).some(({ name }) => name === projectFile)) return entry.name
      }
      return null
    },
  }
}

/** What was chosen in a file field: files, or the files of one folder, whose own name is left out of the paths. */
export function filesOfField(files: FileList): PickedFiles {
  const chosen = [...files]
  const below = (file: File): string => file.webkitRelativePath.split('/').slice(1).join('/')
  const isProject = chosen.some((file) => below(file) === projectFile)
  const isOwn = (path: string): boolean => isProject && projectFolders.includes(path.split('/')[0] ?? '')
  const wanted = chosen.flatMap((file): Walked[] => {
    if (file.webkitRelativePath === '') return [{ path: file.name, file }]
    const path = below(file)
    const isHidden = path.split('/').some((part) => part.startsWith('.'))
    return isHidden || isOwn(path) || !hasImageExtension(path) ? [] : [{ path, file }]
  })
  return {
    // Those of a folder are its files one by one: nothing but what a walk of it would find.
    roots: wanted.map(({ file }) => file),
    walk: async function* () {
      for (const each of wanted) yield await Promise.resolve(each)
    },
    projectName: () => Promise.resolve(isProject ? (chosen[0]?.webkitRelativePath.split('/')[0] ?? '') : null),
  }
}

async function* walkFolder(folder: FileSystemDirectoryEntry, prefix: string): AsyncGenerator<Walked> {
  const children = await childrenOf(folder)
  const own = children.some(({ name }) => name === projectFile) ? projectFolders : []
  for (const entry of children.filter(({ name }) => !name.startsWith('.') && !own.includes(name))) {
    const path = `${prefix}${entry.name}`
    if (isFolder(entry)) yield* walkFolder(entry, `${path}/`)
    else if (isFile(entry) && hasImageExtension(entry.name)) yield { path, file: await fileOf(entry) }
  }
}

/** The browser hands a folder out in portions, until an empty one. */
async function childrenOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader()
  const found: FileSystemEntry[] = []
  for (;;) {
    const portion = await new Promise<FileSystemEntry[]>((resolve, reject) => {
      reader.readEntries(resolve, (cause) => reject(unreadable(folder.name, cause)))
    })
    if (portion.length === 0) break
    found.push(...portion)
  }
  return found.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => {
    entry.file(resolve, (cause) => reject(unreadable(entry.name, cause)))
  })
}

function isFolder(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile
}

function unreadable(name: string, cause: unknown): AppError {
  return new AppError(
    'Io',
    'dropUnreadable',
    `${name} could not be read by the browser; check that it is still there and readable, then drop it again.`,
    { params: { name }, cause },
  )
}
