import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { ModelSummary } from '../../shared/contract/contract.ts'
import { preferencesSchema } from '../../shared/domain/preferences.ts'
import { AppError, isAppError } from '../../shared/errors.ts'
import { z } from '../../shared/zod.ts'
import { modelHashOf } from '../engine/model-hash.ts'
import {
  backboneEntrySchema,
  loadVerifiedModel,
  modelEntrySchema,
  readManifest,
  readModelEntry,
} from '../engine/models.ts'
import type { ListedModel, ModelEntry } from '../engine/models.ts'
import { msdnetEntrySchema, readMsdnetEntries } from '../engine/msdnet-entry.ts'
import { matcherEntrySchema } from '../engine/matcher.ts'
import { withTrialEngine } from '../engine/provider-check.ts'
import type { Spawner } from '../processes/spawner.ts'
import { modelsFolder } from '../projects/paths.ts'
import type { SessionModel } from '../projects/session.ts'
import { configurationFolder } from './recent.ts'

/**
 * What can be learnt and segmented with: what the program brings, and models that a person added. Each of those is a
 * models folder of its own in the configuration folder, complete with its backbone, so that an update of the program
 * changes nothing of it.
 */

const shippedNames = ['msdnet', 'training-free'] as const
const manifestName = 'manifest.json'
const nameSchema = preferencesSchema.shape.predictor
const describedSchema = z.object({ licence: z.string().optional(), trainingData: z.string().optional() })

function addedFolder(): string {
  return join(configurationFolder(), 'models')
}

/** What the name stands for. One that was added and is gone keeps its place, so that its use says which file is missing. */
export function modelNamed(name: string): SessionModel {
  if (isShipped(name)) return { modelsFolder: modelsFolder(), predictor: name }
  return { modelsFolder: join(addedFolder(), name), predictor: 'msdnet' }
}

/** Throws `NotFound` when the name is none of `modelNames`. */
export function requireModel(name: string): SessionModel {
  if (modelNames().includes(name)) return modelNamed(name)
  const known = modelNames().join(', ')
  throw new AppError('NotFound', 'modelUnknown', `There is no model "${name}"; choose one of: ${known}.`, {
    params: { name, known },
  })
}

function isShipped(name: string): boolean {
  return shippedNames.some((each) => each === name)
}

/** Names that can be chosen. */
function modelNames(): string[] {
  return [...shippedNames, ...addedNames()]
}

function addedNames(): string[] {
  try {
    return readdirSync(addedFolder())
      .filter((name) => nameSchema.safeParse(name).success && existsSync(join(addedFolder(), name, manifestName)))
      .toSorted()
  } catch (error) {
    // Nothing was added yet.
    if (error instanceof Error && 'syscall' in error) return []
    throw error
  }
}

/** Hash of what classes learn with under this name; null where the model cannot be read, which its use will say. */
export async function modelHashNamed(name: string): Promise<string | null> {
  try {
    const model = modelNamed(name)
    return await modelHashOf(model.predictor, model.modelsFolder)
  } catch (error) {
    if (isAppError(error)) return null
    throw error
  }
}

/** Every model that can be chosen, its files compared with their hashes. */
export async function listModels(): Promise<ModelSummary[]> {
  return await Promise.all(modelNames().map(describe))
}

async function describe(name: string): Promise<ModelSummary> {
  const model = modelNamed(name)
  const origin = isShipped(name) ? 'shipped' : 'added'
  const nothing = { name, origin, trainingData: null, licence: null, bytes: null } as const
  try {
    const entries = await entriesOf(model)
    let bytes = 0
    for (const entry of entries) bytes += (await loadVerifiedModel(model.modelsFolder, entry)).bytes.length
    const listed = await readManifest(model.modelsFolder)
    const said = describedSchema.safeParse(listed.find(({ id }) => id === entries.at(-1)?.id)).data
    const { licence = null, trainingData = null } = said ?? {}
    return { ...nothing, bytes, licence, trainingData, problem: null }
  } catch (error) {
    if (!isAppError(error)) throw error
    const { key, params } = error.toRecord()
    return { ...nothing, problem: { name, reason: error.message, error: { key, params } } }
  }
}

/** Everything it runs, its own network last. */
async function entriesOf({ modelsFolder: folder, predictor }: SessionModel): Promise<readonly ModelEntry[]> {
  const backbone = await readModelEntry(folder, 'backbone', backboneEntrySchema)
  if (predictor === 'training-free') return [backbone, await readModelEntry(folder, 'matcher', matcherEntrySchema)]
  const { encoder, decoder } = await readMsdnetEntries(folder, backbone)
  return [backbone, encoder, decoder]
}

export interface AddModelOptions {
  readonly log: (line: string) => void
  readonly spawner?: Spawner | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Copies an exported MSDNet into the configuration folder and returns its name, the id of its manifest entry. `path` is
 * its manifest or the folder that holds it. A backbone that the manifest only names is taken from the program. Everything
 * is compared with its hash, and the copy is run (`selfTest`) in a process of its own before it counts; a fault leaves
 * nothing behind and names the file.
 */
export async function addModel(path: string, options: AddModelOptions): Promise<string> {
  const source = basename(path) === manifestName || !isFolder(path) ? dirname(path) : path
  const decoder = await readModelEntry(source, 'msdnet', msdnetEntrySchema)
  const name = decoder.id
  if (!nameSchema.safeParse(name).success || isShipped(name)) {
    throw new AppError(
      'InvalidInput',
      'modelNameUnusable',
      `The model in ${source} has the id "${name}", which cannot be used; give it one of small letters, digits, dots and hyphens that is not ${shippedNames.join(' or ')}.`,
      { params: { folder: source, name } },
    )
  }
  const folder = join(addedFolder(), name)
  if (existsSync(folder)) {
    throw new AppError(
      'Conflict',
      'modelNameTaken',
      `A model "${name}" was added already. Delete ${folder} to add another one under this name, or give it another id in its manifest.`,
      { params: { name, folder } },
    )
  }
  const staging = join(addedFolder(), `.${name}.part`)
  rmSync(staging, { recursive: true, force: true })
  try {
    mkdirSync(staging, { recursive: true, mode: 0o700 })
    await copyModel(source, decoder.backbone, staging)
    const outcome = await withTrialEngine({ ...options, modelsFolder: staging, predictor: 'msdnet' }, (engine) =>
      engine.request('identify', null, { signal: options.signal }),
    )
    if (!outcome.ok) throw outcome.error
    renameSync(staging, folder)
    return name
  } catch (error) {
    rmSync(staging, { recursive: true, force: true })
    throw isAppError(error) ? inPlace(error, staging, source) : unwritable(error, staging)
  }
}

/** What an MSDNet needs, and nothing else that may lie beside it. */
async function copyModel(source: string, backboneId: string, target: string): Promise<void> {
  const own = await readManifest(source)
  const isOwn = own.some(({ kind, id }) => kind === 'backbone' && id === backboneId)
  // The matcher compares tokens of its backbone.
  const base = isOwn ? source : modelsFolder()
  const isBase = ({ kind, id }: ListedModel): boolean =>
    kind === 'matcher' || (kind === 'backbone' && id === backboneId)
  const isHead = ({ kind }: ListedModel): boolean => kind === 'msdnet-encoder' || kind === 'msdnet'
  const chosen = [
    ...(await readManifest(base)).filter(isBase).map((entry) => ({ from: base, entry })),
    ...own.filter(isHead).map((entry) => ({ from: source, entry })),
  ]
  for (const { from, entry } of chosen) {
    const copied = copiedSchema.parse(entry)
    writeFileSync(join(target, copied.file), (await loadVerifiedModel(from, copied)).bytes)
    const { golden } = copied
    if (golden !== undefined && existsSync(join(from, golden))) cpSync(join(from, golden), join(target, golden))
  }
  const manifest = { schemaVersion: 1, models: chosen.map(({ entry }) => entry) }
  writeFileSync(join(target, manifestName), `${JSON.stringify(manifest, null, 2)}\n`)
}

const copiedSchema = modelEntrySchema.extend({
  /** Inside the models folder. */
  golden: z
    .string()
    .regex(/^golden\/[\w.-]+\.json$/)
    .optional(),
})

/** The error with the file's name where the person has it, not in the copy. */
function inPlace(error: AppError, staging: string, source: string): AppError {
  const moved = (text: string): string => text.replaceAll(staging, source)
  const params = Object.fromEntries(
    Object.entries(error.params).map(([name, value]) => [name, typeof value === 'string' ? moved(value) : value]),
  )
  return AppError.fromRecord({ ...error.toRecord(), message: moved(error.message), params })
}

function unwritable(error: unknown, folder: string): unknown {
  if (!(error instanceof Error && 'syscall' in error)) return error
  const reason = 'code' in error && typeof error.code === 'string' ? error.code : error.message
  return new AppError('Io', 'folderNotCreated', `The folder ${folder} could not be made; choose another place.`, {
    params: { path: folder, reason },
    cause: error,
  })
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}
