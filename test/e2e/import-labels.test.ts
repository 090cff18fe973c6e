import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest'
import { tilesArea } from '../../src/shared/mask/tiles.ts'
import { findChromium, noChromiumReason } from '../support/chromium.ts'
import { HostProcess } from '../support/host-process.ts'
import { exemplarJson } from '../support/run-exemplar.ts'
import { EditorDriver, openStudio } from '../support/studio-page.ts'
import type { StudioPage } from '../support/studio-page.ts'

const isPossible = findChromium() !== undefined
if (!isPossible) console.log(`Skipped: no annotations were imported in Chromium, ${noChromiumReason}.`)

/** Of the pictures as their files store them. */
const [width, height] = [640, 480]
const left = 100
const side = 120

/** A square as a ring, in pixels of the file. */
const ring = [left, 60, left + side, 60, left + side, 60 + side, left, 60 + side]

describe.skipIf(!isPossible)('importing annotations in Chromium', () => {
  const folder = mkdtempSync(join(tmpdir(), 'exemplar-labels-'))
  const project = join(folder, 'Plates')
  let host: HostProcess
  let studio: StudioPage
  let editor: EditorDriver
  let projectId = ''

  function put(name: string, content: Uint8Array | string): void {
    const path = join(folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
  }

  beforeAll(async () => {
    const picture = (background: string): ReturnType<typeof sharp> =>
      sharp({ create: { width, height, channels: 3, background } })
    // Held upright: 480 x 640 as displayed.
    put('known/turned.jpg', await picture('#808080').withMetadata({ orientation: 6 }).jpeg().toBuffer())
    put('known/plain.png', await picture('#707070').png().toBuffer())
    put('pictures/late.png', await picture('#606060').png().toBuffer())
    put('pictures/bare.png', await picture('#505050').png().toBuffer())
    const names = ['turned.jpg', 'late.png', 'bare.png']
    const annotation = {
      category_id: 1,
      segmentation: [ring],
      bbox: [left, 60, side, side],
      area: side * side,
      iscrowd: 0,
    }
    const content = {
      images: names.map((name, index) => ({ id: index + 1, file_name: name, width, height })),
      categories: [{ id: 1, name: 'plate' }],
      annotations: [1, 2].map((id) => ({ ...annotation, id, image_id: id })),
    }
    put('data/instances.json', JSON.stringify(content))
    const points = [0, 2, 4, 6].map((at) => ring.slice(at, at + 2))
    const shapes = [{ label: 'bolt', shape_type: 'polygon', points, group_id: null, flags: {} }]
    const labelme = { version: '5.5.0', flags: {}, imageData: null, imageWidth: width, imageHeight: height }
    put('labelme/plain.json', JSON.stringify({ ...labelme, imagePath: 'plain.png', shapes }))
    await exemplarJson(['new', project])
    await exemplarJson(['add', project, join(folder, 'known')])
    host = await HostProcess.start([project, '--root', folder], { EXEMPLAR_HOME: join(folder, 'home') })
    studio = await openStudio(host.url)
    editor = new EditorDriver(studio.page)
    projectId = (await host.call('app', 'info', {})).open[0] ?? ''
  })

  afterAll(async () => {
    await studio.close()
    await host.stop()
    rmSync(folder, { recursive: true })
  })

  async function openDialog(): Promise<ReturnType<StudioPage['page']['locator']>> {
    await studio.page.getByTestId('project-name').click()
    await studio.page.getByRole('menuitem', { name: 'Import annotations' }).click()
    return studio.page.getByTestId('import-labels')
  }

  async function imagesByName(): Promise<ReadonlyMap<string, { readonly id: string; readonly status: string }>> {
    const query = { projectId, filter: {}, sort: 'name' as const, offset: 0, limit: 10 }
    const { items } = await host.call('images', 'list', query)
    return new Map(items.map(({ id, name, status }) => [name, { id, status }]))
  }

  /** Mean difference of red, green and blue between two pixels of the picture, as shown in the editor. */
  async function differenceShown(a: readonly [number, number], b: readonly [number, number]): Promise<number> {
    const canvas = studio.page.locator('canvas[data-viewport]').first()
    const [scale = 1, offsetX = 0, offsetY = 0] = ((await canvas.getAttribute('data-viewport')) ?? '')
      .split(',')
      .map(Number)
    const box = await canvas.boundingBox()
    if (box === null) throw new Error('the canvas is not shown')
    const { data, info } = await sharp(await studio.page.screenshot())
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true })
    const at = ([x, y]: readonly [number, number]): readonly number[] => {
      const column = Math.round(box.x + offsetX + x * scale)
      const row = Math.round(box.y + offsetY + y * scale)
      const start = (row * info.width + column) * 3
      return [...data.subarray(start, start + 3)]
    }
    const other = at(b)
    return at(a).reduce((sum, value, index) => sum + Math.abs(value - (other[index] ?? 0)), 0) / 3
  }

  async function openImage(name: string): Promise<void> {
    await studio.page.locator(`[data-testid=gallery-cell][data-image-name="${name}"]`).dblclick()
    await editor.root.waitFor()
    await editor.settled()
  }

  async function backToGallery(): Promise<void> {
    await studio.page.getByRole('button', { name: 'Back to the gallery' }).first().click()
    await studio.page.getByTestId('gallery').waitFor()
  }

  it('looks into a COCO file, turns its masks, fetches the pictures that are missing, imports, and undoes', async () => {
    const { page, screenshot } = studio
    onTestFailed(() => screenshot('labels-failure'))
    await page.getByTestId('gallery').waitFor()
    const dialog = await openDialog()
    await dialog.getByRole('button', { name: 'data', exact: true }).click()
    await dialog.getByRole('button', { name: 'instances.json' }).click()
    await dialog.getByLabel('Images without annotations').selectOption('reviewed')
    await screenshot('labels-1-choose')
    expect(await studio.accessibilityFindings()).toEqual([])
    await dialog.getByRole('button', { name: 'Look first' }).click()

    const report = dialog.getByTestId('import-labels-report')
    await report.waitFor()
    expect(await report.innerText()).toContain('Nothing to import.')
    expect(await report.innerText()).toContain('Read them as stored pixels (--orientation stored).')
    await screenshot('labels-2-looked')
    expect(await studio.accessibilityFindings()).toEqual([])
    await report.getByRole('button', { name: 'Read as stored pixels' }).click()
    await expect.poll(() => report.innerText()).toContain('1 annotation would be imported on 1 image')
    await report.getByRole('button', { name: 'Their pictures are in a folder…' }).click()
    // It begins where the file lies.
    const browser = dialog.getByTestId('place-browser')
    await browser.getByRole('button', { name: 'This computer' }).click()
    await browser.getByRole('button', { name: 'pictures', exact: true }).click()
    await screenshot('labels-3-pictures')
    expect(await studio.accessibilityFindings()).toEqual([])
    await dialog.getByRole('button', { name: 'Look in “pictures”' }).click()
    await expect.poll(() => report.innerText()).toContain('2 annotations would be imported on 2 images')
    const looked = await report.innerText()
    expect(looked).toContain('2 images are added to the project first.')
    expect(looked).toContain('New classes: plate')
    expect(looked).toContain('1 image is marked as looked at and empty.')
    expect(looked).toContain('Masks of 1 image are turned from stored pixels.')
    expect((await imagesByName()).size).toBe(2)
    await screenshot('labels-4-all')
    await dialog.getByRole('button', { name: 'Import', exact: true }).click()
    await expect.poll(() => report.innerText()).toContain('Imported 2 annotations on 2 images')
    await screenshot('labels-5-done')
    await dialog.getByRole('button', { name: 'Done' }).click()

    await expect.poll(() => page.getByTestId('gallery-cell').count()).toBe(4)
    const images = await imagesByName()
    expect(Object.fromEntries([...images].map(([name, { status }]) => [name, status]))).toEqual({
      'turned.jpg': 'labelled',
      'plain.png': 'unlabelled',
      'late.png': 'labelled',
      'bare.png': 'reviewedEmpty',
    })
    const masks = await host.masks(projectId, images.get('turned.jpg')?.id ?? '')
    expect(masks.map(({ tiles }) => tilesArea(tiles))).toEqual([side * side])
    await screenshot('labels-6-gallery')

    // Orientation 6 is shown turned to the right: what is 60 from the top of the file is 60 from the right.
    await openImage('turned.jpg')
    const inside = [height - 60 - side / 2, left + side / 2] as const
    const outside = [height - 30, left + side / 2] as const
    await expect.poll(() => differenceShown(inside, outside)).toBeGreaterThan(15)
    await screenshot('labels-7-editor')
    await page.keyboard.press('Control+z')
    await expect.poll(() => differenceShown(inside, outside)).toBeLessThan(4)
    const after = await imagesByName()
    expect([...after.values()].map(({ status }) => status)).toEqual(Array.from({ length: 4 }, () => 'unlabelled'))
    await page.keyboard.press('Control+z')
    await expect.poll(async () => (await imagesByName()).size).toBe(2)
    await backToGallery()
    expect(studio.complaints).toEqual([])
  })

  it('imports a folder of labelme files', async () => {
    const { page, screenshot } = studio
    onTestFailed(() => screenshot('labels-failure-labelme'))
    const dialog = await openDialog()
    await dialog.getByRole('button', { name: 'labelme', exact: true }).click()
    await screenshot('labels-8-labelme')
    await dialog.getByRole('button', { name: 'Look first' }).click()
    const report = dialog.getByTestId('import-labels-report')
    await expect.poll(() => report.innerText()).toContain('1 annotation would be imported on 1 image')
    expect(await dialog.getByTestId('import-labels-format').innerText()).toContain('Read as labelme: “labelme”.')
    await screenshot('labels-9-recognised')
    await dialog.getByRole('button', { name: 'Import', exact: true }).click()
    await expect.poll(() => report.innerText()).toContain('Imported 1 annotation on 1 image')
    await dialog.getByRole('button', { name: 'Done' }).click()
    await openImage('plain.png')
    const inside = [left + side / 2, 60 + side / 2] as const
    const outside = [left - 30, 60 + side / 2] as const
    await expect.poll(() => differenceShown(inside, outside)).toBeGreaterThan(15)
    await page.keyboard.press('Control+z')
    await expect.poll(() => differenceShown(inside, outside)).toBeLessThan(4)
    expect(await studio.accessibilityFindings()).toEqual([])
    expect(studio.complaints).toEqual([])
  })
})
