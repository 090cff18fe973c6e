import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { because } from '../../../test/support/skip-reason.ts'
import { boxMask, madeFeatures } from './made-features.fixture.ts'
import { backboneEntrySchema, readManifest, readModelEntry } from './models.ts'
import { createMsdnetPredictor } from './msdnet.ts'
import type { MsdnetPredictor } from './msdnet.ts'

/** The MSDNet that ships, from encoding to logits, against the values that Python has stored beside it. */

const modelsFolder = fileURLToPath(new URL('../../../models', import.meta.url))
const listed = await readManifest(modelsFolder)
const isShipped = listed.some(({ kind }) => kind === 'msdnet')
let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'msdnet-shipped-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

async function open(models: string): Promise<MsdnetPredictor> {
  const backbone = await readModelEntry(models, 'backbone', backboneEntrySchema)
  return createMsdnetPredictor({ modelsFolder: models, threads: 1, backbone })
}

/** A copy whose golden file is another one. */
function withGolden(change: (golden: { answers: { two: { logits: number[]; presence: number[] } } }) => void): string {
  for (const { kind, file } of listed) {
    if (kind !== 'msdnet-gradient' && typeof file === 'string')
      copyFileSync(join(modelsFolder, file), join(folder, file))
  }
  copyFileSync(join(modelsFolder, 'manifest.json'), join(folder, 'manifest.json'))
  mkdirSync(join(folder, 'golden'))
  const golden = JSON.parse(readFileSync(join(modelsFolder, 'golden', 'msdnet-light.json'), 'utf8')) as never
  change(golden)
  writeFileSync(join(folder, 'golden', 'msdnet-light.json'), JSON.stringify(golden))
  return folder
}

describe.skipIf(!isShipped)(
  'the MSDNet that ships',
  because('no trained MSDNet is in models/manifest.json yet'),
  () => {
    test('agrees with Python from feature maps to logits, and would say so if it did not', async () => {
      // Opening compares with the golden values.
      await using _predictor = await open(modelsFolder)
      const altered = withGolden(({ answers }) => {
        answers.two.logits[7] = (answers.two.logits[7] ?? 0) + 1
      })
      await expect(open(altered)).rejects.toMatchObject({ key: 'modelFault' })
    })

    test('keeps a support in 256 KB of tokens and its pooled features', async () => {
      await using predictor = await open(modelsFolder)
      const grid = { width: 28, height: 28 }
      const box = [4, 4, 14, 14] as const
      const numbers = 4 * (3 * 256 + 3 + 1 + 352)
      const one = await predictor.encodeSupport(madeFeatures(grid, 3, box), boxMask(grid, box))
      expect(one.length).toBeLessThanOrEqual(256 * 1024 + numbers)
      const both = await predictor.encodeSupport(madeFeatures(grid, 3, box), boxMask(grid, box), {
        zoomed: { region: [6, 6, 40, 40], features: madeFeatures(grid, 5, [7, 7, 21, 21]) },
      })
      expect(both.length).toBeLessThanOrEqual(256 * 1024 + 2 * numbers)
      const fitted = await predictor.fit(Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? one : both)))
      const [map] = await predictor.predict(madeFeatures(grid, 4, [8, 8, 20, 20]), [fitted])
      expect(map?.data.every((p) => p >= 0 && p <= 1)).toBe(true)
    })
  },
)
