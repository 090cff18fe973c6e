import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Page } from 'playwright-core'
import sharp from 'sharp'
import { readDataSet } from '../src/main/evaluate/data-set.ts'
import { createCodec } from '../src/main/images/codec-client.ts'
import { sampleFolder } from '../src/main/projects/paths.ts'
import { connectedComponents } from '../src/shared/mask/components.ts'
import { bitmapFromTiles } from '../src/shared/mask/tiles.ts'
import { HostProcess } from '../test/support/host-process.ts'
import { masksOf } from '../test/support/quality.ts'
import { ringsOf } from '../test/support/rings.ts'
import { EditorDriver, openStudio } from '../test/support/studio-page.ts'
import { buildRenderer } from './builds.ts'
import { projectRoot } from './project-root.ts'
import type { ByteIndexPng } from '../src/shared/domain/index-png.ts'

const usage = 'Usage: npm run screenshots [-- [--theme light|dark] [--language LANGUAGE]]'

/** Shown in the pictures, so always the same. */
const folder = join(tmpdir(), 'exemplar-pictures')
const project = join(folder, 'Exemplar Studio', 'Sample project')
const pictures = join(projectRoot, 'docs', 'images')
const largestBytes = 450_000
const washer = 1

interface Look {
  readonly theme: 'light' | 'dark'
  readonly language: string
}

/**
 * `npm run screenshots`: does the main job on the sample project, in Chromium as a person does it, and takes the pictures
 * of the README on the way. Another theme or language than the first goes into the names of the files.
 */
async function screenshots(): Promise<void> {
  const look = readLook()
  if (!buildRenderer()) throw new Error('The page could not be built: see the message above.')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  const truths = await readTruths()
  const host = await HostProcess.start(['--root', folder], { EXEMPLAR_HOME: join(folder, '.home') })
  const studio = await openStudio(host.url, { colorScheme: look.theme, locale: look.language })
  try {
    await mainJob(studio.page, truths, look)
  } finally {
    await studio.close()
    await host.stop()
    rmSync(folder, { recursive: true })
  }
}

function readLook(): Look {
  try {
    const { values } = parseArgs({
      options: { theme: { type: 'string', default: 'dark' }, language: { type: 'string', default: 'en' } },
    })
    const { theme, language } = values
    if (theme !== 'light' && theme !== 'dark') throw new Error('The theme is light or dark.')
    return { theme, language }
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error))
    console.error(usage)
    process.exit(2)
  }
}

/** What the generator knows about each picture, by its name, in the order of the gallery. */
async function readTruths(): Promise<ReadonlyMap<string, ByteIndexPng>> {
  const codec = createCodec({ log: () => undefined })
  try {
    const truths = new Map<string, ByteIndexPng>()
    for (const item of readDataSet(sampleFolder()).items.values()) {
      truths.set(item.name, await codec.readIndexPng(item.maskPath))
    }
    return truths
  } finally {
    await codec.close()
  }
}

/** Nothing here is found by its text: that depends on the language. */
async function mainJob(page: Page, truths: ReadonlyMap<string, ByteIndexPng>, look: Look): Promise<void> {
  const editor = new EditorDriver(page)
  const cell = (name: string) => page.locator(`[data-testid=gallery-cell][data-image-name="${name}"]`)
  const open = async (name: string): Promise<void> => {
    await cell(name).dblclick()
    await editor.root.waitFor()
    await editor.settled()
  }
  const showGallery = async (): Promise<void> => {
    await page.keyboard.press('g')
    await page.getByTestId('gallery').waitFor()
  }
  const [example = ''] = truths.keys()

  await page.getByTestId('sample-card').locator('img').last().waitFor()
  await save(page, 'welcome', look)
  await page.getByTestId('sample-card').click()
  await cell(example).locator('img').waitFor()
  await open(example)
  for (const ring of ringsOf(truthOf(truths, example), washer)) await editor.drag(ring)
  await page.keyboard.press('t')
  await page.locator('[data-testid=tour][data-step=segment]').waitFor()
  await page.getByTestId('tour').getByRole('button').last().click()
  await showGallery()
  await page.keyboard.press('Control+b')
  await page.getByTestId('segment').locator('[data-initial-focus]').press('Enter')
  await page.locator('[data-testid=gallery-cell] [data-status=proposals]').nth(11).waitFor()
  await save(page, 'gallery', look)
  await page.getByTestId('job').waitFor({ state: 'detached', timeout: 300_000 })

  const { name, rows } = falseProposal(truths, example)
  await open(name)
  await page.keyboard.press('e')
  // Two thirds of the way: what has gone and what is still to go can both be seen.
  for (const [from, to] of rows.slice(0, Math.ceil((rows.length * 2) / 3))) await editor.stroke(from, to)
  await save(page, 'editor', look)

  await showGallery()
  await page.locator('[data-command="gallery.acceptAll"]').click()
  await page.locator('[data-command="gallery.acceptAll"]').waitFor({ state: 'detached' })
  await page.getByTestId('toast').waitFor({ state: 'detached' })
  await page.keyboard.press('Control+e')
  await page.getByTestId('export-run').click()
  await page.getByTestId('export-identical').waitFor()
  await save(page, 'export', look)
}

function truthOf(truths: ReadonlyMap<string, ByteIndexPng>, name: string): ByteIndexPng {
  const truth = truths.get(name)
  if (truth === undefined) throw new Error(`The sample has no picture ${name}.`)
  return truth
}

type Stroke = readonly [from: readonly [number, number], to: readonly [number, number]]

/** Between two strokes of the eraser, in image pixels: well below the width that the tour begins with. */
const strokeDistance = 29

/** The largest part of a proposal that has nothing of a washer, in a picture with washers, and the strokes over it. */
function falseProposal(
  truths: ReadonlyMap<string, ByteIndexPng>,
  example: string,
): { readonly name: string; readonly rows: readonly Stroke[] } {
  const names = [...truths.entries()]
    .filter(([name, { data }]) => name !== example && data.includes(washer))
    .map(([name]) => name)
  const proposals = masksOf(project, 'proposed', names)
  const found = names.flatMap((name) => {
    const truth = truthOf(truths, name)
    const { width } = truth
    const { labels, sizes, boxes } = connectedComponents(
      bitmapFromTiles(proposals.get(name) ?? [], width, truth.height),
      8,
    )
    const right = new Set(labels.filter((_, at) => truth.data[at] === washer))
    return boxes.map(([, top, , high], index) => {
      const rows: Stroke[] = []
      for (let y = Math.floor(top + strokeDistance / 2); y < top + high; y += strokeDistance) {
        const row = labels.subarray(y * width, (y + 1) * width)
        rows.push([
          [row.indexOf(index + 1), y],
          [row.lastIndexOf(index + 1), y],
        ])
      }
      return { name, rows, size: right.has(index + 1) ? 0 : (sizes[index] ?? 0) }
    })
  })
  const [largest] = found.toSorted((a, b) => b.size - a.size)
  if (largest === undefined || largest.size === 0) throw new Error('Nothing is proposed in vain: nothing to correct.')
  return largest
}

/** A PNG with a palette as fine as the size allows: photographs would not fit a README otherwise. */
async function save(page: Page, name: string, { theme, language }: Look): Promise<void> {
  const file = [name, ...(theme === 'dark' ? [] : [theme]), ...(language === 'en' ? [] : [language])].join('-')
  const shot = await page.screenshot()
  for (const quality of [95, 85, 75, 65, 50]) {
    const png = await sharp(shot).png({ palette: true, quality, effort: 10, dither: 0 }).toBuffer()
    if (png.length > largestBytes) continue
    mkdirSync(pictures, { recursive: true })
    writeFileSync(join(pictures, `${file}.png`), png)
    console.log(`docs/images/${file}.png  ${Math.round(png.length / 1000)} kB, quality ${quality}`)
    return
  }
  throw new Error(`${file}.png cannot be made smaller than ${largestBytes} bytes.`)
}

await screenshots()
