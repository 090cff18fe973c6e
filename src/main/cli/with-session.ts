import { resolve } from 'node:path'
import { verdictSentence, deviceName } from '../engine/device-words.ts'
import { createMachineDevices } from '../host/device-memory.ts'
import { requireModel } from '../host/models.ts'
import { createPreferences } from '../host/preferences.ts'
import { createCodec } from '../images/codec-client.ts'
import { Session } from '../projects/session.ts'
import { modelsFolder } from '../projects/paths.ts'
import type { SessionOptions } from '../projects/session.ts'
import type { CommandContext } from './context.ts'

type OpenOptions = Partial<Pick<SessionOptions, 'provider' | 'onJob'>> & {
  readonly create?: string
  /** Name of the model to learn and segment with; default: what was chosen in the settings. */
  readonly predictor?: string | undefined
}

/** Opens the project (or makes it, named `create`), runs the work, and closes everything whatever happens. */
export async function withSession<Result>(
  context: CommandContext,
  project: string,
  work: (session: Session) => Promise<Result>,
  options: OpenOptions = {},
): Promise<Result> {
  const model = requireModel(options.predictor ?? createPreferences().get().predictor)
  const codec = createCodec({ log: context.output.warn })
  const devices = createMachineDevices({
    modelsFolder: modelsFolder(),
    onFailure: (report) =>
      context.output.warn(`${deviceName(report.provider)}: ${verdictSentence(report)} The work goes on without it.`),
  })
  try {
    const sessionOptions: SessionOptions = {
      codec,
      ...model,
      provider: options.provider ?? 'auto',
      devices,
      log: context.output.warn,
      ...(options.onJob === undefined ? {} : { onJob: options.onJob }),
    }
    const folder = resolve(project)
    const session =
      options.create === undefined
        ? Session.open(folder, sessionOptions)
        : Session.create(folder, options.create, sessionOptions)
    try {
      return await work(session)
    } finally {
      await session.close()
    }
  } finally {
    await devices.close()
    await codec.close()
  }
}
