import { platform, release, totalmem, availableParallelism } from 'node:os'
import { examineEngine } from '../engine/doctor.ts'
import type { EngineReport } from '../engine/doctor.ts'
import { createCodec } from '../images/codec-client.ts'
import type { ImageLibrary } from '../images/codec.ts'
import { modelsFolder, productVersion } from '../projects/paths.ts'
import { isAppError } from '../../shared/errors.ts'
import { exitCode } from './context.ts'
import type { CommandContext, ExitCode } from './context.ts'

/** `doctor`: runs every part for real and says what runs where. Fails when segmenting would not work here. */
export async function doctor(context: CommandContext): Promise<ExitCode> {
  const images = await examineImages(context)
  const engine = await examineEngine({ modelsFolder: modelsFolder(), log: context.output.warn, signal: context.signal })
  const machine = {
    version: productVersion(),
    node: process.versions.node,
    system: `${platform()} ${release()}`,
    threads: availableParallelism(),
    memoryBytes: totalmem(),
    imageLibrary: images.library,
  }
  const healthy = engine.healthy && images.problem === null
  context.output.result({ machine, ...engine, healthy, problem: engine.problem ?? images.problem }, [
    `Exemplar Studio ${machine.version}, Node ${machine.node}, ${machine.system}, ${machine.threads} threads, ${(machine.memoryBytes / 2 ** 30).toFixed(1)} GB`,
    imagesLine(images),
    ...engineLines(engine),
  ])
  return healthy ? exitCode.done : exitCode.failed
}

interface ImagesReport {
  /** Null when no picture can be decoded here. */
  readonly library: ImageLibrary | null
  /** Why not, one sentence. */
  readonly problem: string | null
}

async function examineImages(context: CommandContext): Promise<ImagesReport> {
  const codec = createCodec({ log: context.output.warn })
  try {
    return { library: await codec.library({ signal: context.signal }), problem: null }
  } catch (error) {
    if (!isAppError(error, 'EngineLost')) throw error
    return { library: null, problem: error.message }
  } finally {
    await codec.close()
  }
}

function imagesLine({ library, problem }: ImagesReport): string {
  if (library === null) return problem ?? ''
  const build = library.build === 'wasm' ? 'its WebAssembly build' : 'its native build'
  return `Pictures are decoded by sharp ${library.version} (libvips ${library.libvips}), ${build}.`
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
