import { randomUUID } from 'node:crypto'
import type { ClassRecord } from '../../shared/domain/records.ts'
import { splitComponents } from '../../shared/mask/components.ts'
import { bitmapFromTiles } from '../../shared/mask/tiles.ts'
import type { EnginePrediction } from '../engine/engine-port.ts'
import type { NewProposal } from '../store/store-port.ts'

/** Parts of a class split into instances are at least this many pixels … */
const minimumPartPixels = 16
/** … and this share of the image; smaller ones are specks. */
const minimumPartShare = 0.0005

/** What the proposals of one class carry. */
export interface ProposingClass {
  readonly classId: string
  readonly versionId: string
  readonly split: ClassRecord['split']
}

/**
 * One prediction as annotations to store: the whole mask, or one annotation per connected part
 * (8-neighbours) for a class that is split into instances. An empty prediction gives none. All parts
 * carry the prediction's score.
 */
export function proposalsOf(
  prediction: EnginePrediction,
  { classId, versionId, split }: ProposingClass,
  image: { readonly id: string; readonly width: number; readonly height: number },
  createdAt: string,
): NewProposal[] {
  if (prediction.area === 0) return []
  const { width, height } = image
  const parts =
    split === 'region'
      ? [prediction]
      : splitComponents(
          bitmapFromTiles(prediction.tiles, width, height),
          Math.max(minimumPartPixels, minimumPartShare * width * height),
        )
  return parts.map(({ tiles }) => ({
    core: {
      id: randomUUID(),
      imageId: image.id,
      classId,
      kind: 'mask',
      origin: 'predicted',
      state: 'proposed',
      score: prediction.score,
      versionId,
      polygon: null,
      crowd: false,
      box: null,
      createdAt,
    },
    tiles,
  }))
}
