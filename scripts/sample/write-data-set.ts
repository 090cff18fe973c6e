import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { partKinds, planScene, sceneCount } from './plan.ts'
import type { RenderSize } from './page/main.ts'
import type { Picture } from './render.ts'

const imagePath = (name: string): string => `images/${name}.jpg`
const maskPath = (name: string): string => `masks/${name}.png`

/** Writes `images/<name>.jpg` and `masks/<name>.png`. @returns the bytes of both. */
export async function writePicture(folder: string, picture: Picture, size: RenderSize): Promise<number> {
  const { plan, rgb, classIds } = picture
  const raw = { width: size.width, height: size.height }
  const jpeg = await sharp(rgb, { raw: { ...raw, channels: 3 } })
    .jpeg({ quality: plan.lens.jpegQuality, mozjpeg: false })
    .toBuffer()
  const mask = await sharp(classIds, { raw: { ...raw, channels: 1 } })
    .toColourspace('b-w')
    .png({ compressionLevel: 9, palette: false })
    .toBuffer()
  for (const [path, bytes] of [[imagePath(plan.name), jpeg], [maskPath(plan.name), mask]] as const) {
    mkdirSync(join(folder, path, '..'), { recursive: true })
    writeFileSync(join(folder, path), bytes)
  } // prettier-ignore
  return jpeg.length + mask.length
}

interface Item {
  readonly image: string
  readonly mask: string
  readonly class_ids: readonly number[]
  readonly px: Readonly<Record<string, number>>
  readonly w: number
  readonly h: number
}

/** Describes the pictures of the folder in `manifest.json` and `README.md`. */
export async function writeManifest(folder: string): Promise<void> {
  const items: Item[] = []
  for (let number = 0; number < sceneCount; number++) {
    const { name } = planScene(number)
    if (existsSync(join(folder, maskPath(name)))) items.push(await describe(folder, name))
  }
  const classes = Object.fromEntries(partKinds.map((kind, index) => [String(index + 1), kind]))
  const manifest = { name: 'workbench', classes, items }
  writeFileSync(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  writeFileSync(join(folder, 'README.md'), readme(items))
}

async function describe(folder: string, name: string): Promise<Item> {
  const { data, info } = await sharp(join(folder, maskPath(name)))
    .toColourspace('b-w')
    .raw()
    .toBuffer({ resolveWithObject: true })
  const counts = partKinds.map((_, index) => ({ id: index + 1, pixels: 0 }))
  for (const value of data) {
    const count = counts[value - 1]
    if (count !== undefined) count.pixels++
  }
  const present = counts.filter(({ pixels }) => pixels > 0)
  return {
    image: imagePath(name),
    mask: maskPath(name),
    class_ids: present.map(({ id }) => id),
    px: Object.fromEntries(present.map(({ id, pixels }) => [String(id), pixels])),
    w: info.width,
    h: info.height,
  }
}

function readme(items: readonly Item[]): string {
  const rows = partKinds.map((kind, index) => {
    const having = items.filter((item) => item.class_ids.includes(index + 1)).length
    return `| ${index + 1} | ${kind} | ${having} |`
  })
  const empty = items.filter((item) => item.class_ids.length === 0).length
  return `# The sample project

${items.length} pictures of bolts, nuts and washers on worn surfaces, with exact masks, for trying Exemplar Studio on a machine that has
no pictures yet: _Try it with the sample project_ on the welcome screen, or \`exemplar new <project> --sample\`.

They look like photographs and are none: \`npm run sample\` renders every one of them from a list of numbers (three.js in
headless Chromium), so nothing in them belongs to anyone else. The same machine renders the same bytes. They are a
**demonstration, not a benchmark**: figures measured on them say nothing about photographs.

\`images/\` holds the pictures, \`masks/\` a grey PNG for each (0 background, else the class), \`manifest.json\` lists both.
${empty} pictures show none of the classes.

| id  | class  | pictures with it |
| --- | ------ | ---------------- |
${rows.map((row) => row.replace(/^\| (\d+) \| (\w+) \| (\d+) \|$/, (_, id: string, kind: string, count: string) => `| ${id.padEnd(3)} | ${kind.padEnd(6)} | ${count.padEnd(16)} |`)).join('\n')}

Licence: Apache-2.0, like the rest of the repository.
`
}
