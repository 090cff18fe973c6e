import { expect, test } from 'vitest'
import { classRecord, exportSource, quiet } from '../../../test/python/export-samples.ts'
import { bitmapFromPicture } from '../../../test/python/mask-samples.ts'
import { countContents } from './contents.ts'

const size = { width: 4, height: 2 }
const mask = (picture: readonly string[], className = 'bolt', state: 'accepted' | 'proposed' = 'accepted') =>
  ({ className, bitmap: bitmapFromPicture([...picture]), state }) as const
const left = ['##..', '##..']
const middle = ['.##.', '....']
const right = ['...#', '...#']
const diagonal = ['#...', '.#..']
const source = exportSource(
  [
    { ...size, name: 'overlap.png', masks: [mask(left), mask(middle, 'nut'), mask(right)] },
    { ...size, name: 'parts.png', masks: [mask(diagonal)], boxes: [{ className: 'nut', box: [0, 0, 1, 1] }] },
    { ...size, name: 'proposed.png', masks: [mask(diagonal, 'nut', 'proposed'), mask(right, 'nut', 'proposed')] },
  ],
  [classRecord(0, 'bolt'), classRecord(1, 'nut', 'class-bolt')],
)

test('counts what a format may not hold, of what is to be exported', async () => {
  expect(await countContents(source, { include: 'accepted' }, quiet)).toEqual({
    boxes: 1,
    // Pixels that meet at a corner only are two parts, as in every format that knows parts.
    parts: 1,
    overlaps: 2,
    instances: 2,
    parents: 1,
    isWhole: true,
  })
  expect(await countContents(source, { include: 'proposed' }, quiet)).toMatchObject({
    boxes: 0,
    parts: 1,
    instances: 2,
  })
})

test('ends after enough masks, and says so', async () => {
  const [image] = [...source.images()]
  function* many() {
    for (let index = 0; index < 10_000; index++) if (image !== undefined) yield image
  }
  const contents = await countContents({ ...source, images: many }, { include: 'accepted' }, quiet)
  expect(contents.isWhole).toBe(false)
  expect(contents.overlaps).toBe(2 * Math.ceil(20_000 / 3))
})
