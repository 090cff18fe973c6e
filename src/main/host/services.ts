import type { ContractHandlers, Emit } from '../../shared/contract/contract.ts'
import type { Preferences } from '../../shared/domain/preferences.ts'
import type { Spawner } from '../processes/spawner.ts'
import { createHandlers } from './handlers/handlers.ts'
import { createMediaSource } from './handlers/media-source.ts'
import { Studio } from './handlers/studio.ts'
import { createMediaHandler } from './media.ts'
import type { MediaHandler } from './media.ts'
import type { NativeDialogs } from './native-dialogs.ts'
import { personalisePage } from './page-attributes.ts'
import { createPlaces } from './places.ts'
import type { Places } from './places.ts'
import { createPreferences } from './preferences.ts'
import { createRecentProjects } from './recent.ts'

export interface StudioServicesOptions {
  /** Folders that may be browsed; null for the home folder. */
  readonly roots: readonly string[] | null
  /** Null where there is no window of our own. */
  readonly dialogs: NativeDialogs | null
  /** How engine and codec are started. Default: Node's `fork`. */
  readonly spawner?: Spawner | undefined
  readonly log: (line: string) => void
}

/** What every host serves, whatever carries the calls: browser window and desktop window share all of it. */
export interface StudioServices {
  readonly handlers: ContractHandlers
  readonly media: MediaHandler
  /** The built page as this person wants it, before its first paint. */
  readonly page: (html: string) => string
  readonly places: Places
  /** What the person has chosen; `system` where nothing. */
  readonly theme: () => Preferences['theme']
  /** Where events go from now on; before that nobody listens. */
  readonly announceTo: (emit: Emit) => void
  /** Opens the project in the folder and puts it on top of the recent ones. Returns its id. */
  readonly openProject: (folder: string) => Promise<string>
  /** Stops jobs where they are, closes the projects, ends the child processes. */
  readonly close: () => Promise<void>
}

export function createStudioServices(options: StudioServicesOptions): StudioServices {
  const places = createPlaces(options.roots === null ? {} : { roots: options.roots })
  const recent = createRecentProjects()
  let announce: Emit | null = null
  const preferences = createPreferences({
    onChange: (next) => {
      announce?.('preferences', 'changed', next)
      studio.useModel(next.predictor).catch((error: unknown) => {
        options.log(`The model ${next.predictor} could not be taken into use: ${String(error)}`)
      })
    },
  })
  const studio = new Studio({
    emit: (...event) => announce?.(...event),
    model: preferences.get().predictor,
    log: options.log,
    spawner: options.spawner,
  })
  return {
    handlers: createHandlers(studio, places, recent, preferences, options),
    media: createMediaHandler(createMediaSource(studio), { log: options.log }),
    page: (html) => personalisePage(html, preferences.get()),
    places,
    theme: () => preferences.get().theme,
    announceTo: (emit) => {
      announce = emit
    },
    openProject: async (folder) => {
      const session = await studio.open(folder)
      recent.add({ folder: session.store.folder, name: session.store.name() })
      return session.projectId
    },
    close: () => studio.close(),
  }
}
