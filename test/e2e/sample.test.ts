import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest'
import { readDataSet } from '../../src/main/evaluate/data-set.ts'
import { createCodec } from '../../src/main/images/codec-client.ts'
import { sampleFolder } from '../../src/main/projects/paths.ts'
import { findChromium, noChromiumReason } from '../support/chromium.ts'
import { compareWithPycocotools } from '../support/compare-export.ts'
import { HostProcess } from '../support/host-process.ts'
import { intersectionOverUnion, masksOf } from '../support/quality.ts'
import { ringsOf } from '../support/rings.ts'
import { because } from '../support/skip-reason.ts'
import { EditorDriver, openStudio } from '../support/studio-page.ts'
import type { StudioPage } from '../support/studio-page.ts'
import type { ByteIndexPng } from '../../src/shared/domain/index-png.ts'

const mostClicks = 12
/** Far below what the two outlined washers give; far above guessing. */
const lowestQuality = 0.4
const washer = 1

describe.skipIf(findChromium() === undefined)('the first minute', because(noChromiumReason), () => {
  const folder = mkdtempSync(join(tmpdir(), 'exemplar-first-minute-'))
  const project = join(folder, 'Exemplar Studio', 'Sample project')
  const codec = createCodec({ log: () => undefined })
  const truths = new Map<string, ByteIndexPng>()
  const items = [...readDataSet(sampleFolder()).items.values()]
  const [first = ''] = items.map((item) => item.name)
  let host: HostProcess
  let studio: StudioPage

  beforeAll(async () => {
    for (const item of items) truths.set(item.name, await codec.readIndexPng(item.maskPath))
    host = await HostProcess.start(['--root', folder], { EXEMPLAR_HOME: join(folder, 'home') })
    studio = await openStudio(host.url)
  })

  afterAll(async () => {
    await studio.close()
    await host.stop()
    await codec.close()
    rmSync(folder, { recursive: true })
  })

  function truthOf(name: string): ByteIndexPng {
    const truth = truths.get(name)
    if (truth === undefined) throw new Error(`no truth for ${name}`)
    return truth
  }

  it('leads from the welcome screen to a COCO file in a dozen clicks', async () => {
    const { page, screenshot } = studio
    onTestFailed(() => screenshot('failure'))
    const editor = new EditorDriver(page)
    const step = (name: string) => page.locator(`[data-testid=tour][data-step=${name}]`)
    await page.getByTestId('sample-card').waitFor()
    await screenshot('sample-01-welcome')
    expect(await studio.accessibilityFindings()).toEqual([])
    const began = performance.now()
    const presses = await countPresses(page)

    await page.getByTestId('sample-card').click()
    await step('open').waitFor()
    await page
      .locator('[data-testid=gallery-cell][data-image-name]')
      .nth(items.length - 1)
      .waitFor()
    await page.locator(`[data-testid=gallery-cell][data-image-name="${first}"] img`).waitFor()
    await screenshot('sample-02-gallery')
    expect(await studio.accessibilityFindings()).toEqual([])
    await page.locator(`[data-testid=gallery-cell][data-image-name="${first}"]`).dblclick()

    await step('outline').waitFor()
    await editor.settled()
    await screenshot('sample-03-picture')
    for (const ring of ringsOf(truthOf(first), washer)) await editor.drag(ring)
    await step('use').waitFor()
    await screenshot('sample-04-outlined')
    expect(await studio.accessibilityFindings()).toEqual([])
    const drawn = intersectionOverUnion(masksOf(project, 'accepted', [first]), truthOf, washer)

    await page.getByRole('button', { name: 'Use as example' }).click()
    await step('segment').waitFor({ timeout: 60_000 })
    await page.locator('[data-command="batch.segment"][data-pointed]').click()
    await page.getByRole('button', { name: 'Start' }).click()
    await page.locator('[data-command="app.gallery"]').click()
    await step('review').waitFor({ timeout: 300_000 })
    await screenshot('sample-05-proposals')
    const others = items.map((item) => item.name).filter((name) => name !== first)
    const quality = intersectionOverUnion(masksOf(project, 'proposed', others), truthOf, washer)

    await page.locator('[data-command="gallery.acceptAll"][data-pointed]').click()
    await step('export').waitFor()
    await page.locator('[data-command="export.open"][data-pointed]').click()
    await page.getByRole('dialog').getByRole('button', { name: 'Export', exact: true }).click()
    const identical = page.getByTestId('export-identical')
    await identical.waitFor({ timeout: 60_000 })
    const seconds = (performance.now() - began) / 1000
    await screenshot('sample-06-exported')
    const { clicks, keys } = await presses()
    const said = /^(\d+) of (\d+) masks identical$/.exec(await identical.innerText())
    console.log(
      `welcome screen to COCO file: ${clicks} clicks, ${keys} key presses, ${seconds.toFixed(1)} s; ` +
        `outline IoU ${drawn.value.toFixed(3)}, proposals IoU ${quality.value.toFixed(3)} (all foreground ${quality.floor.toFixed(3)}), ` +
        `${said?.[1]} of ${said?.[2]} masks identical`,
    )
    expect(clicks).toBeLessThanOrEqual(mostClicks)
    expect(drawn.value).toBeGreaterThan(0.7)
    expect(quality.value).toBeGreaterThan(lowestQuality)
    expect(Number(said?.[1])).toBeGreaterThan(10)
    expect(said?.[1]).toBe(said?.[2])
    await step('done').waitFor()
    expect(studio.complaints).toEqual([])

    await host.stop()
    if (process.env['EXEMPLAR_PYTHON'] === undefined) return
    const coco = join(folder, 'Exemplar Studio', 'Sample project coco', 'annotations', 'instances_default.json')
    const { annotations, identical: same, differences } = compareWithPycocotools(project, coco)
    expect({ annotations, same, differences }).toEqual({
      annotations: Number(said?.[2]),
      same: Number(said?.[2]),
      differences: [],
    })
  })
})

/** Every press of a mouse button and of a key that reaches the page from now on. */
async function countPresses(page: Page): Promise<() => Promise<{ readonly clicks: number; readonly keys: number }>> {
  await page.evaluate(() => {
    const counts = { clicks: 0, keys: 0 }
    window.addEventListener('pointerdown', () => counts.clicks++, true)
    window.addEventListener('keydown', () => counts.keys++, true)
    Object.assign(window, { presses: counts })
  })
  return () => page.evaluate(() => (window as unknown as { presses: { clicks: number; keys: number } }).presses)
}
