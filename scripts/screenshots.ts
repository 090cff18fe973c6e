import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import sharp from 'sharp'
import { HostProcess } from '../test/support/host-process.ts'
import { exemplarJson } from '../test/support/run-exemplar.ts'
import { EditorDriver, openStudio } from '../test/support/studio-page.ts'
import { buildRenderer } from './builds.ts'
import { projectRoot } from './project-root.ts'
import { drawScene, sceneHeight, sceneWidth } from './scenes.ts'

const scenes = 22
const examples = [0, 1]
const corrected = 6
/** Half the diameter that the brush has at first, in pixels. */
const brushRadius = 12
const className = 'washer'
const largestBytes = 400_000
const pictures = join(projectRoot, 'docs', 'images')
const sceneName = (number: number): string => `bench-${String(number + 1).padStart(2, '0')}.jpg`

/**
 * `npm run screenshots`: does the main job on scenes drawn here and takes the pictures of the README on the way. The
 * examples come in by command line, everything else happens in Chromium.
 */
async function screenshots(): Promise<void> {
  if (!buildRenderer()) throw new Error('The page could not be built: see the message above.')
  const folder = mkdtempSync(join(tmpdir(), 'exemplar-'))
  try {
    const project = join(folder, 'Workbench')
    await makeProject(folder, project)
    const host = await HostProcess.start([project, '--root', folder], { EXEMPLAR_HOME: join(folder, '.home') })
    const studio = await openStudio(host.url)
    try {
      await mainJob(studio.page)
    } finally {
      await studio.close()
      await host.stop()
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** A project of drawn scenes with two examples: what a person has done before the first batch. */
async function makeProject(folder: string, project: string): Promise<void> {
  const images = join(folder, 'images')
  mkdirSync(images)
  const size = { width: sceneWidth, height: sceneHeight }
  for (let number = 0; number < scenes; number++) {
    const { pixels } = drawScene(number)
    const jpeg = sharp(pixels, { raw: { ...size, channels: 3 } }).jpeg({ quality: 90 })
    await jpeg.toFile(join(images, sceneName(number)))
  }
  await exemplarJson(['new', project, '--name', 'Workbench'])
  await exemplarJson(['add', project, images])
  for (const number of examples) {
    const mask = join(folder, 'mask.png')
    const { washers } = drawScene(number)
    const grey = sharp(Buffer.from(washers.data.map((value) => value * 255)), { raw: { ...size, channels: 1 } })
    await grey.png().toFile(mask)
    await exemplarJson(['correct', project, '--image', sceneName(number), '--class', className, '--mask', mask])
  }
  await exemplarJson(['support', project, '--class', className, '--image', ...examples.map(sceneName)])
}

async function mainJob(page: Page): Promise<void> {
  const editor = new EditorDriver(page)
  const proposals = page.locator('[data-testid=gallery-cell] [data-status=proposals]')

  await page.getByTestId('gallery-cell').first().waitFor()
  await page.keyboard.press('Control+b')
  await page.getByRole('button', { name: 'Start' }).click()
  await proposals.nth(10).waitFor()
  await save(page, 'gallery')
  await page.getByTestId('job').waitFor({ state: 'detached', timeout: 120_000 })

  await page.locator(`[data-testid=gallery-cell][data-image-name="${sceneName(corrected)}"]`).dblclick()
  await editor.settled()
  // What a person corrects here: the holes belong to the bench.
  await page.keyboard.press('e')
  for (const { x, y, radius } of drawScene(corrected).holes) {
    for (const row of [-0.55, -0.2, 0.2, 0.55]) {
      const half = Math.sqrt(1 - row * row) * radius - brushRadius
      if (y + row * radius < sceneHeight)
        await editor.stroke([x - half, y + row * radius], [x + half, y + row * radius])
    }
  }
  await save(page, 'editor')

  for (let accepted = 0; accepted < 6; accepted++) {
    const before = await page.getByRole('heading', { level: 1 }).innerText()
    await page.keyboard.press('Control+Enter')
    await page.getByRole('heading', { level: 1 }).filter({ hasNotText: before }).waitFor()
    await editor.settled()
  }
  await page.keyboard.press('g')
  await page.getByTestId('gallery').waitFor()
  await page.getByTestId('toast').waitFor({ state: 'detached' })
  await page.keyboard.press('Control+e')
  await page.getByRole('dialog').getByRole('button', { name: 'Export', exact: true }).click()
  await page.getByTestId('export-identical').waitFor()
  await save(page, 'export')
}

/** A PNG with a palette as fine as the size allows: photographs would not fit a README otherwise. */
async function save(page: Page, name: string): Promise<void> {
  const shot = await page.screenshot()
  for (const quality of [95, 85, 75, 65]) {
    const png = await sharp(shot).png({ palette: true, quality, effort: 10, dither: 0 }).toBuffer()
    if (png.length > largestBytes) continue
    mkdirSync(pictures, { recursive: true })
    writeFileSync(join(pictures, `${name}.png`), png)
    console.log(`docs/images/${name}.png  ${Math.round(png.length / 1000)} kB, quality ${quality}`)
    return
  }
  throw new Error(`${name}.png cannot be made smaller than ${largestBytes} bytes.`)
}

await screenshots()
