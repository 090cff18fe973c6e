import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { readDataSet } from '../../src/main/evaluate/data-set.ts'
import { createCodec } from '../../src/main/images/codec-client.ts'
import { sampleFolder } from '../../src/main/projects/paths.ts'
import { partKinds, sceneCount } from '../../scripts/sample/plan.ts'

describe('the committed sample', () => {
  const folder = sampleFolder()
  const dataSet = readDataSet(folder)
  const items = [...dataSet.items.values()]
  const codec = createCodec({ log: () => undefined })
  afterAll(() => codec.close())

  test('is complete, in few bytes', () => {
    expect(items.map((item) => item.name)).toEqual(readdirSync(join(folder, 'images')).toSorted())
    expect(readdirSync(join(folder, 'masks'))).toHaveLength(items.length)
    expect(items).toHaveLength(sceneCount)
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => statSync(join(folder, name)))
    const bytes = files.reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0)
    expect(bytes).toBeLessThan(6_000_000)
  })

  test('shows every class often, and pictures without any', () => {
    expect([...dataSet.classNames.values()]).toEqual(partKinds)
    for (const id of dataSet.classNames.keys()) {
      expect(items.filter((item) => item.classIds.includes(id)).length).toBeGreaterThanOrEqual(12)
    }
    expect(items.filter((item) => item.classIds.length === 0).length).toBeGreaterThanOrEqual(2)
  })

  test('has masks that agree with the pictures and the manifest', async () => {
    for (const item of items) {
      const mask = await codec.readIndexPng(item.maskPath)
      const picture = await codec.probe(item.imagePath)
      const size = { width: item.width, height: item.height }
      expect({ width: mask.width, height: mask.height }, item.name).toEqual(size)
      expect({ width: picture.width, height: picture.height }, item.name).toEqual(size)
      const counts = new Map<number, number>()
      for (const value of mask.data) if (value !== 0) counts.set(value, (counts.get(value) ?? 0) + 1)
      const sorted = new Map([...counts].toSorted(([a], [b]) => a - b))
      expect(sorted, item.name).toEqual(item.pixels)
      expect([...sorted.keys()], item.name).toEqual(item.classIds)
      for (const id of sorted.keys()) expect(dataSet.classNames.has(id), item.name).toBe(true)
    }
  })
})
