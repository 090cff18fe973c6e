import { platform, release, totalmem, availableParallelism } from 'node:os'
import { deviceName } from '../engine/device-words.ts'
import { examineEngine } from '../engine/doctor.ts'
import type { EngineReport, ProviderReport } from '../engine/doctor.ts'
import { createMachineDevices } from '../host/device-memory.ts'
import { modelNamed } from '../host/models.ts'
import { createPreferences } from '../host/preferences.ts'
import { createCodec } from '../images/codec-client.ts'
import type { ImageLibrary } from '../images/codec.ts'
import { modelsFolder, productVersion } from '../projects/paths.ts'
import { isAppError } from '../../shared/errors.ts'
import { exitCode } from './context.ts'
import type { CommandContext, ExitCode } from './context.ts'
import { table } from './output.ts'

/**
 * `doctor`: runs every part for real, says what runs where, and remembers it. Fails when segmenting would not work
 * here.
 */
export async function doctor(context: CommandContext): Promise<ExitCode> {
  const images = await examineImages(context)
  const { modelsFolder: folder, predictor } = modelNamed(createPreferences().get().predictor)
  await using devices = createMachineDevices({ modelsFolder: modelsFolder() })
  const engine = await examineEngine({
    modelsFolder: folder,
    predictor,
    devices,
    log: context.output.warn,
    signal: context.signal,
    progress: ({ done, total, note }) => context.output.progress(`${done} of ${total ?? 0} devices  ${note ?? ''}`),
  })
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
    `Exemplar Studio ${machine.version}, Node ${machine.node}, ${machine.system}, ${machine.threads} threads, ${(machine.memoryBytes / 2 ** 30).toFixed(1)} GB${engine.hardware === null ? '' : `, ${engine.hardware}`}`,
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

function engineLines(report: EngineReport): string[] {
  const { engine, problem } = report
  const own =
    engine === null
      ? []
      : [
          `Segmenting runs on ${engine.device} with the ${engine.predictor} predictor.`,
          engine.golden.difference === null
            ? 'Its stored values are not here, so its numbers were not checked.'
            : `Its numbers differ from the stored ones by ${engine.golden.difference.toExponential(1)} of their scale.`,
        ]
  return [...own, ...(problem === null ? [] : [problem]), ...deviceLines(report)]
}

function deviceLines({ providers, auto }: EngineReport): string[] {
  if (auto === null) return []
  return [
    '',
    ...table(
      ['device', 'loaded', 'ran', 'auto', 'ms', 'CPU ms', 'speed-up', 'difference', 'left on CPU'],
      providers.map((each) => [
        deviceName(each.provider),
        each.loaded ? 'yes' : 'no',
        each.ran ? 'yes' : 'no',
        each.provider === auto.provider ? 'yes' : 'no',
        ...figures(each),
      ]),
    ),
    '',
    ...providers
      .filter(({ verdict }) => verdict !== 'passed')
      .map((each) => `${deviceName(each.provider)}: ${each.reason ?? 'It works, but is not faster than the CPU.'}`),
    autoSentence(auto),
  ]
}

function figures(report: ProviderReport): string[] {
  const { milliseconds, cpuMilliseconds, difference, nodeShare } = report
  const speedUp = milliseconds === null || cpuMilliseconds === null ? null : cpuMilliseconds / milliseconds
  return [
    milliseconds?.toFixed(1) ?? '',
    cpuMilliseconds?.toFixed(1) ?? '',
    speedUp === null ? '' : `${speedUp.toPrecision(2)} x`,
    difference?.toExponential(1) ?? '',
    nodeShare === null || report.provider === 'cpu' ? '' : `${((1 - nodeShare) * 100).toFixed(0)} %`,
  ]
}

function autoSentence({ provider, why }: NonNullable<EngineReport['auto']>): string {
  const name = deviceName(provider)
  switch (why) {
    case 'fastest':
      return `"auto" uses ${name}: the fastest that passed every check.`
    case 'noneBetter':
      return '"auto" uses the CPU: no other device passed every check and is faster.'
    case 'untried':
      return '"auto" uses the CPU until the devices have been tried.'
    case 'variable':
      return `"auto" uses ${name}: EXEMPLAR_PROVIDER says so.`
  }
}
