import { matcherEntrySchema } from './matcher.ts'
import { backboneEntrySchema, readModelEntry } from './models.ts'
import { readMsdnetEntries } from './msdnet-entry.ts'
import { msdnetHash } from './msdnet.ts'
import { trainingFreeHash } from './training-free.ts'

/**
 * What `Predictor.modelHash` of this predictor is, from the manifest alone: whether a class must learn again is asked
 * before an engine runs. Throws what making the predictor throws of its manifest.
 */
export async function modelHashOf(predictor: string, modelsFolder: string): Promise<string> {
  const backbone = await readModelEntry(modelsFolder, 'backbone', backboneEntrySchema)
  if (predictor === 'training-free') {
    return trainingFreeHash(await readModelEntry(modelsFolder, 'matcher', matcherEntrySchema), backbone)
  }
  return msdnetHash(await readMsdnetEntries(modelsFolder, backbone), backbone)
}
