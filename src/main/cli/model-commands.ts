import { resolve } from 'node:path'
import { addModel, listModels } from '../host/models.ts'
import { createPreferences } from '../host/preferences.ts'
import { exitCode } from './context.ts'
import type { CommandContext, ExitCode } from './context.ts'
import { table } from './output.ts'

/** `model list`: what can be learnt and segmented with, and whether it works here. */
export async function modelList(context: CommandContext): Promise<ExitCode> {
  const models = await listModels()
  const chosen = createPreferences().get().predictor
  const rows = models.map(({ name, origin, bytes, problem }) => [
    name,
    origin,
    bytes === null ? '' : `${(bytes / 1e6).toFixed(1)} MB`,
    name === chosen ? 'chosen' : '',
    problem?.reason ?? '',
  ])
  context.output.result({ models, chosen }, table(['model', 'from', 'size', '', ''], rows))
  return exitCode.done
}

/** `model add`: tries an exported MSDNet and copies it; it is not chosen by that. */
export async function modelAdd(context: CommandContext, path: string): Promise<ExitCode> {
  const name = await addModel(resolve(path), { log: context.output.warn, signal: context.signal })
  context.output.result({ name }, [`Added the model ${name}. Choose it in the settings, or with --predictor ${name}.`])
  return exitCode.done
}
