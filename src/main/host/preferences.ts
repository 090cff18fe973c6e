import { mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { defaultPreferences, preferencesChangeSchema } from '../../shared/domain/preferences.ts'
import type { Preferences, PreferencesChange } from '../../shared/domain/preferences.ts'
import { AppError } from '../../shared/errors.ts'
import { configurationFolder } from './recent.ts'
import { replaceFile } from './replace-file.ts'

export interface PreferencesStore {
  readonly get: () => Preferences
  /**
   * Changes what is named and tells `onChange`. Throws `Io` when the file cannot be written; what was chosen then
   * holds until the program ends.
   */
  readonly set: (change: PreferencesChange) => Preferences
}

export interface PreferencesOptions {
  /** Default: `preferences.json` in the configuration folder. */
  readonly file?: string
  readonly onChange?: (preferences: Preferences) => void
}

/** A person's preferences, in one small file that is replaced whole. A damaged file counts as the defaults. */
export function createPreferences(options: PreferencesOptions = {}): PreferencesStore {
  const file = options.file ?? join(configurationFolder(), 'preferences.json')
  /** What could not be written. */
  let unwritten: Preferences | null = null

  function read(): Preferences {
    try {
      const content: unknown = JSON.parse(readFileSync(file, 'utf8'))
      return { ...defaultPreferences, ...usable(content) }
    } catch (error) {
      // Not there yet, unreadable or cut short: the defaults are always good enough to start with.
      if (error instanceof SyntaxError || (error instanceof Error && 'syscall' in error)) return defaultPreferences
      throw error
    }
  }

  return {
    get: () => unwritten ?? read(),
    set: (change) => {
      const next = { ...(unwritten ?? read()), ...given(change) }
      unwritten = next
      try {
        mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
        replaceFile(file, `${JSON.stringify(next, null, 2)}\n`)
        unwritten = null
      } catch (error) {
        if (!(error instanceof Error && 'syscall' in error)) throw error
        const reason = 'code' in error && typeof error.code === 'string' ? error.code : error.message
        throw new AppError(
          'Io',
          'preferencesUnwritable',
          `The settings hold until Exemplar Studio ends, but ${file} cannot be written (${reason}); check the folder's permissions and free space.`,
          { params: { file, reason }, cause: error },
        )
      } finally {
        options.onChange?.(next)
      }
      return next
    },
  }
}

/** The fields of a file that this version understands: one it does not must not cost the others. */
function usable(content: unknown): Partial<Preferences> {
  if (typeof content !== 'object' || content === null) return {}
  const entries: readonly (readonly [string, unknown])[] = Object.entries(content)
  const fields = entries.filter(([name, value]) => preferencesChangeSchema.safeParse({ [name]: value }).success)
  return given(preferencesChangeSchema.parse(Object.fromEntries(fields)))
}

/** Without the fields that are named but undefined: they would hide what holds. */
function given(change: PreferencesChange): Partial<Preferences> {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
}
