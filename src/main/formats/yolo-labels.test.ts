import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bitmapArbitrary } from '../../../test/python/mask-samples.ts'
import { polygonsFromBitmap } from '../../shared/coco/polygons.ts'
import { outlineSchema } from '../../shared/contract/contract.ts'
import { tileSize } from '../../shared/contract/media.ts'
import { centreRing } from '../../shared/mask/centre-ring.ts'
import { tilesFromBitmap, unionTiles } from '../../shared/mask/tiles.ts'
import { filledByUltralytics } from './ultralytics-reading.ts'
import { parseLabels, ringLine } from './yolo-labels.ts'
import type { RingReading, Size } from './yolo-rings.ts'
import { ringReadings } from './yolo-rings.ts'

const names = new Map([[0, 'bolt']])
const read = (text: string, size: Size, reading: RingReading) => [...parseLabels(text, names, 0, size, reading)]

/** How far a mask lies from the upper left corner, in tiles, and how much of the image is left beside it, in pixels. */
const placeArbitrary = fc.record({
  before: fc.constantFrom(0, 0, 1, 17, 127),
  after: fc.constantFrom(0, 0, 1, 999, 70_001),
})

test.each([
  ['edges', 'COCO', ringReadings.edges],
  ['centres', 'us', ringReadings.centres],
  ['centres', 'Ultralytics', filledByUltralytics],
] as const)(
  'rings along %s come back bit by bit, read as by %s, from one pixel to the largest sides',
  (outline, _by, reading) => {
    fc.assert(
      fc.property(bitmapArbitrary(24, 24), placeArbitrary, placeArbitrary, (bitmap, across, down) => {
        const [left, top] = [across.before * tileSize, down.before * tileSize]
        const size = { width: left + bitmap.width + across.after, height: top + bitmap.height + down.after }
        const rings = polygonsFromBitmap(bitmap).map((ring) =>
          ring.map((value, at) => value + (at % 2 === 0 ? left : top)),
        )
        const text = rings.map((ring) => ringLine(0, outline === 'centres' ? centreRing(ring) : ring, size)).join('')
        const masks = read(text, size, reading).map((line) => (line.kind === 'mask' ? line.tiles : []))
        const placed = tilesFromBitmap(bitmap).map((tile) => ({
          ...tile,
          x: tile.x + across.before,
          y: tile.y + down.before,
        }))
        expect(unionTiles(masks)).toEqual(placed)
      }),
      { numRuns: 300 },
    )
  },
)

test.each(outlineSchema.options)('what others write of rings that are none, along %s', (outline) => {
  const size = { width: 10, height: 10 }
  const lines = [
    '0 0.5 0.5 0.5 0.5 NaN 0.5',
    '0 0.5 0.5 0.5 Infinity 0.5 0.5',
    '0 0.5 0.5 1e999 0.5 0.5 0.5',
    '0 0.5 0.5 0.5 0.5 0.5',
    '0 0.5 0.5 0.7 0.7 1.2 0.5',
    '0.5 0.1 0.1 0.9 0.1 0.9 0.9',
    '0 1.005 1.005 1.005 1.005 1.005 1.005',
    '0',
  ]
  expect(read(lines.join('\n'), size, ringReadings[outline]).map(({ kind }) => kind)).toEqual(lines.map(() => 'skip'))
  // Corners on one point or line enclose nothing, but an outline that is painted is there.
  const flat = '0 0.15 0.15 0.15 0.15 0.15 0.15\n0 0.1 0.5 0.9 0.5 0.1 0.5\n'
  const kind = outline === 'edges' ? 'skip' : 'mask'
  expect(read(flat, size, ringReadings[outline]).map((line) => line.kind)).toEqual([kind, kind])
})

test('lines are read as they are asked for, and a line beyond all measure is left out', () => {
  const size = { width: 10, height: 10 }
  const square = '0 0.1 0.1 0.9 0.1 0.9 0.9 0.1 0.9'
  const [first] = parseLabels(`${square}\r\n${'x\n'.repeat(1 << 27)}`, names, 0, size, ringReadings.edges)
  expect(first?.kind).toBe('mask')
  const long = `0 ${'0.5 '.repeat(1 << 25)}`
  expect(read(`${long}\r${square}`, size, ringReadings.centres)).toMatchObject([
    {
      kind: 'skip',
      line: 1,
      reason: expect.stringContaining('has 134217730 characters, and a line has 67108864 at most'),
    },
    { kind: 'mask', line: 2 },
  ])
})
