import { platform, release, totalmem, availableParallelism } from 'node:os'
import { examineEngine } from '../engine/doctor.ts'
import type { EngineReport } from '../engine/doctor.ts'
import { modelsFolder, productVersion } from '../projects/paths.ts'
import { exitCode } from './context.ts'
import type { CommandContext, ExitCode } from './context.ts'

/** `doctor`: runs every part for real and says what runs where. Fails when segmenting would not work here. */
export async function doctor(context: CommandContext): Promise<ExitCode> {
  const report = await examineEngine({ modelsFolder: modelsFolder(), log: context.output.warn, signal: context.signal })
  const machine = {
    version: productVersion(),
    node: process.versions.node,
    system: `${platform()} ${release()}`,
    threads: availableParallelism(),
    memoryBytes: totalmem(),
  }
  context.output.result({ machine, ...report }, [
    `Exemplar Studio ${machine.version}, Node ${machine.node}, ${machine.system}, ${machine.threads} threads, ${(machine.memoryBytes / 2 ** 30).toFixed(1)} GB`,
    ...engineLines(report),
  ])
  return report.healthy ? exitCode.done : exitCode.failed
}

function engineLines({ engine, problem, providers }: EngineReport): string[] {
  const own =
    engine === null
      ? []
      : [
          `Segmenting runs on ${engine.device} with the ${engine.predictor} predictor.`,
          engine.golden.difference === null
            ? 'Its stored values are not here, so its numbers were not checked.'
            : `Its numbers differ from the stored ones by ${engine.golden.difference.toExponential(1)} of their scale.`,
        ]
  const others = providers.map((each) =>
    each.ran
      ? `${each.provider}: runs, ${each.milliseconds?.toFixed(1) ?? '?'} ms against ${each.cpuMilliseconds?.toFixed(1) ?? '?'} ms on the CPU`
      : `${each.provider}: not usable. ${each.reason ?? ''}`,
  )
  return [...own, ...(problem === null ? [] : [problem]), ...others]
}
