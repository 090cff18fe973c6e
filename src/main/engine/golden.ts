import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from '../../shared/zod.ts'
import type { RgbPixels } from './engine-port.ts'
import type { FeatureMaps } from './predictor.ts'

/** Values that the backbone must return for a synthetic image, as `models/golden` has them. */
export const goldenSchema = z.object({
  schemaVersion: z.literal(1),
  width: z.int().positive(),
  height: z.int().positive(),
  outputs: z.array(
    z.object({
      name: z.string(),
      /** Largest magnitude of the map: differences are relative to it. */
      scale: z.number().positive(),
      rows: z.array(z.int()),
      columns: z.array(z.int()),
      channels: z.array(z.int()),
      /** `[channel][row][column]`, flattened. */
      values: z.array(z.number()),
    }),
  ),
})
export type Golden = z.infer<typeof goldenSchema>

/** Side of the golden image at the default detail. */
export const goldenSide = 448

/** The golden values at 448 x 448 px, the one size that a package brings; null where they are not installed. */
export async function readGolden(modelsFolder: string): Promise<Golden | null> {
  const path = join(modelsFolder, 'golden', `backbone-${goldenSide}x${goldenSide}.json`)
  return existsSync(path) ? goldenSchema.parse(JSON.parse(await readFile(path, 'utf8'))) : null
}

/** The synthetic image of the golden files: `((x>>3)*37 + (y>>3)*59 + c*83 + ((x*y) & 63)) & 255`. */
export function goldenPixels(width: number, height: number): RgbPixels {
  const data = new Uint8Array(width * height * 3)
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) data[at++] = ((x >> 3) * 37 + (y >> 3) * 59 + c * 83 + ((x * y) & 63)) & 255
    }
  }
  return { width, height, data }
}

/** Largest difference from the golden values, relative to each map's scale; infinite when a map is missing or not a number. */
export function largestDifference(features: FeatureMaps, golden: Golden): number {
  let largest = 0
  for (const { name, scale, rows, columns, channels, values } of golden.outputs) {
    const map = features.maps[name]
    if (map === undefined) return Infinity
    let at = 0
    for (const channel of channels) {
      for (const row of rows) {
        for (const column of columns) {
          const found = map.data[(channel * map.height + row) * map.width + column] ?? NaN
          const difference = Math.abs(found - (values[at++] ?? NaN)) / scale
          if (!(difference <= largest)) largest = Number.isNaN(difference) ? Infinity : difference
        }
      }
    }
  }
  return largest
}
