import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../../shared/errors.ts'
import { z } from '../../shared/zod.ts'

/** What the manifest says about any model. */
export const modelEntrySchema = z.object({
  id: z.string(),
  kind: z.string(),
  /** A name inside the models folder, never a path. */
  file: z.string().regex(/^[\w.-]+\.onnx$/),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
})
export type ModelEntry = Readonly<z.infer<typeof modelEntrySchema>>

const inputSide = z.int().min(32).max(2048)
/** Width and height in pixels. */
export const inputSizeSchema = z.tuple([inputSide, inputSide])

/** What it says about the backbone. */
export const backboneEntrySchema = modelEntrySchema.extend({
  inputs: z.tuple([z.object({ name: z.string(), layout: z.literal('NCHW'), colour: z.literal('RGB') })]),
  outputs: z.array(z.object({ name: z.string(), stride: z.int().positive(), channels: z.int().positive() })),
  /** Network input = (8-bit value - mean) / scale, the same for the three channels. */
  normalisation: z.object({ mean: z.number(), scale: z.number().positive() }),
  /** The one size at which every image enters, whatever its aspect; without it see `modelInputSize`. */
  inputSize: inputSizeSchema.optional(),
})
export type BackboneEntry = Readonly<z.infer<typeof backboneEntrySchema>>

const listedSchema = z.looseObject({ id: z.string(), kind: z.string() })
const manifestSchema = z.object({ schemaVersion: z.literal(1), models: z.array(listedSchema) })

/** A model file whose bytes have been compared with the manifest. */
export interface VerifiedModel<Entry extends ModelEntry = ModelEntry> {
  readonly entry: Entry
  readonly bytes: Uint8Array
}

/** Counts up when the way pixels become network input changes: features on disk are then made anew. */
const preprocessingVersion = 1

/** What every manifest entry has, with all else it holds. */
export type ListedModel = z.infer<typeof listedSchema>

/**
 * Reads `manifest.json` of the models folder and returns its first model of that kind (and of that id, where one is
 * named), read by `schema`. Throws `ModelMissing` when there is no manifest or no such model in it, `ModelMismatch` when
 * it cannot be understood.
 */
export async function readModelEntry<Schema extends z.ZodType<ModelEntry>>(
  modelsFolder: string,
  kind: string,
  schema: Schema,
  id?: string,
): Promise<z.infer<Schema>> {
  const path = manifestPath(modelsFolder)
  const models = await readManifest(modelsFolder)
  const found = models.find((model) => model.kind === kind && (id === undefined || model.id === id))
  if (found === undefined) throw modelNotListed(path, id ?? kind)
  const entry = schema.safeParse(found)
  if (!entry.success) throw manifestInvalid(path, entry.error)
  return entry.data
}

/** Every model that the manifest of the folder lists. Throws `ModelMissing` without one, `ModelMismatch` on a damaged one. */
export async function readManifest(modelsFolder: string): Promise<readonly ListedModel[]> {
  const path = manifestPath(modelsFolder)
  const text = await readModelFile(path)
  let found: unknown
  try {
    found = JSON.parse(new TextDecoder().decode(text))
  } catch (cause) {
    throw manifestInvalid(path, cause)
  }
  const manifest = manifestSchema.safeParse(found)
  if (!manifest.success) throw manifestInvalid(path, manifest.error)
  return manifest.data.models
}

function manifestPath(modelsFolder: string): string {
  return join(modelsFolder, 'manifest.json')
}

/**
 * Reads the model file and compares its SHA-256 with the manifest before anybody runs it.
 * Throws `ModelMissing` (no such file) or `ModelMismatch` (other bytes than the manifest promises).
 */
export async function loadVerifiedModel<Entry extends ModelEntry>(
  modelsFolder: string,
  entry: Entry,
): Promise<VerifiedModel<Entry>> {
  const path = join(modelsFolder, entry.file)
  const bytes = await readModelFile(path)
  if (createHash('sha256').update(bytes).digest('hex') !== entry.sha256) {
    throw new AppError(
      'ModelMismatch',
      'modelMismatch',
      `The model file ${path} is not the one its manifest describes (other SHA-256); restore the models folder of this version.`,
      { params: { path } },
    )
  }
  return { entry, bytes }
}

/** SHA-256 over the model file and how pixels enter it: features only mix within one. Hex. */
export function featureHash(entry: BackboneEntry): string {
  const { mean, scale } = entry.normalisation
  return createHash('sha256')
    .update(`${entry.sha256} ${String(mean)} ${String(scale)} ${String(preprocessingVersion)}`)
    .digest('hex')
}

async function readModelFile(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (cause) {
    throw new AppError(
      'ModelMissing',
      'modelMissing',
      `The model file ${path} cannot be read; restore the models folder of this version.`,
      { params: { path }, cause },
    )
  }
}

/** A model file that is the right one and does not do what its kind must do. */
export function modelFault(path: string, fault: string, cause?: unknown): AppError {
  return new AppError(
    'ModelMismatch',
    'modelFault',
    `The model file ${path} cannot be used: ${fault}. Export the model anew, or choose another predictor.`,
    { params: { path, fault }, cause },
  )
}

function modelNotListed(path: string, model: string): AppError {
  return new AppError(
    'ModelMissing',
    'modelNotListed',
    `The model manifest ${path} does not list ${model}; restore the models folder of this version, or choose another predictor.`,
    { params: { path, model } },
  )
}

function manifestInvalid(path: string, cause: unknown): AppError {
  return new AppError(
    'ModelMismatch',
    'modelManifestInvalid',
    `The model manifest ${path} is damaged or of another version; restore the models folder of this version.`,
    { params: { path }, cause },
  )
}
