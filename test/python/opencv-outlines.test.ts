import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { polygonsFromBitmap } from '../../src/shared/coco/polygons.ts'
import type { Bitmap } from '../../src/shared/mask/bitmap.ts'
import { fillOutline } from '../../src/shared/mask/fill-outline.ts'
import { bitmapFromTiles } from '../../src/shared/mask/tiles.ts'
import { outerContours } from '../../src/shared/mask/outer-contours.ts'
import { z } from '../../src/shared/zod.ts'
import { because } from '../support/skip-reason.ts'
import { randomTexture } from './hard-mask-set.ts'
import { hardMasks, randomBitmap, randomStream } from './mask-samples.ts'
import { checkInPython, isPythonMissing, pythonReason } from './run-python.ts'

const folder = mkdtempSync(join(tmpdir(), 'exemplar-outlines-'))
afterAll(() => rmSync(folder, { recursive: true }))

const answerSchema = z.object({ filled: z.array(z.string()), contours: z.array(z.array(z.array(z.number()))) })

interface Outline {
  readonly width: number
  readonly height: number
  readonly ring: readonly number[]
}

function askOpenCv(rings: readonly Outline[], masks: readonly Bitmap[]): z.infer<typeof answerSchema> {
  const pixels = (bitmap: Bitmap): string => Buffer.from(bitmap.data).toString('base64')
  return answerSchema.parse(
    checkInPython('opencv_outlines.py', folder, {
      rings,
      masks: masks.map((bitmap) => ({ width: bitmap.width, height: bitmap.height, pixels: pixels(bitmap) })),
    }),
  )
}

/** Pixels that differ from what OpenCV paints, and all pixels that it paints, by outline. */
function differences(rings: readonly Outline[]): { readonly wrong: number; readonly painted: number }[] {
  const { filled } = askOpenCv(rings, [])
  return rings.map(({ width, height, ring }, index) => {
    const ours = bitmapFromTiles(fillOutline([ring], { width, height }), width, height).data
    const theirs = Buffer.from(filled[index] ?? '', 'base64')
    let wrong = 0
    ours.forEach((value, at) => (wrong += value === theirs[at] ? 0 : 1))
    return { wrong, painted: theirs.reduce((sum, value) => sum + value, 0) }
  })
}

test.skipIf(isPythonMissing)(
  'outlines along pixel edges are filled as OpenCV fills them, pixel by pixel',
  because(pythonReason),
  () => {
    const random = randomStream(3)
    const bitmaps = [
      ...hardMasks.map(({ bitmap }) => bitmap),
      ...Array.from({ length: 200 }, () => randomBitmap(60, 50, random)),
    ]
    const rings = bitmaps.flatMap((bitmap) =>
      polygonsFromBitmap(bitmap)
        .slice(0, 50)
        .map((ring) => ({ width: bitmap.width, height: bitmap.height, ring })),
    )
    expect(rings.length).toBeGreaterThan(500)
    expect(differences(rings).filter(({ wrong }) => wrong > 0)).toEqual([])
  },
)

test.skipIf(isPythonMissing)('slanted outlines differ from OpenCV in few pixels', because(pythonReason), () => {
  const random = randomStream(4)
  const rings = Array.from({ length: 300 }, () => ({
    width: 200,
    height: 150,
    ring: Array.from({ length: 24 }, (_, i) => random() * (i % 2 === 0 ? 200 : 150)),
  }))
  const found = differences(rings)
  const sum = (key: 'wrong' | 'painted'): number => found.reduce((total, each) => total + each[key], 0)
  expect(sum('wrong') / sum('painted')).toBeLessThan(0.003)
})

test.skipIf(isPythonMissing)(
  'outer contours are those of OpenCV, corner by corner, in 5,000 masks',
  because(pythonReason),
  () => {
    const random = randomStream(5)
    const side = (): number => 1 + Math.floor(random() * 30)
    const masks = [
      ...hardMasks.map(({ bitmap }) => bitmap),
      ...Array.from({ length: 5000 }, () => randomTexture(side(), side(), random)),
    ]
    const { contours } = askOpenCv([], masks)
    const inOrder = (parts: readonly (readonly number[])[]): string[] => parts.map((part) => part.join()).toSorted()
    const wrong = masks.filter(
      (mask, at) => inOrder(outerContours(mask)).join(' ') !== inOrder(contours[at] ?? []).join(' '),
    )
    expect(wrong).toEqual([])
  },
)
