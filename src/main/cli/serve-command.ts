import { resolve } from 'node:path'
import { serveStudio } from '../host/serve.ts'
import { exitCode } from './context.ts'
import type { CommandContext, ExitCode } from './context.ts'

export interface ServeOptions {
  readonly port?: number
  readonly root?: readonly string[]
  readonly open?: boolean
}

/** `serve`: the studio in a browser window, until Ctrl+C. */
export async function serve(
  context: CommandContext,
  project: string | undefined,
  options: ServeOptions,
): Promise<ExitCode> {
  const host = await serveStudio({
    project: project === undefined ? null : resolve(project),
    port: options.port ?? 0,
    roots: options.root?.map((root) => resolve(root)) ?? null,
    open: options.open === true,
    log: context.output.warn,
  })
  context.output.result({ url: host.url }, [`Exemplar Studio is open at ${host.url}`, 'Press Ctrl+C to stop.'])
  if (!context.signal.aborted) {
    await new Promise<void>((done) => {
      context.signal.addEventListener('abort', () => done(), { once: true })
    })
  }
  await host.close()
  return exitCode.done
}
