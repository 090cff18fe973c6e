import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import sharp from 'sharp'
import { projectRoot } from './project-root.ts'
import { planScene, sceneCount } from './sample/plan.ts'
import { pictureSize, renderScenes } from './sample/render.ts'
import { writeManifest, writePicture } from './sample/write-data-set.ts'

const usage = 'Usage: npm run sample [-- --only NUMBER,...]'

const folder = join(projectRoot, 'sample')
/** Of the welcome screen: three scenes, cut to these shapes. */
const welcome = join(projectRoot, 'src', 'renderer', 'features', 'welcome', 'pictures')
const welcomeScenes = [1, 3, 4]

/**
 * `npm run sample`: renders the sample project's pictures and masks anew, all or only the scenes of these numbers (from
 * 1), and writes what is derived from them. The same machine writes the same bytes.
 */
async function sample(): Promise<void> {
  const numbers = readNumbers()
  const plans = numbers.map((number) => planScene(number - 1))
  for await (const picture of renderScenes(plans, pictureSize)) {
    const bytes = await writePicture(folder, picture, pictureSize)
    await writeWelcomePicture(picture.plan.name)
    console.log(`sample/images/${picture.plan.name}.jpg  ${Math.round(bytes / 1000)} kB`)
  }
  await writeManifest(folder)
}

async function writeWelcomePicture(name: string): Promise<void> {
  if (!welcomeScenes.some((number) => planScene(number - 1).name === name)) return
  mkdirSync(welcome, { recursive: true })
  const small = sharp(join(folder, 'images', `${name}.jpg`)).resize(480, 320)
  writeFileSync(join(welcome, `${name}.webp`), await small.webp({ quality: 78 }).toBuffer())
}

function readNumbers(): number[] {
  const all = Array.from({ length: sceneCount }, (_, index) => index + 1)
  try {
    const { values } = parseArgs({ options: { only: { type: 'string' } } })
    const numbers = values.only === undefined ? all : values.only.split(',').map(Number)
    const unknown = numbers.find((number) => !all.includes(number))
    if (unknown === undefined) return numbers
    throw new Error(`There are scenes 1 to ${sceneCount}.`)
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error))
    console.error(usage)
    process.exit(2)
  }
}

await sample()
