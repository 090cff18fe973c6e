import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { exportCoco } from '../../src/main/formats/coco-export.ts'
import { countsFromPolygons } from '../../src/shared/coco/rasterise.ts'
import {
  bitmapFromCounts,
  countsArea,
  countsBounds,
  countsFromBitmap,
  countsToString,
} from '../../src/shared/coco/rle.ts'
import type { Counts } from '../../src/shared/coco/rle.ts'
import { polygonsFromBitmap } from '../../src/shared/coco/polygons.ts'
import type { Bitmap } from '../../src/shared/mask/bitmap.ts'
import { because } from '../support/skip-reason.ts'
import { classRecord, exportSource, quiet } from './export-samples.ts'
import { cocoSpec } from '../support/export-spec.ts'
import { randomTexture } from './hard-mask-set.ts'
import { hardMasks, randomBitmap, randomStream } from './mask-samples.ts'
import { checkInPython, isPythonMissing, pythonReason, runPython } from './run-python.ts'

const folder = mkdtempSync(join(tmpdir(), 'exemplar-pycocotools-'))
afterAll(() => rmSync(folder, { recursive: true }))

function describeCounts(counts: Counts, height: number) {
  return { text: countsToString(counts), area: countsArea(counts), bounds: countsBounds(counts, height) }
}

/** Overlap of two masks of one size; 0 when they share no pixel, two empty ones included, as COCO has it. */
function bitmapIou(a: Bitmap, b: Bitmap): number {
  let both = 0
  let either = 0
  a.data.forEach((value, at) => {
    const other = b.data[at] ?? 0
    both += value & other
    either += value | other
  })
  return both === 0 ? 0 : both / either
}

/** A texture and an outline of one size, with all that our code says of them. */
function overlapCase(name: string, bitmap: Bitmap, random: () => number) {
  const { width, height } = bitmap
  const counts = countsFromBitmap(bitmap)
  const lists = Array.from({ length: 1 + Math.floor(random() * 3) }, () => randomPolygon(width, height, random))
  const outline = countsFromPolygons(lists, width, height)
  return {
    name,
    width,
    height,
    pixels: Buffer.from(bitmap.data).toString('base64'),
    lists,
    texture: { ...describeCounts(counts, height), counts, polygons: polygonsFromBitmap(bitmap) },
    outline: describeCounts(outline, height),
    iou: bitmapIou(bitmap, bitmapFromCounts(outline, width, height)),
  }
}

/** Whole, half and odd fractions, inside, across and beyond the border, crossing themselves or flat. */
function randomPolygon(width: number, height: number, random: () => number): number[] {
  const reach = [1, 1.5, 4][Math.floor(random() * 3)] ?? 1
  const grain = [1, 2, 5, 10, 1000][Math.floor(random() * 5)] ?? 1
  const isAxisParallel = random() < 0.3
  const ring: number[] = []
  for (let points = 3 + Math.floor(random() * 9); points > 0; points--) {
    const x = Math.round((width / 2 + (random() - 0.5) * width * reach) * grain) / grain
    const y = Math.round((height / 2 + (random() - 0.5) * height * reach) * grain) / grain
    if (isAxisParallel && ring.length > 0) ring.push(ring[ring.length - 2] ?? 0, y, x, y)
    else ring.push(x, y)
  }
  return ring
}

test.skipIf(isPythonMissing)(
  'pycocotools agrees with our run lengths, polygons and rasteriser in 20,000 cases',
  because(pythonReason),
  () => {
    const random = randomStream(20_14)
    const path = join(folder, 'cases.ndjson')
    const file = openSync(path, 'w')
    let cases = 0
    const write = (name: string, bitmap: Bitmap): void => {
      writeSync(file, `${JSON.stringify(overlapCase(name, bitmap, random))}\n`)
      cases++
    }
    for (const { name, bitmap } of hardMasks) write(name, bitmap)
    write('large', randomBitmap(1300, 900, random))
    while (cases < 20_000) {
      const longest = cases % 20 === 0 ? 120 : 40
      const width = 1 + Math.floor(random() * longest)
      const height = 1 + Math.floor(random() * longest)
      write(`random ${cases}`, randomTexture(width, height, random))
    }
    closeSync(file)
    expect(runPython('check_cases.py', path)).toEqual({ cases: 20_000, count: 0, differences: [] })
  },
)

test.skipIf(isPythonMissing).each(['polygon', 'rle', 'rle-uncompressed'] as const)(
  'pycocotools finds every mask of an exported file identical, written as %s',
  because(pythonReason),
  async (segmentation) => {
    const random = randomStream(11)
    const images = [
      ...hardMasks.map(({ bitmap }) => bitmap),
      ...Array.from({ length: 40 }, () => randomBitmap(64, 48, random)),
    ].map((bitmap, index) => ({
      name: `sub/${String(index).padStart(3, '0')}.png`,
      width: bitmap.width,
      height: bitmap.height,
      masks: bitmap.data.includes(1) ? [{ className: index % 2 === 0 ? 'bolt' : 'nut', bitmap }] : [],
      reviewed: true,
    }))
    const source = exportSource(images, [classRecord(0, 'bolt'), classRecord(1, 'nut')])
    const out = join(folder, segmentation)
    const report = await exportCoco(source, out, { ...cocoSpec, segmentation }, quiet)
    const masks = images.flatMap(({ name, masks: [mask] }) =>
      mask === undefined
        ? []
        : {
            image: name,
            category: mask.className,
            width: mask.bitmap.width,
            height: mask.bitmap.height,
            pixels: Buffer.from(mask.bitmap.data).toString('base64'),
          },
    )
    expect(report.identical).toBe(masks.length)
    expect(checkInPython('check_export.py', folder, { instances: join(out, report.files[0] ?? ''), masks })).toEqual({
      annotations: masks.length,
      identical: masks.length,
      differences: [],
      ap: 1,
    })
  },
)

test.skipIf(isPythonMissing)(
  'COCOeval takes the results file beside the instances file of the same project',
  because(pythonReason),
  async () => {
    const random = randomStream(1_2)
    const images = Array.from({ length: 12 }, (_, index) => {
      const bitmap = randomBitmap(64, 48, random)
      bitmap.data[0] = 1
      const className = index % 2 === 0 ? 'bolt' : 'nut'
      const proposal = { className, bitmap, state: 'proposed', score: 0.5 + index / 100 } as const
      return { name: `${index}.png`, width: 64, height: 48, masks: [{ className, bitmap }, proposal] }
    })
    const source = exportSource(images, [classRecord(0, 'bolt'), classRecord(1, 'nut')])
    const out = join(folder, 'results')
    const { files } = await exportCoco(source, out, { ...cocoSpec, format: 'coco-results' }, quiet)
    const [results = '', instances = ''] = files.map((file) => join(out, file))
    expect(checkInPython('check_results.py', folder, { instances, results })).toEqual({
      results: 12,
      ap: { segm: 1, bbox: 1 },
    })
  },
)
