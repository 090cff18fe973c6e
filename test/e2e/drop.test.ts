import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest'
import { tiffFile, withPngSize } from '../../src/main/images/picture-files.fixture.ts'
import { findChromium, noChromiumReason } from '../support/chromium.ts'
import { HostProcess } from '../support/host-process.ts'
import { exemplarJson } from '../support/run-exemplar.ts'
import { EditorDriver, openStudio } from '../support/studio-page.ts'
import type { StudioPage } from '../support/studio-page.ts'

const isPossible = findChromium() !== undefined
if (!isPossible) console.log(`Skipped: nothing was dropped on the studio, ${noChromiumReason}.`)

describe.skipIf(!isPossible)('dropping files on the studio in Chromium', () => {
  const folder = mkdtempSync(join(tmpdir(), 'exemplar-drop-'))
  const desktop = join(folder, 'desktop')
  const home = join(folder, 'home')
  const project = join(folder, 'projects', 'Drop')
  let host: HostProcess
  let studio: StudioPage

  function put(name: string, bytes: Uint8Array | string): string {
    const path = join(desktop, name)
    mkdirSync(join(path, '..'), { recursive: true })
    writeFileSync(path, bytes)
    return path
  }

  const picture = (background: string): ReturnType<typeof sharp> =>
    sharp({ create: { width: 320, height: 240, channels: 3, background } })

  beforeAll(async () => {
    const noise = { type: 'gaussian' as const, mean: 128, sigma: 40 }
    const photograph = await sharp({ create: { width: 640, height: 480, channels: 3, background: '#777', noise } })
      .jpeg()
      .toBuffer()
    const page = {
      width: 64,
      height: 48,
      samples: Array.from({ length: 64 * 48 }, (_, at) => at % 4096),
      bits: 16,
    } as const
    const dot = await sharp({ create: { width: 1, height: 1, channels: 3, background: '#000' } })
      .png()
      .toBuffer()
    put('photos/one.jpg', photograph)
    put('photos/two.png', await picture('#336699').png().toBuffer())
    put('photos/deep/three.webp', await picture('#993366').webp().toBuffer())
    put('photos/deep/scan.tif', tiffFile(page, page))
    put('photos/deep/microscope.tiff', tiffFile({ ...page, samples: page.samples.map((value) => value / 2) }))
    put('photos/again.jpg', photograph)
    put('photos/cut.jpg', photograph.subarray(0, photograph.length / 2))
    put('photos/bomb.png', withPngSize(dot, 100_000, 100_000))
    put('photos/empty.jpg', '')
    put('four.jpg', await picture('#669933').jpeg().toBuffer())
    put('wrong-ending.jpg', await picture('#123456').png().toBuffer())
    put('letter.txt', 'Dear diary')
    await exemplarJson(['new', project])
    host = await HostProcess.start([project, '--root', join(folder, 'projects')], { EXEMPLAR_HOME: home })
    studio = await openStudio(host.url)
  })

  afterAll(async () => {
    await studio.close()
    await host.stop()
    rmSync(folder, { recursive: true })
  })

  /** A drag from the desktop, as the browser itself sees it: real paths, folders included. */
  async function drag(paths: readonly string[], ends: 'over' | 'drop'): Promise<void> {
    const devtools = await studio.page.context().newCDPSession(studio.page)
    const data = { items: [], files: [...paths], dragOperationsMask: 1 }
    const steps = ends === 'over' ? (['dragEnter', 'dragOver'] as const) : (['dragEnter', 'dragOver', 'drop'] as const)
    for (const type of steps) await devtools.send('Input.dispatchDragEvent', { type, x: 700, y: 450, data })
    await devtools.detach()
  }

  it('uploads twelve files and folders, imports the good ones and says why the others are left out', async () => {
    const { page, screenshot } = studio
    onTestFailed(() => screenshot('failure'))
    await page.getByTestId('gallery').waitFor()
    const given = ['photos', 'four.jpg', 'wrong-ending.jpg', 'letter.txt'].map((name) => join(desktop, name))

    await drag(given, 'over')
    await page.getByTestId('drop-hint').waitFor()
    await screenshot('drop-1-hint')
    expect(await studio.accessibilityFindings()).toEqual([])
    await drag(given, 'drop')
    const report = page.getByTestId('import-report')
    await report.waitFor()
    await expect.poll(() => report.innerText()).toContain('Added 7 images')
    const text = await report.innerText()
    expect(text).toContain('1 file was in the project already.')
    expect(text).toContain('scan.tif holds 2 pages and only the first was added')
    expect(text).toContain('4 files could not be read and were left out')
    for (const sentence of [
      'cut.jpg is damaged and cannot be decoded',
      'bomb.png has 100000 x 100000 pixels, more than the 268402689 that can be opened',
      'empty.jpg is empty (0 bytes); copy it again from its source.',
      'letter.txt is not a JPEG, PNG, WebP or TIFF picture',
    ]) {
      expect(text).toContain(sentence)
    }
    await screenshot('drop-2-report')
    expect(await studio.accessibilityFindings()).toEqual([])
    await page.getByRole('button', { name: 'Done' }).click()

    const cells = page.getByTestId('gallery-cell')
    await expect.poll(() => cells.count()).toBe(7)
    const names = await cells.evaluateAll((all) => all.map((cell) => cell.getAttribute('data-image-name') ?? ''))
    const expected = [
      'again.jpg',
      'deep/microscope.tiff',
      'deep/scan.tif',
      'deep/three.webp',
      'four.jpg',
      'two.png',
      'wrong-ending.jpg',
    ]
    expect(names.toSorted()).toEqual(expected)
    await expect.poll(() => page.locator('[data-testid=gallery-cell] img').count()).toBe(7)
    await screenshot('drop-3-gallery')
    expect(await studio.accessibilityFindings()).toEqual([])

    // Copied into the project under their paths, and nothing of the upload is left.
    for (const name of expected) expect(existsSync(join(project, 'images', name)), name).toBe(true)
    const uploads = readdirSync(join(home, 'uploads'), { recursive: true, withFileTypes: true })
    expect(uploads.filter((entry) => entry.isFile())).toEqual([])
  })

  it('shows a picture that was removed as missing, and again once it is back', async () => {
    const { page, screenshot } = studio
    onTestFailed(() => screenshot('failure-missing'))
    const path = join(project, 'images', 'two.png')
    const bytes = await picture('#336699').png().toBuffer()
    rmSync(path)
    const before = studio.complaints.length
    await page.locator('[data-testid=gallery-cell][data-image-name="two.png"]').dblclick()
    const problem = page.getByTestId('picture-problem')
    await problem.waitFor()
    expect(await problem.innerText()).toContain(
      `two.png was moved or deleted: ${path} is not there any more; put it back there, then try again.`,
    )
    await screenshot('drop-4-missing')
    expect(await studio.accessibilityFindings()).toEqual([])
    await page.getByRole('button', { name: 'Back to the gallery' }).first().click()
    await page.getByTestId('set-aside').waitFor()
    await page.locator('[data-testid=gallery-cell] [data-status=setAside]').waitFor()
    await screenshot('drop-5-set-aside')
    expect(await studio.accessibilityFindings()).toEqual([])

    writeFileSync(path, bytes)
    await page.getByTestId('set-aside').getByRole('button', { name: 'Look again' }).click()
    await page.getByTestId('set-aside').waitFor({ state: 'detached' })
    await page.locator('[data-testid=gallery-cell][data-image-name="two.png"]').dblclick()
    await new EditorDriver(page).settled()
    expect(await page.getByTestId('picture-problem').count()).toBe(0)
    // The browser notes each refused tile; it complains of nothing else.
    expect(studio.complaints.slice(before).filter((line) => !line.includes('status of 500'))).toEqual([])
  })
})
