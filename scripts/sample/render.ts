import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { build } from 'vite'
import { chromiumArguments, findChromium, noChromiumReason } from '../../test/support/chromium.ts'
import { projectRoot } from '../project-root.ts'
import type { RenderSize } from './page/main.ts'
import type { ScenePlan } from './plan.ts'

/** Of the committed pictures. */
export const pictureSize: RenderSize = { width: 1280, height: 960, samples: 12, ground: 1280 }

export interface Picture {
  readonly plan: ScenePlan
  /** RGB, rows from the top down. */
  readonly rgb: Buffer
  /** One byte a pixel: 0 or a class id. */
  readonly classIds: Buffer
}

/** Renders the scenes one after the other in a Chromium of its own. Throws where there is none. */
export async function* renderScenes(plans: readonly ScenePlan[], size: RenderSize): AsyncGenerator<Picture> {
  const executablePath = findChromium()
  if (executablePath === undefined) throw new Error(noChromiumReason)
  const script = await bundlePage()
  const browser = await chromium.launch({ executablePath, args: [...chromiumArguments] })
  try {
    const page = await browser.newPage()
    const problems: string[] = []
    page.on('pageerror', (error) => problems.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text())
    })
    await page.addScriptTag({ content: script })
    check('The page', problems)
    for (const plan of plans) {
      const rendered = await page.evaluate(([scene, how]) => window.renderScene(scene, how), [plan, size] as const)
      // A shader that does not compile draws nothing, and says so only here.
      check(plan.name, problems)
      const decode = (text: string): Buffer => Buffer.from(text, 'base64')
      yield { plan, rgb: decode(rendered.rgb), classIds: decode(rendered.classIds) }
    }
  } finally {
    await browser.close()
  }
}

function check(name: string, problems: readonly string[]): void {
  if (problems.length > 0) throw new Error(`${name} could not be drawn:\n${problems.join('\n')}`)
}

/** The page's code with three.js as one classic script. */
async function bundlePage(): Promise<string> {
  const result = await build({
    root: projectRoot,
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      minify: false,
      lib: { entry: join(projectRoot, 'scripts', 'sample', 'page', 'main.ts'), formats: ['iife'], name: 'sample' },
    },
  })
  const outputs = (Array.isArray(result) ? result : [result]).flatMap((each) => ('output' in each ? each.output : []))
  const chunk = outputs.find((each) => each.type === 'chunk')
  if (chunk === undefined) throw new Error('The page that draws the scenes could not be bundled.')
  return chunk.code
}
