import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { exportCoco } from '../../src/main/formats/coco-export.ts'
import { countsFromPolygons } from '../../src/shared/coco/rasterise.ts'
import { countsArea, countsBounds, countsFromBitmap, countsToString } from '../../src/shared/coco/rle.ts'
import { polygonsFromBitmap } from '../../src/shared/coco/polygons.ts'
import type { Bitmap } from '../../src/shared/mask/bitmap.ts'
import { classRecord, cocoSpec, exportSource, quiet } from './export-samples.ts'
import { because } from '../support/skip-reason.ts'
import { hardMasks, randomBitmap, randomStream } from './mask-samples.ts'

const python = process.env['EXEMPLAR_PYTHON']
const isRequired = process.env['CI'] !== undefined
const reason = 'EXEMPLAR_PYTHON names no Python with test/python/requirements.txt installed'

const folder = mkdtempSync(join(tmpdir(), 'exemplar-pycocotools-'))
afterAll(() => rmSync(folder, { recursive: true }))

function check(script: string, cases: unknown): unknown {
  if (python === undefined) throw new Error(`${reason}.`)
  const file = join(folder, 'cases.json')
  writeFileSync(file, JSON.stringify(cases))
  const path = join(import.meta.dirname, script)
  return JSON.parse(execFileSync(python, [path, file], { encoding: 'utf8', maxBuffer: 64 << 20, stdio: 'pipe' }))
}

function maskCase(name: string, bitmap: Bitmap) {
  const counts = countsFromBitmap(bitmap)
  return {
    name,
    width: bitmap.width,
    height: bitmap.height,
    pixels: Buffer.from(bitmap.data).toString('base64'),
    polygons: polygonsFromBitmap(bitmap),
    counts,
    text: countsToString(counts),
    area: countsArea(counts),
    bounds: countsBounds(counts, bitmap.height),
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

test.skipIf(python === undefined && !isRequired)(
  'pycocotools reads our polygons and run lengths without a difference',
  because(reason),
  () => {
    const random = randomStream(20_14)
    const masks = hardMasks.map(({ name, bitmap }) => maskCase(name, bitmap))
    for (let index = 0; index < 600; index++) {
      const width = 1 + Math.floor(random() * 70)
      const height = 1 + Math.floor(random() * 70)
      masks.push(maskCase(`random ${index}`, randomBitmap(width, height, random)))
    }
    masks.push(maskCase('large', randomBitmap(1300, 900, random)))
    expect(check('check_masks.py', { masks, polygons: [] })).toEqual({
      masks: masks.length,
      polygons: 0,
      differences: [],
    })
  },
)

test.skipIf(python === undefined && !isRequired)(
  'our rasteriser agrees with pycocotools bit by bit',
  because(reason),
  () => {
    const random = randomStream(19_55)
    const polygons = Array.from({ length: 4000 }, (_, index) => {
      const width = 1 + Math.floor(random() * 50)
      const height = 1 + Math.floor(random() * 50)
      const lists = Array.from({ length: 1 + Math.floor(random() * 3) }, () => randomPolygon(width, height, random))
      const text = countsToString(countsFromPolygons(lists, width, height))
      return { name: `polygon ${index}`, width, height, polygons: lists, text }
    })
    expect(check('check_masks.py', { masks: [], polygons })).toEqual({ masks: 0, polygons: 4000, differences: [] })
  },
)

test.skipIf(python === undefined && !isRequired).each(['polygon', 'rle', 'rle-uncompressed'] as const)(
  'pycocotools finds every mask of an exported file identical, written as %s',
  because(reason),
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
    expect(check('check_export.py', { instances: join(out, report.files[0] ?? ''), masks })).toEqual({
      annotations: masks.length,
      identical: masks.length,
      differences: [],
      ap: 1,
    })
  },
)
