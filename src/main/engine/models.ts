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

/** What it says about the backbone. */
export const backboneEntrySchema = modelEntrySchema.extend({
  inputs: z.tuple([z.object({ name: z.string(), layout: z.literal('NCHW'), colour: z.literal('RGB') })]),
  outputs: z.array(z.object({ name: z.string(), stride: z.int().positive(), channels: z.int().positive() })),
  /** Network input = (8-bit value - mean) / scale, the same for the three channels. */
  normalisation: z.object({ mean: z.number(), scale: z.number().positive() }),
})
export type BackboneEntry = Readonly<z.infer<typeof backboneEntrySchema>>

const manifestSchema = z.object({ schemaVersion: z.literal(1), models: z.array(z.looseObject({ kind: z.string() })) })

/** A model file whose bytes have been compared with the manifest. */
export interface VerifiedModel<Entry extends ModelEntry = ModelEntry> {
  readonly entry: Entry
  readonly bytes: Uint8Array
}

/** Counts up when the way pixels become network input changes: features on disk are then made anew. */
const preprocessingVersion = 1

/**
 * Reads `manifest.json` of the models folder and returns its first model of that kind, read by `schema`.
 * Throws `ModelMissing` when there is no manifest, `ModelMismatch` when it cannot be understood.
 */
export async function readModelEntry<Schema extends z.ZodType<ModelEntry>>(
  modelsFolder: string,
  kind: string,
  schema: Schema,
): Promise<z.infer<Schema>> {
  const path = join(modelsFolder, 'manifest.json')
  const text = await readModelFile(path)
  let found: unknown
  try {
    found = JSON.parse(new TextDecoder().decode(text))
  } catch (cause) {
    throw manifestInvalid(path, cause)
  }
  const manifest = manifestSchema.safeParse(found)
  if (!manifest.success) throw manifestInvalid(path, manifest.error)
  const entry = schema.safeParse(manifest.data.models.find((model) => model.kind === kind))
  if (!entry.success) throw manifestInvalid(path, entry.error)
  return entry.data
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

function manifestInvalid(path: string, cause: unknown): AppError {
  return new AppError(
    'ModelMismatch',
    'modelManifestInvalid',
    `The model manifest ${path} is damaged or of another version; restore the models folder of this version.`,
    { params: { path }, cause },
  )
}
