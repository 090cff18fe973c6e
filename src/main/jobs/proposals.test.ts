import { expect, test } from 'vitest'
import { createBitmap } from '../../shared/mask/bitmap.ts'
import { bitmapFromTiles, tilesArea, tilesBounds, tilesFromBitmap } from '../../shared/mask/tiles.ts'
import type { EnginePrediction } from '../engine/engine-port.ts'
import { proposalsOf } from './proposals.ts'

const image = { id: 'i', width: 600, height: 200 }
const when = '2026-01-01T00:00:00.000Z'

function prediction(rectangles: readonly (readonly [number, number, number, number])[]): EnginePrediction {
  const bitmap = createBitmap(image.width, image.height)
  for (const [x, y, width, height] of rectangles) {
    for (let row = y; row < y + height; row++) bitmap.data.fill(1, row * image.width + x, row * image.width + x + width)
  }
  const tiles = tilesFromBitmap(bitmap)
  return { classId: 'c', tiles, area: tilesArea(tiles), score: 0.5, presence: 0.5 }
}

const scattered = prediction([
  [10, 10, 30, 20],
  [500, 100, 40, 50],
  // 48 pixels: less than 0.0005 of the image.
  [300, 50, 8, 6],
])

test('a region is one proposal with every pixel', () => {
  const [proposal, ...rest] = proposalsOf(scattered, { classId: 'c', versionId: 'v', split: 'region' }, image, when)
  expect(rest).toEqual([])
  expect(proposal!.tiles).toEqual(scattered.tiles)
  expect(proposal!.core).toMatchObject({
    imageId: 'i',
    classId: 'c',
    kind: 'mask',
    origin: 'predicted',
    state: 'proposed',
    score: 0.5,
    versionId: 'v',
    createdAt: when,
  })
})

test('instances are one proposal a connected part, specks left out', () => {
  const proposals = proposalsOf(scattered, { classId: 'c', versionId: 'v', split: 'instances' }, image, when)
  expect(proposals.map(({ tiles }) => tilesBounds(tiles))).toEqual([
    [10, 10, 30, 20],
    [500, 100, 40, 50],
  ])
  expect(new Set(proposals.map(({ core }) => core.id)).size).toBe(2)
  // The second part crosses a tile border and stays whole.
  expect(bitmapFromTiles(proposals[1]!.tiles, image.width, image.height).data.reduce((sum, v) => sum + v, 0)).toBe(2000)
})

test('what was not found is no proposal', () => {
  for (const split of ['region', 'instances'] as const) {
    expect(proposalsOf(prediction([]), { classId: 'c', versionId: 'v', split }, image, when)).toEqual([])
  }
})
