import { resolve } from 'node:path'
import type { ExportSpec } from '../../shared/contract/contract.ts'
import { exitCode } from './context.ts'
import type { CommandContext, ExitCode } from './context.ts'
import { count } from './output.ts'
import { withSession } from './with-session.ts'

/** `export`: writes the data set, reads it back and says how many masks are identical. */
export async function exportData(
  context: CommandContext,
  project: string,
  folder: string,
  spec: ExportSpec,
): Promise<ExitCode> {
  return await withSession(context, project, async (session) => {
    const report = await session.exportTo(resolve(folder), spec, {
      signal: context.signal,
      progress: ({ done, total }) => context.output.progress(`${done}${total === null ? '' : ` of ${total}`} images`),
    })
    for (const problem of report.problems) context.output.warn(`${problem.name}: ${problem.reason}`)
    context.output.result(report, [
      `${report.identical} of ${report.annotations} masks identical`,
      `${count(report.images, 'image')} exported to ${report.location}`,
    ])
    return report.problems.length > 0 ? exitCode.partly : exitCode.done
  })
}
