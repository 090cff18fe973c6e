import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import type { HostProcess } from './host-process.ts'
import { exemplarJson } from './run-exemplar.ts'
import type { HalfDoneProject } from './half-done-project.ts'
import { EditorDriver } from './studio-page.ts'
import type { StudioPage } from './studio-page.ts'

export interface Walk {
  readonly studio: StudioPage
  readonly host: HostProcess
  readonly sample: HalfDoneProject
  /** Holds the sample; what the walk makes goes here as well. The host may browse it. */
  readonly folder: string
  /** Called at every screen, dialog and state, with its name. */
  readonly visit: (name: string) => Promise<void>
}

/**
 * Goes through every screen and dialog of the studio, from the welcome screen and back to it. Finds its way by ids
 * and keys alone, so that it works in every language.
 */
export async function walkScreens(walk: Walk): Promise<void> {
  await welcome(walk)
  await emptyProject(walk)
  await openFolder(walk.studio.page, 'Wardrobe')
  await gallery(walk)
  await editor(walk)
  await exporting(walk)
  await closeProject(walk)
  await walk.studio.page.getByRole('listitem').getByText('Wardrobe').first().waitFor()
  await walk.visit('welcome-recent')
}

async function welcome({ studio: { page }, visit }: Walk): Promise<void> {
  await page.getByTestId('welcome').waitFor()
  await visit('welcome')
  await page.keyboard.press('F1')
  await page.getByTestId('help').waitFor()
  await visit('welcome-help')
  await page.keyboard.press('Escape')
  await page.keyboard.press('F2')
  await page.getByTestId('settings-appearance').waitFor()
  await visit('settings-appearance')
  await page.keyboard.press('End')
  await page.getByTestId('settings-about').waitFor()
  await visit('settings-about')
  await page.keyboard.press('Escape')
  await page.locator('[data-command="welcome.new"]').click()
  await page.getByTestId('place-browser').getByRole('button', { name: 'photos' }).waitFor()
  await page.keyboard.type('Wardrobe')
  await visit('new-project')
  await page.keyboard.press('Escape')
}

async function emptyProject(walk: Walk): Promise<void> {
  const { page } = walk.studio
  const name = 'Empty'
  const arrivals = 'arrivals'
  await exemplarJson(['new', join(walk.folder, name), '--name', name])
  mkdirSync(join(walk.folder, arrivals))
  for (const picture of walk.sample.names.slice(0, 3)) {
    copyFileSync(join(walk.folder, 'photos', picture), join(walk.folder, arrivals, picture))
  }
  writeFileSync(join(walk.folder, arrivals, 'cut-short.jpg'), 'no picture at all')

  await page.locator('[data-command="welcome.open"]').click()
  await page.getByTestId('open-project').getByRole('button', { name }).click()
  await page.locator('[data-testid=open-project] footer button:not([disabled]).bg-accent').waitFor()
  await walk.visit('open-project')
  await page.keyboard.press('Escape')
  await openFolder(page, name)
  await page.getByTestId('empty-state').waitFor()
  await walk.visit('gallery-empty')
  await page.keyboard.press('Control+b')
  await page.getByTestId('segment').waitFor()
  await walk.visit('segment-nothing-taught')
  await page.keyboard.press('Escape')
  await page.keyboard.press('Control+e')
  await page.getByTestId('export-nothing').waitFor()
  await walk.visit('export-nothing-accepted')
  await page.keyboard.press('Escape')
  await page.keyboard.press('Control+i')
  await page.getByTestId('place-browser').getByRole('button', { name: arrivals }).click()
  await page.getByTestId('place-browser').getByRole('button', { name: 'cut-short.jpg' }).waitFor()
  await walk.visit('import')
  await page.locator('[data-testid=import] footer button').last().click()
  await page.getByTestId('import-report').waitFor()
  await walk.visit('import-report')
  await page.keyboard.press('Escape')
  await page.getByTestId('gallery-cell').nth(2).waitFor()
  await page.getByTestId('gallery-cell').first().dblclick()
  await new EditorDriver(page).settled()
  await walk.visit('editor-no-class')
  await page.keyboard.press('g')
  await closeProject(walk)
}

async function gallery({ studio: { page }, host, visit, sample }: Walk): Promise<void> {
  await page.locator('[data-testid=gallery-cell] img').nth(8).waitFor()
  await visit('gallery')
  await page.getByTestId('filter-setAside').click()
  await page.getByTestId('empty-state').waitFor()
  await visit('gallery-no-match')
  await page.getByTestId('filter-proposals').click()
  await page.locator('[data-testid=gallery-cell] img').nth(2).waitFor()
  await page.getByTestId('gallery-cell').nth(0).click()
  await page
    .getByTestId('gallery-cell')
    .nth(2)
    .click({ modifiers: ['Shift'] })
  await page.locator('[data-command="gallery.accept"]').waitFor()
  await visit('gallery-selection')
  await page.keyboard.press('Control+b')
  await page.getByTestId('segment').waitFor()
  await visit('segment')
  await page.keyboard.press('Escape')
  await page.keyboard.press('Escape')
  await page.getByTestId('filter-all').click()

  const [projectId = ''] = (await host.call('app', 'info', {})).open
  const spec = { kind: 'segment', classIds: 'all', images: 'all', provider: 'auto', detail: 'normal' } as const
  const job = await host.call('jobs', 'start', { projectId, spec })
  await host.call('jobs', 'pause', { projectId, jobId: job.id })
  await page.locator('[data-testid=job][data-job-state=paused]').waitFor()
  await visit('job')
  await host.call('jobs', 'cancel', { projectId, jobId: job.id })
  await page.getByTestId('job').waitFor({ state: 'detached' })

  await page.locator(`[data-testid=class-row][data-class-name="${sample.className}"] button`).last().click()
  await page.getByTestId('class-dialog').waitFor()
  await visit('class')
  await page.keyboard.press('Escape')
  await page.getByTestId('versions').locator('summary').click()
  await page.getByTestId('version').first().waitFor()
  await visit('versions')
  await page.getByTestId('versions').locator('summary').click()
}

async function editor({ studio: { page }, visit, sample }: Walk): Promise<void> {
  const driver = new EditorDriver(page)
  await page.locator(`[data-testid=gallery-cell][data-image-name="${sample.names[5] ?? ''}"]`).dblclick()
  await driver.settled()
  await visit('editor')
  for (const [key, tool] of [
    ['v', 'select'],
    ['e', 'eraser'],
    ['b', 'brush'],
    ['p', 'polygon'],
  ] as const) {
    await page.keyboard.press(key)
    await page.locator(`[data-testid=editor][data-tool=${tool}]`).waitFor()
    if (tool === 'polygon')
      await driver.corners([
        [120, 120],
        [260, 140],
        [220, 300],
      ])
    await visit(`editor-${tool}`)
  }
  await page.keyboard.press('Escape')
  await page.keyboard.press('b')
  await page.locator('[data-annotation-id]').first().click()
  await page.locator('[data-annotation-id][aria-pressed=true]').waitFor()
  await visit('editor-selected')
  await page.keyboard.press('Control+s')
  await page.getByTestId('toast').waitFor()
  await visit('toast')
  await page.keyboard.press('F1')
  await page.getByTestId('help').waitFor()
  await visit('editor-help')
  await page.keyboard.press('Escape')
  await page.keyboard.press('Escape')
  await page.keyboard.press('g')
  await page.getByTestId('gallery').waitFor()
}

async function exporting({ studio: { page }, visit }: Walk): Promise<void> {
  await page.keyboard.press('Control+e')
  const dialog = page.getByTestId('export')
  await dialog.locator('input[type=text]').fill('Export')
  await dialog.getByRole('button', { name: 'photos' }).waitFor()
  await visit('export')
  await dialog.locator('footer button').last().click()
  await page.getByTestId('export-identical').waitFor()
  await visit('export-report')
  await page.keyboard.press('Escape')
}

/** Opens the project in that folder, from the welcome screen. */
export async function openFolder(page: Page, name: string): Promise<void> {
  await page.locator('[data-command="welcome.open"]').click()
  const dialog = page.getByTestId('open-project')
  await dialog.getByRole('button', { name }).click()
  await dialog.locator('footer button').last().and(page.locator(':enabled')).click()
  await page.getByTestId('gallery').waitFor()
}

async function closeProject({ studio: { page } }: Walk): Promise<void> {
  await page.getByTestId('project-name').click()
  await page.getByRole('menuitem').last().click()
  await page.getByTestId('welcome').waitFor()
}
