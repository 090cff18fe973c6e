import type { Emit } from '../../shared/contract/contract.ts'
import { join } from 'node:path'
import { rendererFolder } from '../projects/paths.ts'
import { createHandlers } from './handlers/handlers.ts'
import { createMediaSource } from './handlers/media-source.ts'
import { Studio } from './handlers/studio.ts'
import { startHost } from './http.ts'
import { createMediaHandler } from './media.ts'
import { openInBrowser } from './open-browser.ts'
import { personalisePage } from './page-attributes.ts'
import { createPlaces } from './places.ts'
import { createPreferences } from './preferences.ts'
import { configurationFolder, createRecentProjects } from './recent.ts'
import { createUploads } from './uploads.ts'

export interface ServeOptions {
  /** Opened at once and put on top of the recent projects; null for none. */
  readonly project: string | null
  /** 0 takes a free one. */
  readonly port: number
  /** Folders that may be browsed; null for the home folder. */
  readonly roots: readonly string[] | null
  readonly open: boolean
  readonly log: (line: string) => void
}

export interface RunningStudio {
  /** With its token: `http://127.0.0.1:<port>/#t=…` */
  readonly url: string
  readonly close: () => Promise<void>
}

/** The whole studio for a browser window: page, calls, events and media on one address of this machine. */
export async function serveStudio(options: ServeOptions): Promise<RunningStudio> {
  const places = createPlaces(options.roots === null ? {} : { roots: options.roots })
  const recent = createRecentProjects()
  const announce: { emit: Emit | null } = { emit: null }
  const preferences = createPreferences({ onChange: (next) => announce.emit?.('preferences', 'changed', next) })
  const studio = new Studio({ emit: (...event) => announce.emit?.(...event), log: options.log })
  const host = await orClose(studio, async () => {
    if (options.project !== null) {
      const session = await studio.open(options.project)
      recent.add({ folder: session.store.folder, name: session.store.name() })
    }
    return await startHost({
      handlers: createHandlers(studio, places, recent, preferences),
      media: createMediaHandler(createMediaSource(studio)),
      uploads: await createUploads({ folder: join(configurationFolder(), 'uploads'), places }),
      rendererFolder: rendererFolder(),
      page: (html) => personalisePage(html, preferences.get()),
      port: options.port,
      log: options.log,
    })
  })
  announce.emit = host.emit
  const browser = options.open ? await openInBrowser(host.url) : null
  if (browser?.opened === false) options.log('There is no browser to open here: open the address yourself.')
  return {
    url: host.url,
    close: async () => {
      await browser?.forget()
      await host.close()
      await studio.close()
    },
  }
}

/** A studio that cannot be served is closed again: its jobs would keep the process alive. */
async function orClose<Result>(studio: Studio, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    await studio.close()
    throw error
  }
}
