import { z } from '../../shared/zod.ts'
import type { Connection } from './connection.ts'
import type { StoreChange } from './store-port.ts'

/** What one transaction changes. Filled while it runs, told to the listeners once it is on disk. */
export interface ChangeSet {
  /** The revision the project has when this transaction is committed. */
  readonly revision: number
  /** Something of this image changed: its counters and its overlay revision are written at the end. */
  readonly touch: (imageId: string) => void
  /** Any image may have changed. */
  readonly touchAll: () => void
  /** Something changed that belongs to no image. */
  readonly mark: () => void
}

export interface Changes {
  readonly revision: () => number
  /** One transaction. The revision rises, and listeners are told, only if `action` reported a change. */
  readonly write: <T>(action: (change: ChangeSet) => T) => T
  readonly onChange: (listener: (change: StoreChange) => void) => () => void
}

/** More images than this in one change are told as "any image". */
const namedImagesLimit = 500

const revisionRow = z.object({ revision: z.int() })

export function createChanges(connection: Connection): Changes {
  const listeners = new Set<(change: StoreChange) => void>()
  const readRevision = connection.query('SELECT revision FROM project', revisionRow)
  const writeRevision = connection.command('UPDATE project SET revision = @revision')
  // The only writer of the counters. `status` and `worst_order` follow by themselves.
  const refreshImage = connection.command(`
    UPDATE image SET
      (annotation_count, proposed_count, lowest_score) = (
        SELECT count(*), count(CASE WHEN state = 'proposed' THEN 1 END), min(CASE WHEN state = 'proposed' THEN score END)
        FROM annotation WHERE image_id = @imageId),
      verdict_count = (SELECT count(*) FROM verdict WHERE image_id = @imageId),
      overlay_revision = @revision
    WHERE id = @imageId`)

  function revision(): number {
    const row = readRevision.get()
    if (row === undefined) throw new Error('The project row is missing')
    return row.revision
  }

  function tell(change: StoreChange): void {
    for (const listener of listeners) {
      try {
        listener(change)
      } catch (error) {
        // The change is on disk: a listener's failure must not look like a failed write.
        connection.log(`A listener failed on revision ${change.revision}: ${String(error)}`)
      }
    }
  }

  return {
    revision,
    write: (action) => {
      const outcome = connection.transaction(() => {
        const touched = new Set<string>()
        let all = false
        let changed = false
        const next = revision() + 1
        const value = action({
          revision: next,
          touch: (imageId) => void touched.add(imageId),
          touchAll: () => void (all = true),
          mark: () => void (changed = true),
        })
        for (const imageId of touched) refreshImage.run({ imageId, revision: next })
        const tooMany = touched.size > namedImagesLimit
        const told: StoreChange = { revision: next, imageIds: tooMany ? [] : [...touched], all: all || tooMany }
        if (!changed && !told.all && touched.size === 0) return { value, told: null }
        writeRevision.run({ revision: next })
        return { value, told }
      })
      if (outcome.told !== null) tell(outcome.told)
      return outcome.value
    },
    onChange: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
