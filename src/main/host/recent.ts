import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { projectFile } from '../../shared/domain/project-folder.ts'
import { z } from '../../shared/zod.ts'
import { AppError } from '../../shared/errors.ts'
import { replaceFile } from './replace-file.ts'

export interface RecentProject {
  readonly recentId: string
  readonly name: string
  /** For display only. */
  readonly location: string
  readonly openedAt: string
  /** The folder holds no project any more. */
  readonly missing: boolean
}

export interface RecentProjects {
  /** Opened last first. */
  readonly list: () => RecentProject[]
  readonly add: (project: { readonly folder: string; readonly name: string }) => void
  /** Folder of a listed project. Throws `NotFound`. */
  readonly resolve: (recentId: string) => string
}

const maxRecent = 20
const fileSchema = z.array(z.object({ folder: z.string(), name: z.string(), openedAt: z.string() }))
type Entry = z.infer<typeof fileSchema>[number]

/** The person's configuration folder; `EXEMPLAR_HOME` overrides it. */
export function configurationFolder(environment: NodeJS.ProcessEnv = process.env, platform = process.platform): string {
  const { EXEMPLAR_HOME, APPDATA, XDG_CONFIG_HOME } = environment
  if (EXEMPLAR_HOME !== undefined && EXEMPLAR_HOME !== '') return EXEMPLAR_HOME
  if (platform === 'win32') return join(APPDATA ?? join(homedir(), 'AppData', 'Roaming'), 'Exemplar Studio')
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'Exemplar Studio')
  const base = XDG_CONFIG_HOME === undefined || XDG_CONFIG_HOME === '' ? join(homedir(), '.config') : XDG_CONFIG_HOME
  return join(base, 'exemplar-studio')
}

/** The projects opened last, in one small file that is replaced whole. A damaged file counts as empty. */
export function createRecentProjects(file = join(configurationFolder(), 'recent.json')): RecentProjects {
  function read(): Entry[] {
    try {
      const parsed = fileSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')))
      return parsed.success ? parsed.data : []
    } catch (error) {
      // Not there yet, unreadable or cut short: a convenience is not worth an error.
      if (error instanceof SyntaxError || (error instanceof Error && 'syscall' in error)) return []
      throw error
    }
  }

  function write(entries: readonly Entry[]): void {
    try {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
      replaceFile(file, `${JSON.stringify(entries, null, 2)}\n`)
    } catch (error) {
      // A full or read-only home folder must not keep a project from opening.
      if (!(error instanceof Error && 'syscall' in error)) throw error
    }
  }

  return {
    list: () =>
      read().map(({ folder, name, openedAt }) => ({
        recentId: idOf(folder),
        name,
        location: folder,
        openedAt,
        missing: !existsSync(join(folder, projectFile)),
      })),
    add: ({ folder, name }) => {
      const others = read().filter((entry) => entry.folder !== folder)
      write([{ folder, name, openedAt: new Date().toISOString() }, ...others].slice(0, maxRecent))
    },
    resolve: (recentId) => {
      const entry = read().find(({ folder }) => idOf(folder) === recentId)
      if (entry !== undefined) return entry.folder
      throw new AppError(
        'NotFound',
        'recentUnknown',
        'This project is not in the list of recent projects any more; open its folder instead.',
      )
    },
  }
}

/** The page names a recent project by this; what it stands for is looked up in the list. */
function idOf(folder: string): string {
  return createHash('sha256').update(folder).digest('hex').slice(0, 32)
}
