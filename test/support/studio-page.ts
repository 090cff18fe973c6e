import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import { chromium } from 'playwright-core'
import type { Browser, Page } from 'playwright-core'
import type { Bitmap } from '../../src/shared/mask/bitmap.ts'
import { chromiumArguments, findChromium, noChromiumReason } from './chromium.ts'

export interface StudioPage {
  readonly page: Page
  /** Console errors, page errors and content security violations so far. */
  readonly complaints: readonly string[]
  /** A picture of the window; only when `EXEMPLAR_SCREENSHOTS` names a folder. */
  readonly screenshot: (name: string) => Promise<void>
  /** Serious and critical findings of axe on what is shown now, one line each. */
  readonly accessibilityFindings: () => Promise<readonly string[]>
  readonly close: () => Promise<void>
}

/** Opens the studio in real Chromium with a fresh profile. */
export async function openStudio(
  url: string,
  look: { readonly colorScheme?: 'light' | 'dark'; readonly locale?: string } = {},
): Promise<StudioPage> {
  const executablePath = findChromium()
  if (executablePath === undefined) throw new Error(noChromiumReason)
  const browser: Browser = await chromium.launch({ executablePath, args: [...chromiumArguments] })
  // axe asks for a context made by hand: it opens a second page for its last step.
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: 'dark', ...look })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      console.error(`content security policy: ${event.violatedDirective} ${event.blockedURI}`)
    })
  })
  await page.goto(url)
  const folder = process.env['EXEMPLAR_SCREENSHOTS']
  return {
    page,
    complaints,
    screenshot: async (name) => {
      if (folder === undefined) return
      mkdirSync(folder, { recursive: true })
      await page.screenshot({ path: join(folder, `${name}.png`) })
    },
    accessibilityFindings: async () => {
      const { violations } = await new AxeBuilder({ page }).analyze()
      return violations
        .filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' | ')}`)
    },
    close: () => browser.close(),
  }
}

/** The open editor, driven by pointer and keys in image coordinates. */
export class EditorDriver {
  readonly #page: Page

  constructor(page: Page) {
    this.#page = page
  }

  /** Waits until everything in view is drawn and everything drawn is saved. */
  async settled(): Promise<void> {
    await this.#page.locator('[data-testid=editor][data-ready=true][data-saved=true]').waitFor()
  }

  get root(): ReturnType<Page['locator']> {
    return this.#page.getByTestId('editor')
  }

  /** Page coordinates of a point of the image. */
  async #toPage(x: number, y: number): Promise<{ readonly x: number; readonly y: number }> {
    const canvas = this.#page.locator('canvas[data-viewport]').first()
    const [scale = 1, offsetX = 0, offsetY = 0] = ((await canvas.getAttribute('data-viewport')) ?? '')
      .split(',')
      .map(Number)
    const box = await canvas.boundingBox()
    if (box === null) throw new Error('the canvas is not shown')
    return { x: box.x + offsetX + x * scale, y: box.y + offsetY + y * scale }
  }

  /** A click per point. */
  async corners(points: readonly (readonly [number, number])[]): Promise<void> {
    for (const [x, y] of points) {
      const at = await this.#toPage(x, y)
      await this.#page.mouse.click(at.x, at.y)
    }
  }

  /** Outlines with the polygon tool: a click per corner, then Enter. */
  async outline(points: readonly (readonly [number, number])[]): Promise<void> {
    await this.#page.keyboard.press('p')
    await this.corners(points)
    await this.#page.keyboard.press('Enter')
    await this.settled()
  }

  /** One brush stroke along a line, with the button held. */
  async stroke(from: readonly [number, number], to: readonly [number, number]): Promise<void> {
    await this.drag([from, to], 8)
  }

  /** Drags with the button held from point to point, `steps` moves between each two. */
  async drag(points: readonly (readonly [number, number])[], steps = 1): Promise<void> {
    const [start, ...others] = await Promise.all(points.map((point) => this.#toPage(...point)))
    if (start === undefined) throw new Error('a drag needs a point')
    await this.#page.mouse.move(start.x, start.y)
    await this.#page.mouse.down()
    for (const { x, y } of others) await this.#page.mouse.move(x, y, { steps })
    await this.#page.mouse.up()
    await this.settled()
  }
}

/**
 * What a person would click around the object: its left edge going down, its right edge going up, a point every
 * `step` rows. Follows the outline of shapes whose rows are (nearly) in one piece.
 */
export function outlineOf(mask: Bitmap, step: number): (readonly [number, number])[] {
  const left: (readonly [number, number])[] = []
  const right: (readonly [number, number])[] = []
  for (let y = 0; y < mask.height; y += step) {
    const row = mask.data.subarray(y * mask.width, (y + 1) * mask.width)
    const first = row.indexOf(1)
    if (first < 0) continue
    left.push([first, y + 0.5])
    right.unshift([row.lastIndexOf(1) + 1, y + 0.5])
  }
  return [...left, ...right]
}
