import { join } from 'node:path'
import { rendererFolder } from '../projects/paths.ts'
import { startHost } from './http.ts'
import { openInBrowser } from './open-browser.ts'
import { configurationFolder } from './recent.ts'
import { createStudioServices } from './services.ts'
import type { StudioServices } from './services.ts'
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
  const services = createStudioServices({ roots: options.roots, dialogs: null, log: options.log })
  const host = await orClose(services, async () => {
    if (options.project !== null) await services.openProject(options.project)
    return await startHost({
      handlers: services.handlers,
      media: services.media,
      uploads: await createUploads({ folder: join(configurationFolder(), 'uploads'), places: services.places }),
      rendererFolder: rendererFolder(),
      page: services.page,
      port: options.port,
      log: options.log,
    })
  })
  services.announceTo(host.emit)
  const browser = options.open ? await openInBrowser(host.url) : null
  if (browser?.opened === false) options.log('There is no browser to open here: open the address yourself.')
  return {
    url: host.url,
    close: async () => {
      await browser?.forget()
      await host.close()
      await services.close()
    },
  }
}

/** A studio that cannot be served is closed again: its jobs would keep the process alive. */
async function orClose<Result>(services: StudioServices, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    await services.close()
    throw error
  }
}
