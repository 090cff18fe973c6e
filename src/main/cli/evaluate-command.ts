import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { details } from '../../shared/contract/contract.ts'
import { AppError } from '../../shared/errors.ts'
import { createEngine } from '../engine/client.ts'
import type { EngineInfo } from '../engine/engine-port.ts'
import { anchors, anchorsNotice } from '../evaluate/anchors.ts'
import { readDataSet, readEpisodes } from '../evaluate/data-set.ts'
import type { DataSet, EpisodeList } from '../evaluate/data-set.ts'
import { drawEpisodes } from '../evaluate/draw-episodes.ts'
import { evaluateEpisodes } from '../evaluate/evaluate.ts'
import type { ShotResult } from '../evaluate/evaluate.ts'
import type { ScoreTable } from '../evaluate/scores.ts'
import { createCodec } from '../images/codec-client.ts'
import type { ImageCodec } from '../images/codec.ts'
import { modelsFolder } from '../projects/paths.ts'
import { exitCode } from './context.ts'
import type { CommandContext, ExitCode } from './context.ts'
import { count, table } from './output.ts'

/** Rows of the table that `--predictor all` makes, weakest first. */
export const comparedPredictors = ['prototype-cosine', 'training-free', 'linear-probe', 'msdnet'] as const

export interface EvaluateOptions {
  readonly episodes?: string
  readonly shots: readonly number[]
  readonly classes?: readonly string[]
  /** One of `comparedPredictors`, or `all`. */
  readonly predictor: string
  /** Where the models lie; default: those of the program. */
  readonly models?: string
  readonly seed: number
  readonly limit?: number
  readonly detail: (typeof details)[number]
  readonly report?: string
}

interface Measured {
  readonly info: EngineInfo
  readonly results: readonly ShotResult[]
}

/** `evaluate`: measures predictors as the product uses them. Same options, same figures. */
export async function evaluate(context: CommandContext, folder: string, options: EvaluateOptions): Promise<ExitCode> {
  const dataSet = readDataSet(resolve(folder))
  const list = episodesFor(dataSet, options)
  const codec = createCodec({ log: context.output.warn })
  // Features are measured data here, not a project's: they live as long as the run, and all predictors share them.
  const cacheFolder = await mkdtemp(join(tmpdir(), 'exemplar-evaluate-'))
  try {
    const isComparison = options.predictor === 'all'
    const measured: Measured[] = []
    for (const predictor of isComparison ? comparedPredictors : [options.predictor]) {
      measured.push(await measure(context, codec, cacheFolder, dataSet, list, { ...options, predictor }))
    }
    const described = measured.map(({ info, results }) => ({
      predictor: info.predictor,
      modelHash: info.modelHash,
      device: info.device,
      results: results.map((result) => describe(dataSet, result)),
    }))
    const report = {
      dataSet: dataSet.name,
      episodes: list.source,
      models: options.models ?? null,
      detail: options.detail,
      seed: options.seed,
      ...(isComparison ? { predictors: described, anchors, anchorsNotice } : described[0]),
    }
    if (options.report !== undefined) await writeFile(options.report, `${JSON.stringify(report, null, 2)}\n`)
    const names = measured.map(({ info }) => info.predictor).join(', ')
    context.output.result(report, [
      `${dataSet.name}, ${count(list.present.length, 'episode')}, ${names}, detail ${options.detail}, ${measured[0]?.info.device ?? ''}`,
      ...(isComparison ? comparison(measured) : []),
      ...(isComparison ? [] : measured.flatMap(({ results }) => results.flatMap((each) => lines(dataSet, each)))),
    ])
    return exitCode.done
  } finally {
    await codec.close()
    await rm(cacheFolder, { recursive: true, force: true })
  }
}

async function measure(
  context: CommandContext,
  codec: ImageCodec,
  cacheFolder: string,
  dataSet: DataSet,
  list: EpisodeList,
  options: EvaluateOptions,
): Promise<Measured> {
  const engine = createEngine({
    modelsFolder: options.models === undefined ? modelsFolder() : resolve(options.models),
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
      progress: ({ done, total, note }) =>
        context.output.progress(`${options.predictor}: ${done} of ${total ?? 0}  ${note ?? ''}`),
    })
    return { info, results }
  } finally {
    await engine.close()
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
  const { table: scores, floors, ...rest } = result
  const floor = (each: ScoreTable): object => ({
    meanIoU: each.mean,
    foregroundBackgroundIoU: each.foregroundBackground,
  })
  return {
    ...rest,
    meanIoU: scores.mean,
    foregroundBackgroundIoU: scores.foregroundBackground,
    allForegroundFloor: scores.floor,
    floors: { allForeground: floor(floors.allForeground), allBackground: floor(floors.allBackground) },
    perClass: Object.fromEntries(
      [...scores.perClass].map(([id, row]) => [dataSet.classNames.get(id) ?? String(id), row]),
    ),
  }
}

const percent = (share: number | null): string => (share === null ? '-' : `${(100 * share).toFixed(1)}%`)
const figure = (value: number | null): string => (value === null ? '-' : value.toFixed(3))
const interval = ({ mean }: ScoreTable): string =>
  `${mean.value.toFixed(2)}  [${mean.low.toFixed(2)}, ${mean.high.toFixed(2)}]`

/** One table for each number of shots, then what others published. */
function comparison(measured: readonly Measured[]): string[] {
  const header = ['', 'mIoU, 95% over images', 'FB-IoU', 'presence AUC', 'empty when absent', 'not empty when present']
  const floor = (name: string, scores: ScoreTable): string[] => [
    name,
    interval(scores),
    scores.foregroundBackground.toFixed(2),
  ]
  const row = (name: string, result: ShotResult): string[] => [
    ...floor(name, result.table),
    figure(result.presenceAuc),
    percent(result.emptyWhenAbsent),
    percent(result.nonEmptyWhenPresent),
  ]
  const tables = (measured[0]?.results ?? []).flatMap((first, at) => [
    '',
    `${count(first.shots, 'shot')}, ${count(first.episodes, 'episode')}`,
    ...table(header, [
      floor('all background', first.floors.allBackground),
      floor('all foreground', first.floors.allForeground),
      ...measured.flatMap(({ info, results }) => results.slice(at, at + 1).map((each) => row(info.predictor, each))),
    ]),
  ])
  const pair = ([one, five]: readonly [number, number | null]): string =>
    `${one.toFixed(1)} / ${five?.toFixed(1) ?? '-'}`
  return [
    ...tables,
    '',
    `Published, 1-shot / 5-shot. ${anchorsNotice}`,
    ...table(
      ['', 'PASCAL-5i', 'COCO-20i'],
      anchors.map(({ name, pascal, coco }) => [name, pair(pascal), pair(coco)]),
    ),
  ]
}

function lines(dataSet: DataSet, { shots, table: scores, ...result }: ShotResult): string[] {
  const seconds = (value: number | null): string => (value === null ? '-' : `${value.toFixed(3)} s`)
  return [
    '',
    `${count(shots, 'shot')}: mIoU ${interval(scores)} 95% over images`,
    `  all-foreground floor ${scores.floor.toFixed(2)}, FB-IoU ${scores.foregroundBackground.toFixed(2)}`,
    `  empty when absent ${percent(result.emptyWhenAbsent)}, not empty when present ${percent(result.nonEmptyWhenPresent)}, presence AUC ${figure(result.presenceAuc)}`,
    `  per image ${seconds(result.secondsPerImage)} with features on disk, ${seconds(result.secondsPerNewImage)} without`,
    ...[...scores.perClass].map(
      ([id, row]) =>
        `  ${(dataSet.classNames.get(id) ?? String(id)).padEnd(16)} ${row.iou.toFixed(2).padStart(6)}  (floor ${row.floor.toFixed(2)}, ${count(row.episodes, 'episode')})`,
    ),
  ]
}
