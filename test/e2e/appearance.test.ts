import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Preferences } from '../../src/shared/domain/preferences.ts'
import { chromiumArguments, findChromium, noChromiumReason } from '../support/chromium.ts'
import { HostProcess } from '../support/host-process.ts'
import { makeHalfDoneProject } from '../support/half-done-project.ts'
import type { HalfDoneProject } from '../support/half-done-project.ts'
import { clippedTexts, invisibleFocus } from '../support/page-checks.ts'
import { openFolder, walkScreens } from '../support/screens.ts'
import { EditorDriver, openStudio } from '../support/studio-page.ts'
import type { StudioPage } from '../support/studio-page.ts'

const isPossible = findChromium() !== undefined
if (!isPossible) console.log(`Skipped: the look of the screens was not checked, ${noChromiumReason}.`)

const themes = ['light', 'dark'] as const
const languages = ['en', 'de'] as const
const usual = { width: 1440, height: 900 }
const small = { width: 1100, height: 700 }

describe.skipIf(!isPossible)('the look of every screen', () => {
  const folder = mkdtempSync(join(tmpdir(), 'exemplar-look-'))
  let sample: HalfDoneProject
  let host: HostProcess
  let studio: StudioPage

  beforeAll(async () => {
    sample = await makeHalfDoneProject(folder)
  }, 300_000)

  afterAll(() => rmSync(folder, { recursive: true }))

  async function started(work: () => Promise<void>): Promise<void> {
    host = await HostProcess.start(['--root', folder], { EXEMPLAR_HOME: join(folder, '.home') })
    studio = await openStudio(host.url)
    try {
      await work()
    } catch (failure) {
      await studio.screenshot('failure')
      throw failure
    } finally {
      await studio.close()
      await host.stop()
    }
  }

  async function choose(change: Partial<Preferences>): Promise<void> {
    const { theme, language } = await host.call('preferences', 'set', change)
    // Shown at once, whatever is open.
    await studio.page.locator(`html[data-theme=${theme}]:lang(${language})`).waitFor()
  }

  it('passes axe and clips no text, in both themes and both languages', async () => {
    await started(async () => {
      const { page, accessibilityFindings, screenshot } = studio
      const findings: string[] = []
      const visited: string[] = []
      const note = (where: string, found: readonly string[]): void => {
        findings.push(...found.map((each) => `${where}: ${each}`))
      }
      async function visit(name: string): Promise<void> {
        visited.push(name)
        for (const theme of themes) {
          for (const language of languages) {
            await choose({ theme, language })
            note(`${name} ${theme} ${language}`, [...(await accessibilityFindings()), ...(await clippedTexts(page))])
            await screenshot(`${language}-${theme}-${name}`)
          }
        }
        await page.setViewportSize(small)
        note(`${name} small`, await clippedTexts(page))
        await screenshot(`small-${name}`)
        await page.setViewportSize(usual)
      }
      await walkScreens({ studio, host, sample, folder, visit })
      // The program ends under the page.
      await host.stop()
      await page.getByTestId('connection-lost').waitFor()
      for (const theme of themes) {
        // By hand, since nothing answers any more; without the fading that `applyPreferences` holds back.
        await page.evaluate((chosen) => {
          Object.assign(document.documentElement.dataset, { theme: chosen, motion: 'on' })
        }, theme)
        note(`connection lost ${theme}`, await accessibilityFindings())
        await screenshot(`${theme}-connection-lost`)
      }
      expect(findings).toEqual([])
      expect(visited.length).toBeGreaterThan(28)
      expect(studio.complaints.filter((each) => each.includes('content security policy'))).toEqual([])
    })
  }, 900_000)

  it('carries theme and language in the page itself, and says what to do without the key', async () => {
    await started(async () => {
      await choose({ theme: 'dark', language: 'de' })
      const { origin } = new URL(host.url)
      expect(await (await fetch(`${origin}/`)).text()).toContain('<html lang="de" data-theme="dark"')
      const executablePath = findChromium() ?? ''
      await using browser = await chromium.launch({ executablePath, args: [...chromiumArguments] })
      const stranger = await browser.newPage({ colorScheme: 'light', locale: 'de-AT' })
      await stranger.goto(origin)
      expect(await stranger.getByTestId('empty-state').innerText()).toContain('127.0.0.1')
      expect(await stranger.locator('html').getAttribute('lang')).toBe('de')
      expect(await stranger.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe('rgb(18, 20, 22)')
    })
  })

  it('shows the focus wherever Tab goes', async () => {
    await started(async () => {
      const { page } = studio
      const visit = async (name: string): Promise<void> => {
        const missing = await invisibleFocus(page)
        expect(missing, name).toEqual([])
      }
      for (const theme of themes) {
        await choose({ theme, language: 'en' })
        await page.getByTestId('welcome').waitFor()
        await visit('welcome')
        await page.keyboard.press('F2')
        await visit('settings')
        await page.keyboard.press('Escape')
        await openFolder(page, 'Wardrobe')
        await page.getByTestId('gallery-cell').first().click()
        await visit('gallery')
        await page.keyboard.press('Control+e')
        await page.getByTestId('export').waitFor()
        await visit('export')
        await page.keyboard.press('Escape')
        await page.getByTestId('gallery-cell').first().dblclick()
        await new EditorDriver(page).settled()
        await visit('editor')
        await page.getByTestId('project-name').click()
        await page.getByRole('menuitem').last().click()
      }
    })
  }, 300_000)

  it('binds each key to one thing at a time', async () => {
    await started(async () => {
      const { page } = studio
      await choose({ language: 'en' })
      const conflicts = async (): Promise<string[]> => {
        await page.keyboard.press('F1')
        const rows = await page.locator('[data-testid=help-command][data-enabled=true]').all()
        const byKey = new Map<string, string[]>()
        for (const row of rows) {
          const id = (await row.getAttribute('data-command-id')) ?? ''
          for (const key of ((await row.getAttribute('data-keys')) ?? '').split(' ').filter(Boolean)) {
            byKey.set(key, [...(byKey.get(key) ?? []), id])
          }
        }
        expect(byKey.size).toBeGreaterThan(3)
        await page.keyboard.press('Escape')
        return [...byKey]
          .filter(([, ids]) => ids.length > 1)
          .map(([key, ids]) => `${key}: ${ids.toSorted().join(', ')}`)
          .toSorted()
      }
      await page.getByTestId('welcome').waitFor()
      expect(await conflicts()).toEqual([])
      await openFolder(page, 'Wardrobe')
      await page.getByTestId('gallery-cell').first().waitFor()
      expect(await conflicts()).toEqual([])
      await page.getByTestId('gallery-cell').first().click()
      expect(await conflicts()).toEqual([])
      await page.getByTestId('gallery-cell').first().dblclick()
      const driver = new EditorDriver(page)
      await driver.settled()
      expect(await conflicts()).toEqual([])
      await page.locator('[data-annotation-id]').first().click()
      // On purpose: Esc goes back one step at a time, first out of the selection, then out of the image.
      expect(await conflicts()).toEqual(['Escape: app.gallery, editor.cancel'])
      await page.keyboard.press('Escape')
      await page.keyboard.press('p')
      await driver.corners([
        [100, 100],
        [200, 120],
        [180, 220],
      ])
      // On purpose: while a polygon is drawn, its own keys go first.
      expect(await conflicts()).toEqual([
        'Ctrl+Z: app.undo, editor.removePoint',
        'Enter: editor.finish, review.acceptNextEnter',
        'Escape: app.gallery, editor.cancel',
      ])
    })
  }, 120_000)

  it('honours reduced motion and high contrast', async () => {
    await started(async () => {
      const { page } = studio
      const button = page.locator('[data-command="welcome.new"]')
      await button.waitFor()
      const duration = (): Promise<number> =>
        button.evaluate((element) => Number.parseFloat(getComputedStyle(element).transitionDuration))
      await page.emulateMedia({ reducedMotion: 'no-preference' })
      expect(await duration()).toBeGreaterThan(0.05)
      await page.emulateMedia({ reducedMotion: 'reduce' })
      expect(await duration()).toBeLessThan(0.001)
      await choose({ reducedMotion: 'off' })
      await page.locator('html[data-motion=off]').waitFor()
      expect(await duration()).toBeGreaterThan(0.05)
      await page.emulateMedia({ reducedMotion: 'no-preference' })
      await choose({ reducedMotion: 'on' })
      await page.locator('html[data-motion=on]').waitFor()
      expect(await duration()).toBeLessThan(0.001)

      await page.emulateMedia({ forcedColors: 'active' })
      await openFolder(page, 'Wardrobe')
      await page.getByTestId('gallery-cell').nth(1).click()
      await page.locator('[data-testid=gallery-cell][aria-selected=true]').waitFor()
      const outline = (selector: string): Promise<string> =>
        page
          .locator(selector)
          .first()
          .evaluate((element) => getComputedStyle(element).outlineStyle)
      expect(await outline('[data-testid=gallery-cell][aria-selected=true]')).toBe('solid')
      expect(await outline('[data-testid=gallery-cell][aria-selected=false]')).toBe('none')
      expect(await outline('[data-testid=class-row] [aria-pressed=true]')).toBe('solid')
      const swatch = page.locator('[data-testid=class-row] [data-swatch]').first()
      expect(await swatch.evaluate((element) => getComputedStyle(element).backgroundColor)).toBe('rgb(230, 159, 0)')
      await studio.screenshot('forced-colors')
    })
  })
})
