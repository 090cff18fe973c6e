import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { planScene } from '../../scripts/sample/plan.ts'
import { renderScenes } from '../../scripts/sample/render.ts'
import { writePicture } from '../../scripts/sample/write-data-set.ts'
import { findChromium, noChromiumReason } from '../support/chromium.ts'
import { because } from '../support/skip-reason.ts'

const size = { width: 160, height: 120, samples: 2, ground: 128 }
/** A plain one, and one with a rim and several kinds of parts. */
const scenes = [0, 2].map(planScene)

describe.skipIf(findChromium() === undefined)('the generator of the sample', because(noChromiumReason), () => {
  const folders = [1, 2].map(() => mkdtempSync(join(tmpdir(), 'exemplar-sample-')))
  afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })))

  async function render(folder: string): Promise<Record<string, string>> {
    const seen: number[] = []
    for await (const picture of renderScenes(scenes, size)) {
      await writePicture(folder, picture, size)
      seen.push(new Set(picture.rgb).size, new Set(picture.classIds).size)
    }
    // Pictures, not empty frames: many tones, and background with several classes.
    expect(seen[0]).toBeGreaterThan(50)
    expect(seen[1]).toBe(4)
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('.'))
    return Object.fromEntries(
      files.toSorted().map((name) => [
        name,
        createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex'),
      ]),
    )
  }

  test('writes the same bytes each time', async () => {
    const [first = '', second = ''] = folders
    const once = await render(first)
    expect(Object.keys(once)).toHaveLength(4)
    expect(await render(second)).toEqual(once)
  })
})
