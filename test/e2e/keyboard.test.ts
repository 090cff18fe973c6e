import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Locator } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest'
import { findChromium, noChromiumReason } from '../support/chromium.ts'
import { HostProcess } from '../support/host-process.ts'
import { copySamplePictures } from '../support/half-done-project.ts'
import { EditorDriver, openStudio } from '../support/studio-page.ts'
import type { StudioPage } from '../support/studio-page.ts'

const isPossible = findChromium() !== undefined
if (!isPossible) console.log(`Skipped: the main job was not done by keyboard, ${noChromiumReason}.`)

const images = 4
const mostStops = 80

describe.skipIf(!isPossible)('the main job by keyboard', () => {
  const folder = mkdtempSync(join(tmpdir(), 'exemplar-keys-'))
  let host: HostProcess
  let studio: StudioPage

  beforeAll(async () => {
    copySamplePictures(join(folder, 'photos'), images)
    host = await HostProcess.start(['--root', folder], { EXEMPLAR_HOME: join(folder, '.home') })
    studio = await openStudio(host.url)
  })

  afterAll(async () => {
    await studio.close()
    await host.stop()
    rmSync(folder, { recursive: true })
  })

  /** Walks by Tab until the element has the focus. */
  async function tabTo(target: Locator): Promise<void> {
    await target.waitFor()
    for (let stop = 0; stop < mostStops; stop++) {
      if (await target.evaluate((element) => element === document.activeElement)) return
      await studio.page.keyboard.press('Tab')
    }
    throw new Error(`Tab does not reach ${target.toString()}`)
  }

  it('makes a project, imports, teaches, segments, reviews and exports; the pointer only paints', async () => {
    const { page } = studio
    const { keyboard } = page
    const editor = new EditorDriver(page)
    onTestFailed(() => studio.screenshot('failure'))

    await page.getByTestId('welcome').waitFor()
    await keyboard.press('Control+Alt+n')
    await page.getByTestId('place-browser').getByRole('button', { name: 'photos' }).waitFor()
    await keyboard.type('Bench')
    await keyboard.press('Enter')

    await page.getByTestId('empty-state').waitFor()
    await keyboard.press('Control+i')
    await tabTo(page.getByTestId('place-browser').getByRole('button', { name: 'photos' }))
    await keyboard.press('Enter')
    await tabTo(page.getByRole('button', { name: 'Import “photos”' }))
    await keyboard.press('Enter')
    await tabTo(page.getByTestId('import').getByRole('button', { name: 'Done' }))
    await keyboard.press('Enter')
    await page
      .getByTestId('gallery-cell')
      .nth(images - 1)
      .waitFor()

    await keyboard.press('Control+Shift+k')
    await keyboard.type('washer')
    await keyboard.press('Enter')
    await page.getByTestId('class-row').waitFor()

    await tabTo(page.getByTestId('gallery-grid'))
    await keyboard.press('Enter')
    await editor.settled()
    await keyboard.press('n')
    await page.locator('[data-testid=editor][data-tool=select]').waitFor()
    await keyboard.press('n')
    await page.locator('[data-testid=editor][data-tool=brush]').waitFor()
    for (let step = 0; step < 8; step++) await keyboard.press(']')
    await editor.stroke([300, 300], [420, 330])
    expect(await editor.root.getAttribute('data-annotation-count')).toBe('1')
    await keyboard.press('Control+z')
    await page.locator('[data-testid=editor][data-annotation-count="0"]').waitFor()
    await keyboard.press('Control+Shift+z')
    await page.locator('[data-testid=editor][data-annotation-count="1"]').waitFor()
    await editor.settled()
    await keyboard.press('t')
    await page.getByTestId('example').waitFor()

    await keyboard.press('Control+b')
    await page.getByTestId('segment').waitFor()
    await keyboard.press('Enter')
    await page.getByTestId('job').waitFor()
    await page.getByTestId('job').waitFor({ state: 'detached', timeout: 120_000 })

    await keyboard.press('g')
    await page.getByTestId('gallery').waitFor()
    await tabTo(page.getByTestId('filter-proposals'))
    await keyboard.press('Enter')
    await tabTo(page.getByTestId('gallery-grid'))
    await keyboard.press('Enter')
    await editor.settled()
    const first = await editor.root.getAttribute('data-image-id')
    await keyboard.press('Control+Enter')
    await page.locator(`[data-testid=editor]:not([data-image-id="${first}"])`).waitFor()
    await keyboard.press('g')

    await keyboard.press('Control+e')
    const exporting = page.getByTestId('export')
    await tabTo(exporting.getByRole('button', { name: 'Export', exact: true }).and(page.locator(':enabled')))
    await keyboard.press('Enter')
    expect(await page.getByTestId('export-identical').innerText()).toBe('2 of 2 masks identical')
    await tabTo(exporting.getByRole('button', { name: 'Done' }))
    await keyboard.press('Enter')
    await exporting.waitFor({ state: 'detached' })
    expect(studio.complaints).toEqual([])
  }, 300_000)
})
