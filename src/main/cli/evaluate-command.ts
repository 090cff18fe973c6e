import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { details } from '../../shared/contract/contract.ts'
import { AppError } from '../../shared/errors.ts'
import { createEngine } from '../engine/client.ts'
import { readDataSet, readEpisodes } from '../evaluate/data-set.ts'
import type { DataSet, EpisodeList } from '../evaluate/data-set.ts'
import { drawEpisodes } from '../evaluate/draw-episodes.ts'
import { evaluateEpisodes } from '../evaluate/evaluate.ts'
import type { ShotResult } from '../evaluate/evaluate.ts'
import { createCodec } from '../images/codec-client.ts'
import { modelsFolder } from '../projects/paths.ts'
import { exitCode } from './context.ts'
import type { CommandContext, ExitCode } from './context.ts'
import { count } from './output.ts'

export interface EvaluateOptions {
  readonly episodes?: string
  readonly shots: readonly number[]
  readonly classes?: readonly string[]
  readonly predictor: string
  readonly seed: number
  readonly limit?: number
  readonly detail: (typeof details)[number]
  readonly report?: string
}

/** `evaluate`: measures a predictor as the product uses it. Same options, same figures. */
export async function evaluate(context: CommandContext, folder: string, options: EvaluateOptions): Promise<ExitCode> {
  const dataSet = readDataSet(resolve(folder))
  const list = episodesFor(dataSet, options)
  const codec = createCodec({ log: context.output.warn })
  // Features are measured data here, not a project's: they live as long as the run.
  const cacheFolder = await mkdtemp(join(tmpdir(), 'exemplar-evaluate-'))
  const engine = createEngine({
    modelsFolder: modelsFolder(),
    cacheFolder,
    // Figures that can be compared: every machine has the CPU.
    provider: 'cpu',
    predictor: options.predictor,
    log: context.output.warn,
  })
  try {
    const info = await engine.info()
    const results = await evaluateEpisodes(engine, codec, dataSet, list, {
      shots: options.shots,
      seed: options.seed,
      detail: options.detail,
      signal: context.signal,
      progress: ({ done, total, note }) => context.output.progress(`${done} of ${total ?? 0}  ${note ?? ''}`),
    })
    const report = {
      dataSet: dataSet.name,
      episodes: list.source,
      predictor: info.predictor,
      modelHash: info.modelHash,
      device: info.device,
      detail: options.detail,
      results: results.map((result) => describe(dataSet, result)),
    }
    if (options.report !== undefined) await writeFile(options.report, `${JSON.stringify(report, null, 2)}\n`)
    context.output.result(report, [
      `${dataSet.name}, ${count(list.present.length, 'episode')}, ${info.predictor}, detail ${options.detail}, ${info.device}`,
      ...results.flatMap((result) => lines(dataSet, result)),
    ])
    return exitCode.done
  } finally {
    await engine.close()
    await codec.close()
    await rm(cacheFolder, { recursive: true, force: true })
  }
}

function episodesFor(dataSet: DataSet, options: EvaluateOptions): EpisodeList {
  const classIds = options.classes?.map((name) => {
    for (const [id, each] of dataSet.classNames) if (each === name) return id
    throw new AppError('NotFound', 'classNotFound', `The data set ${dataSet.name} has no class "${name}".`, {
      params: { name },
    })
  })
  const list =
    options.episodes === undefined
      ? drawEpisodes(dataSet, Math.max(...options.shots), options.seed, classIds ?? null)
      : readEpisodes(resolve(options.episodes), dataSet)
  const wanted = (classId: number): boolean => classIds === undefined || classIds.includes(classId)
  const present = list.present.filter((episode) => wanted(episode.classId)).slice(0, options.limit)
  const absent = list.absent.filter((episode) => wanted(episode.classId)).slice(0, options.limit)
  if (present.length === 0) {
    throw new AppError(
      'InvalidInput',
      'noEpisodes',
      `No class of ${dataSet.name} has enough images for ${Math.max(...options.shots)} shots. Ask for fewer shots or other classes.`,
    )
  }
  return { present, absent, source: list.source }
}

function describe(dataSet: DataSet, result: ShotResult): object {
  const { table, ...rest } = result
  return {
    ...rest,
    meanIoU: table.mean,
    allForegroundFloor: table.floor,
    perClass: Object.fromEntries(
      [...table.perClass].map(([id, row]) => [dataSet.classNames.get(id) ?? String(id), row]),
    ),
  }
}

function lines(dataSet: DataSet, { shots, table, ...result }: ShotResult): string[] {
  const percent = (share: number | null): string => (share === null ? '-' : `${(100 * share).toFixed(1)}%`)
  const seconds = (value: number | null): string => (value === null ? '-' : `${value.toFixed(3)} s`)
  return [
    '',
    `${count(shots, 'shot')}: mIoU ${table.mean.value.toFixed(2)}  [${table.mean.low.toFixed(2)}, ${table.mean.high.toFixed(2)}] 95% over images`,
    `  all-foreground floor ${table.floor.toFixed(2)}`,
    `  empty when absent ${percent(result.emptyWhenAbsent)}, not empty when present ${percent(result.nonEmptyWhenPresent)}`,
    `  per image ${seconds(result.secondsPerImage)} with features on disk, ${seconds(result.secondsPerNewImage)} without`,
    ...[...table.perClass].map(
      ([id, row]) =>
        `  ${(dataSet.classNames.get(id) ?? String(id)).padEnd(16)} ${row.iou.toFixed(2).padStart(6)}  (floor ${row.floor.toFixed(2)}, ${count(row.episodes, 'episode')})`,
    ),
  ]
}
