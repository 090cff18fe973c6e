import { exitCode } from './context.ts'
import type { CommandContext, ExitCode } from './context.ts'

export function doctor(context: CommandContext): Promise<ExitCode> {
  context.output.result({}, [])
  return Promise.resolve(exitCode.failed)
}
