import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest'
import type { AnnotationRecord } from '../../src/shared/domain/records.ts'
import { polygonTiles } from '../../src/shared/mask/polygon-spans.ts'
import { tilesEqual } from '../../src/shared/mask/tiles.ts'
import { openProject } from '../../src/main/store/project-store.ts'
import type { ProjectStore } from '../../src/main/store/store-port.ts'
import { findChromium, noChromiumReason } from '../support/chromium.ts'
import { HostProcess } from '../support/host-process.ts'
import { exemplarJson } from '../support/run-exemplar.ts'
import { EditorDriver, openStudio } from '../support/studio-page.ts'
import type { StudioPage } from '../support/studio-page.ts'

const isPossible = findChromium() !== undefined
if (!isPossible) console.log(`Skipped: polygons and classes were not edited in Chromium, ${noChromiumReason}.`)

const size = { width: 900, height: 600 }
const drawn = [
  [200, 150],
  [600, 150],
  [600, 450],
  [200, 450],
] as const

describe.skipIf(!isPossible)('polygons and classes in Chromium', () => {
  const folder = mkdtempSync(join(tmpdir(), 'exemplar-editing-'))
  const project = join(folder, 'Parts')
  let host: HostProcess
  let studio: StudioPage
  let editor: EditorDriver

  async function start(): Promise<void> {
    host = await HostProcess.start([project, '--root', folder], { EXEMPLAR_HOME: join(folder, 'home') })
    studio = await openStudio(host.url)
    editor = new EditorDriver(studio.page)
  }

  beforeAll(async () => {
    const images = join(folder, 'images')
    mkdirSync(images)
    const grey = { create: { ...size, channels: 3 as const, background: '#7a828c' } }
    await sharp(grey).jpeg().toFile(join(images, 'plate.jpg'))
    await exemplarJson(['new', project])
    await exemplarJson(['add', project, images])
    await start()
  })

  afterAll(async () => {
    await studio.close()
    await host.stop()
    rmSync(folder, { recursive: true })
  })

  /** Read from the file while the studio has it open: SQLite lets readers in. */
  function read<T>(look: (store: ProjectStore) => T): T {
    const store = openProject(project)
    try {
      return look(store)
    } finally {
      store.close()
    }
  }

  function onlyAnnotation(): AnnotationRecord {
    return read((store) => {
      const image = store.images.byName('plate.jpg')
      const [record] = image === undefined ? [] : store.annotations.ofImage(image.id)
      if (record === undefined) throw new Error('there is no annotation')
      // The law of every source: it gives exactly the stored pixels.
      if (record.polygon !== null) {
        expect(tilesEqual(store.annotations.tiles(record.id), polygonTiles(record.polygon, size))).toBe(true)
      }
      return record
    })
  }

  async function addClass(name: string): Promise<void> {
    await studio.page.getByRole('button', { name: 'Add class' }).first().click()
    await studio.page.getByLabel('Name of the new class').fill(name)
    await studio.page.keyboard.press('Enter')
    await studio.page.locator(`[data-testid=class-row][data-class-name="${name}"]`).waitFor()
  }

  async function openPlate(): Promise<void> {
    await studio.page.locator('[data-testid=gallery-cell][data-image-name="plate.jpg"]').dblclick()
    await editor.root.waitFor()
    await editor.settled()
  }

  it('keeps a polygon editable through a kill, and undo and redo beyond it', async () => {
    const { page, screenshot } = studio
    onTestFailed(() => screenshot('editing-failure'))
    await page.getByTestId('gallery').waitFor()
    await addClass('plate')
    await openPlate()
    await editor.outline(drawn)
    const before = onlyAnnotation()
    expect(before.polygon?.[0]).toHaveLength(8)
    await page.keyboard.press('v')
    await editor.stroke([600, 450], [720, 520])
    await editor.stroke([400, 150], [400, 60])
    await screenshot('editing-outline')
    await page.locator('[data-testid=class-row]').hover()
    await page.getByRole('button', { name: 'Lock plate in the editor' }).click()
    await screenshot('editing-locked')
    await page.getByRole('button', { name: 'Unlock plate in the editor' }).click()
    const after = onlyAnnotation()
    expect(after.polygon?.[0]).toHaveLength(10)
    expect(after.area).toBeGreaterThan(before.area)
    expect(await studio.accessibilityFindings()).toEqual([])

    process.kill(host.hostPid, 'SIGKILL')
    await host.ended()
    await studio.close()
    await start()
    await studio.page.getByTestId('gallery').waitFor()
    await openPlate()
    expect(onlyAnnotation()).toMatchObject({ polygon: after.polygon, area: after.area })
    await studio.page.keyboard.press('Control+z')
    await expect.poll(() => onlyAnnotation().polygon?.[0]?.length).toBe(8)
    await studio.page.keyboard.press('Control+z')
    await expect.poll(() => onlyAnnotation().area).toBe(before.area)
    expect(onlyAnnotation().polygon).toEqual(before.polygon)
    await studio.page.keyboard.press('Control+Shift+z')
    await studio.page.keyboard.press('Control+Shift+z')
    await expect.poll(() => onlyAnnotation().area).toBe(after.area)
    expect(onlyAnnotation().polygon).toEqual(after.polygon)
  })

  it('manages classes with everything undone in one step', async () => {
    const { page, screenshot } = studio
    onTestFailed(() => screenshot('classes-failure'))
    await addClass('sheet')
    await addClass('hole')
    await page.keyboard.press('c')
    const manager = page.getByTestId('class-manager')
    await manager.getByText('1 image · 1 accepted').waitFor()
    await screenshot('classes-manager')
    expect(await studio.accessibilityFindings()).toEqual([])
    await manager.getByRole('button', { name: 'Delete or merge plate' }).click()
    await manager.getByRole('button', { name: 'Colour of hole' }).click()
    await screenshot('classes-removal')
    expect(await studio.accessibilityFindings()).toEqual([])
    await manager.getByLabel('Merge into').selectOption({ label: 'sheet' })
    await manager.getByRole('button', { name: 'Merge', exact: true }).click()
    const names = () => read((store) => store.classes.list().map((each) => each.name))
    await expect.poll(names).toEqual(['sheet', 'hole'])
    const sheet = read((store) => store.classes.byName('sheet')?.id)
    expect(onlyAnnotation().classId).toBe(sheet)
    expect(onlyAnnotation().polygon?.[0]).toHaveLength(10)
    await page.keyboard.press('Escape')
    await page.keyboard.press('Control+z')
    await expect.poll(names).toEqual(['plate', 'sheet', 'hole'])
    expect(onlyAnnotation().classId).not.toBe(sheet)
    expect(studio.complaints).toEqual([])
  })
})
