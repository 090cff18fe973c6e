import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest'
import type { MaskTile } from '../../src/shared/domain/history.ts'
import { bitmapFromTiles, tilesEqual } from '../../src/shared/mask/tiles.ts'
import type { DataSetItem } from '../../src/main/evaluate/data-set.ts'
import { createCodec } from '../../src/main/images/codec-client.ts'
import { openProject } from '../../src/main/store/project-store.ts'
import { compareWithPycocotools } from '../support/compare-export.ts'
import { findChromium, noChromiumReason } from '../support/chromium.ts'
import { HostProcess } from '../support/host-process.ts'
import { intersectionOverUnion as qualityOf, masksOf } from '../support/quality.ts'
import type { Masks } from '../support/quality.ts'
import { exemplarJson } from '../support/run-exemplar.ts'
import { hasData, itemsWith, noDataReason, openData } from '../support/shared-data.ts'
import { EditorDriver, openStudio, outlineOf } from '../support/studio-page.ts'
import type { StudioPage } from '../support/studio-page.ts'
import type { ByteIndexPng } from '../../src/shared/domain/index-png.ts'

const isPossible = hasData('ccp') && findChromium() !== undefined
if (!isPossible)
  console.log(`Skipped: the main job in Chromium was not done, ${hasData('ccp') ? noChromiumReason : noDataReason}.`)

const className = 'dress'
const classId = 14
const showing = 12
const without = 4

describe.skipIf(!isPossible)('the main job in Chromium', () => {
  const folder = mkdtempSync(join(tmpdir(), 'exemplar-e2e-'))
  const photos = join(folder, 'photos')
  const project = join(folder, 'Wardrobe')
  const codec = createCodec({ log: () => undefined })
  const truths = new Map<string, ByteIndexPng>()
  let items: readonly DataSetItem[] = []
  let host: HostProcess
  let studio: StudioPage
  let editor: EditorDriver

  beforeAll(async () => {
    const dataSet = openData('ccp')
    const wearing = itemsWith(dataSet, classId, 0.05).filter(
      (item) => (item.pixels.get(classId) ?? 0) < 0.3 * item.width * item.height,
    )
    const others = [...dataSet.items.values()].filter((item) => !item.classIds.includes(classId))
    items = [...wearing.slice(0, showing), ...others.slice(0, without)]
    mkdirSync(photos)
    for (const item of items) {
      copyFileSync(item.imagePath, join(photos, item.name))
      truths.set(item.name, await codec.readIndexPng(item.maskPath))
    }
    host = await HostProcess.start(['--root', folder], { EXEMPLAR_HOME: join(folder, 'home') })
    studio = await openStudio(host.url)
    editor = new EditorDriver(studio.page)
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

  /** IoU of the class, summed over images. */
  function intersectionOverUnion(masks: Masks): ReturnType<typeof qualityOf> {
    return qualityOf(masks, truthOf, classId)
  }

  async function openImage(name: string): Promise<void> {
    const { page } = studio
    await page.getByTestId('gallery').waitFor()
    await page.locator(`[data-testid=gallery-cell][data-image-name="${name}"]`).dblclick()
    await editor.root.waitFor()
    await editor.settled()
  }

  async function backToGallery(): Promise<void> {
    await studio.page.getByRole('button', { name: 'Back to the gallery' }).first().click()
    await studio.page.getByTestId('gallery').waitFor()
  }

  /** Waits for the end of the project's `count`-th job, also where it has not been entered yet. */
  async function jobDone(count: number): Promise<void> {
    await expect
      .poll(
        () => {
          const store = openProject(project)
          try {
            const jobs = store.jobs.list()
            return { count: jobs.length, newest: jobs[0]?.state }
          } finally {
            store.close()
          }
        },
        { timeout: 180_000, interval: 250 },
      )
      .toEqual({ count, newest: 'done' })
  }

  it('labels a class in two photographs and leaves with a COCO file that equals the stored masks', async () => {
    const { page, screenshot } = studio
    onTestFailed(() => screenshot('failure'))
    const names = items.map((item) => item.name)
    const [firstExample = '', secondExample = ''] = names
    const queries = names.slice(2)

    // A new project.
    await page.getByTestId('welcome').waitFor()
    await screenshot('01-welcome')
    expect(await studio.accessibilityFindings()).toEqual([])
    await page.getByRole('button', { name: 'New project' }).first().click()
    await page.getByLabel('Project name').fill('Wardrobe')
    await screenshot('02-new-project')
    expect(await studio.accessibilityFindings()).toEqual([])
    await page.getByRole('button', { name: 'Create project' }).click()

    // Import.
    await page.getByTestId('gallery').waitFor()
    await screenshot('03-empty-gallery')
    await page.getByRole('button', { name: 'Import images' }).last().click()
    await page.getByTestId('place-browser').getByRole('button', { name: 'photos' }).click()
    await page.getByRole('button', { name: 'Import “photos”' }).click()
    await expect
      .poll(() => page.getByTestId('import-report').innerText(), { timeout: 60_000 })
      .toContain(`Added ${items.length} images`)
    await screenshot('04-import-report')
    await page.getByRole('button', { name: 'Done' }).click()
    await expect.poll(() => page.getByTestId('gallery-cell').count()).toBe(items.length)
    await screenshot('05-gallery')

    // A class.
    await page.getByRole('button', { name: 'Add class' }).click()
    await page.getByLabel('Name of the new class').fill(className)
    await page.keyboard.press('Enter')
    await page.locator(`[data-testid=class-row][data-class-name="${className}"]`).waitFor()

    // Outline it in two photographs, use both as examples.
    for (const [index, name] of [firstExample, secondExample].entries()) {
      await openImage(name)
      const truth = truthOf(name)
      const mask = {
        width: truth.width,
        height: truth.height,
        data: truth.data.map((value) => (value === classId ? 1 : 0)),
      }
      await editor.outline(outlineOf(mask, 12))
      expect(await editor.root.getAttribute('data-annotation-count')).toBe('1')
      await page.getByRole('button', { name: 'Use as example' }).click()
      await expect.poll(() => page.getByTestId('example').count(), { timeout: 60_000 }).toBe(index + 1)
      await screenshot(`06-example-${index + 1}`)
      await backToGallery()
    }

    // Segment the rest and watch the proposals arrive.
    await page.keyboard.press('Control+b')
    await screenshot('07-segment-dialog')
    expect(await studio.accessibilityFindings()).toEqual([])
    await page.getByRole('button', { name: 'Start' }).click()
    await page.getByTestId('job').waitFor()
    await page.locator('[data-testid=gallery-cell] [data-status=proposals]').first().waitFor({ timeout: 120_000 })
    await screenshot('08-segmenting')
    await jobDone(1)
    await expect
      .poll(() => page.locator('[data-testid=gallery-cell] [data-status=proposals]').count(), { timeout: 30_000 })
      .toBeGreaterThan(showing - 4)
    await screenshot('09-proposals')
    expect(await studio.accessibilityFindings()).toEqual([])

    // Quality: the same as the command line on the same supports, and far above calling everything foreground.
    const before = masksOf(project, 'proposed', queries)
    const quality = intersectionOverUnion(before)
    const other = await segmentByCommandLine(firstExample, secondExample, queries)
    const commandLine = intersectionOverUnion(other)
    console.log(
      `proposals: IoU ${quality.value.toFixed(3)}, command line ${commandLine.value.toFixed(3)}, all-foreground ${quality.floor.toFixed(3)}`,
    )
    expect(quality.value).toBeGreaterThanOrEqual(commandLine.value - 1e-9)
    expect(quality.value).toBeGreaterThan(quality.floor + 0.1)

    // Correct the worst proposal with the brush.
    const worst = worstOf(before)
    await openImage(worst)
    await screenshot('10-proposal')
    expect(await studio.accessibilityFindings()).toEqual([])
    await repair(worst, before.get(worst) ?? [])
    await screenshot('11-corrected')

    // A reload of the page comes back to the same picture with the same pixels.
    const painted = await editor.root.getAttribute('data-annotation-count')
    await page.reload()
    await editor.root.waitFor()
    await editor.settled()
    expect(await editor.root.getAttribute('data-annotation-count')).toBe(painted)
    expect(await editor.root.locator('[data-origin=corrected]').count()).toBe(1)
    const corrected = masksOf(project, 'accepted', [worst])
    expect(intersectionOverUnion(corrected).value).toBeGreaterThan(
      intersectionOverUnion(new Map([[worst, before.get(worst) ?? []]])).value,
    )

    // Learn; the open proposals change.
    await page.getByRole('button', { name: 'Learn', exact: true }).click()
    await expect.poll(() => currentVersion(), { timeout: 60_000 }).toBe(3)
    await jobDone(2)
    const rest = queries.filter((name) => name !== worst)
    const after = masksOf(project, 'proposed', rest)
    const changed = rest.filter((name) => !tilesEqual(after.get(name) ?? [], before.get(name) ?? []))
    const learned = intersectionOverUnion(after)
    console.log(
      `after Learn: ${changed.length} of ${rest.length} proposals changed, IoU ${intersectionOverUnion(new Map(rest.map((name) => [name, before.get(name) ?? []]))).value.toFixed(3)} -> ${learned.value.toFixed(3)}`,
    )
    expect(changed.length).toBeGreaterThan(0)
    await screenshot('12-learned')
    await backToGallery()

    // Review: accept with the keyboard, say "not here", undo and redo.
    const [toAccept = '', toRefuse = ''] = rest.filter((name) => (after.get(name) ?? []).length > 0)
    await openImage(toAccept)
    await screenshot('13-refreshed-proposal')
    await page.keyboard.press('Control+Enter')
    await expect.poll(() => masksOf(project, 'accepted', [toAccept]).get(toAccept)?.length ?? 0).toBeGreaterThan(0)
    expect(tilesEqual(masksOf(project, 'accepted', [toAccept]).get(toAccept) ?? [], after.get(toAccept) ?? [])).toBe(
      true,
    )
    await page.keyboard.press('Control+z')
    await expect.poll(() => masksOf(project, 'proposed', [toAccept]).get(toAccept)?.length ?? 0).toBeGreaterThan(0)
    await page.keyboard.press('Control+Shift+z')
    await expect.poll(() => masksOf(project, 'accepted', [toAccept]).get(toAccept)?.length ?? 0).toBeGreaterThan(0)
    await backToGallery()
    await openImage(toRefuse)
    await page.getByRole('button', { name: 'Not here' }).click()
    await expect.poll(() => masksOf(project, 'proposed', [toRefuse]).get(toRefuse)).toEqual([])
    await backToGallery()
    await screenshot('14-reviewed')

    // Export, and let pycocotools compare.
    await page.keyboard.press('Control+e')
    await page.getByLabel('Name of the export folder').fill('export')
    await screenshot('15-export-dialog')
    expect(await studio.accessibilityFindings()).toEqual([])
    await page.getByRole('dialog').getByRole('button', { name: 'Export', exact: true }).click()
    await expect
      .poll(() => page.getByTestId('export-identical').innerText(), { timeout: 60_000 })
      .toBe('4 of 4 masks identical')
    await screenshot('16-exported')
    await page.getByRole('button', { name: 'Done' }).click()
    expect(studio.complaints).toEqual([])

    await host.stop()
    const comparison = compareWithPycocotools(project, join(folder, 'export', 'annotations', 'instances_default.json'))
    expect(comparison).toEqual({ annotations: 4, identical: 4, differences: [] })

    // *Learn* works through the stored version alone: without it, the proposals are what they were before.
    const open = rest.filter((name) => name !== toAccept && name !== toRefuse)
    deleteNewestVersion()
    await exemplarJson(['segment', project, '--class', className, ...open.flatMap((name) => ['--images', name])])
    const without3 = masksOf(project, 'proposed', open)
    for (const name of open) expect(tilesEqual(without3.get(name) ?? [], before.get(name) ?? []), name).toBe(true)
  }, 900_000)

  function currentVersion(): number | null {
    const store = openProject(project)
    try {
      return store.classes.list()[0]?.currentVersionNumber ?? null
    } finally {
      store.close()
    }
  }

  /** Deletes the current version as nothing in the product does, leaving its parent in use. */
  function deleteNewestVersion(): void {
    const database = new Database(join(project, 'project.db'))
    try {
      database.exec(
        'UPDATE class SET current_version_id = (SELECT parent_id FROM version WHERE id = class.current_version_id)',
      )
      database.exec('DELETE FROM version WHERE number = (SELECT max(number) FROM version)')
    } finally {
      database.close()
    }
  }

  function worstOf(masks: Masks): string {
    const scored = [...masks]
      .filter(
        ([name, tiles]) => tiles.length > 0 && (items.find((item) => item.name === name)?.pixels.has(classId) ?? false),
      )
      .map(([name, tiles]) => ({ name, value: intersectionOverUnion(new Map([[name, tiles]])).value }))
      .toSorted((a, b) => a.value - b.value)
    const [worst] = scored
    if (worst === undefined) throw new Error('there is no proposal to correct')
    return worst.name
  }

  /**
   * Repairs a proposal as a person does: brushes along the rows of the true region, then erases what sticks out
   * beside it.
   */
  async function repair(name: string, proposal: readonly MaskTile[]): Promise<void> {
    const { keyboard } = studio.page
    const truth = truthOf(name)
    const { width, height } = truth
    const proposed = bitmapFromTiles(proposal, width, height)
    const diameter = Number.parseFloat(await studio.page.getByTestId('brush-diameter').innerText())
    const inset = diameter / 2
    const rows = Array.from({ length: Math.ceil(height / diameter) }, (_, row) => Math.round((row + 0.5) * diameter))
    await keyboard.press('b')
    for (const y of rows.filter((row) => row < height)) {
      const row = truth.data.subarray(y * width, (y + 1) * width)
      const [first, last] = [row.indexOf(classId), row.lastIndexOf(classId)]
      if (last - first > diameter) await editor.stroke([first + inset, y], [last - inset, y])
    }
    await keyboard.press('e')
    for (const y of rows.filter((row) => row < height)) {
      const row = proposed.data.subarray(y * width, (y + 1) * width)
      const target = truth.data.subarray(y * width, (y + 1) * width)
      const [left, right] = [row.indexOf(1), row.lastIndexOf(1)]
      const [first, last] = target.includes(classId)
        ? [target.indexOf(classId), target.lastIndexOf(classId)]
        : [right, right]
      if (left >= 0 && first - left > diameter) await editor.stroke([left, y], [first - inset, y])
      if (right - last > diameter) await editor.stroke([last + inset, y], [right, y])
    }
  }

  /** The same supports in a project of their own, segmented by command line. */
  async function segmentByCommandLine(first: string, second: string, queries: readonly string[]): Promise<Masks> {
    const twin = join(folder, 'twin')
    await exemplarJson(['new', twin])
    await exemplarJson(['add', twin, photos])
    const drawn = masksOf(project, 'accepted', [first, second])
    for (const [name, tiles] of drawn) {
      const { width, height } = truthOf(name)
      const path = join(folder, `${name}.png`)
      await codec.writeIndexPng(path, bitmapFromTiles(tiles, width, height))
      await exemplarJson(['correct', twin, '--image', name, '--class', className, '--mask', path])
    }
    await exemplarJson(['support', twin, '--class', className, '--image', first, '--image', second])
    await exemplarJson(['segment', twin])
    return masksOf(twin, 'proposed', queries)
  }
})
