import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { tmpdir } from 'node:os'
import { join, posix } from 'node:path'
import { extractAll } from '@electron/asar'
import { FuseState, FuseV1Options, getCurrentFuseWire } from '@electron/fuses'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { megabytes, totalBytes } from '../../scripts/packed-check.ts'
import { archiveName, readPackedFiles } from '../../scripts/packed-files.ts'
import type { PackedFile } from '../../scripts/packed-files.ts'
import { hostEntry, modelFiles, shippedPackages } from '../../scripts/packed-layout.ts'
import { decodeSegmentation } from '../../src/main/formats/coco-records.ts'
import { tilePath } from '../../src/shared/contract/media.ts'
import type { Bitmap } from '../../src/shared/mask/bitmap.ts'
import { bitmapFromTiles } from '../../src/shared/mask/tiles.ts'
import { z } from '../../src/shared/zod.ts'
import { drawDiscs } from '../support/discs.ts'
import { HostProcess } from '../support/host-process.ts'
import { parseSource } from '../support/imports.ts'
import { packageName } from '../support/layers.ts'
import { exemplarJson, runExemplar } from '../support/run-exemplar.ts'
import { because } from '../support/skip-reason.ts'

const root = join(import.meta.dirname, '..', '..')
const packed = join(root, 'out', 'packed', 'linux-unpacked')
const isPossible = process.platform === 'linux' && process.arch === 'x64'
/** Without Electron and without a sample project, in bytes. It is 78 MB today; a second copy of the runtime is 46. */
const largest = 100e6

const [width, height] = [320, 240]
const className = 'disc'

/**
 * The package as `npm run pack` makes it, and the main job in it: unpacked far from the repository, where no package of
 * ours could be found by accident, and run by plain Node.
 */
describe.skipIf(!isPossible)('the packed app', because('packing is tested on Linux x64 only'), () => {
  // Not below the repository: Node looks for packages in every folder above.
  const folder = mkdtempSync(join(tmpdir(), 'exemplar-packed-'))
  const resources = join(folder, 'resources')
  const program = join(resources, archiveName)
  const host = join(program, hostEntry)
  const project = join(folder, 'project')
  const photos = join(folder, 'photos')
  const exported = join(folder, 'coco')
  const pictures = [1, 2, 3].map((number) => ({ name: `scene-${number}.png`, ...drawDiscs(number, width, height) }))
  const [first, second, third] = pictures.map(({ name }) => name) as [string, string, string]
  let files: readonly PackedFile[] = []

  beforeAll(() => {
    const result = spawnSync(process.execPath, [join(root, 'scripts', 'pack.ts')], { cwd: root, encoding: 'utf8' })
    if (result.status !== 0) throw new Error(`npm run pack fails:\n${result.stdout}${result.stderr}`)
    console.log(result.stdout.trim())
    files = readPackedFiles(join(packed, 'resources'))
    // As packed: the archive, with what lies unpacked beside it, is one folder for the program that reads it.
    mkdirSync(program, { recursive: true })
    extractAll(join(packed, 'resources', archiveName), program)
    for (const name of readdirSync(join(packed, 'resources')))
      if (!name.startsWith(archiveName))
        cpSync(join(packed, 'resources', name), join(resources, name), { recursive: true })
  })

  afterAll(() => rmSync(folder, { recursive: true }))

  const exemplar = (...args: readonly string[]): Promise<unknown> => exemplarJson(args, 0, host)

  it('holds what it should and nothing more', () => {
    const program = files.filter(({ place }) => place !== 'resources')
    const top = new Set(program.map(({ path }) => path.split('/')[0]))
    expect(top).toEqual(new Set(['node_modules', 'out', 'package.json']))
    const packages = [
      ...new Set(
        program
          .filter(({ path }) => path.startsWith('node_modules/'))
          .map(({ path }) => packageName(path.slice('node_modules/'.length))),
      ),
    ].sort()
    expect(packages).toEqual([...shippedPackages({ platform: 'linux', arch: 'x64' })].sort())
    expect(files.filter(({ path }) => /\.(?:map|tsx?|[cm]ts)$/.test(path))).toEqual([])
    const native = files.filter(({ binary }) => binary !== null)
    expect(native.map(({ place, binary }) => `${place} ${binary}`)).toEqual(native.map(() => 'unpacked linux-x64'))
    expect(native.map(({ path }) => posix.basename(path)).sort()).toEqual([
      'libonnxruntime.so.1',
      'linux-x64.node',
      'onnxruntime_binding.node',
    ])
    const { main } = z
      .object({ main: z.string().optional() })
      .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')))
    expect(program.map(({ path }) => path)).toEqual(expect.arrayContaining([main ?? hostEntry, hostEntry]))
    const models = files
      .filter(({ path }) => path.startsWith('models/'))
      .map(({ path }) => path.slice('models/'.length))
    const manifest = JSON.parse(readFileSync(join(root, 'models', 'manifest.json'), 'utf8')) as never
    expect(models.sort()).toEqual([...modelFiles(manifest), 'README.md'].sort())
    expect(files.some(({ path }) => path.startsWith('sample/'))).toBe(existsSync(join(root, 'sample')))
  })

  it('is as small as it can be', () => {
    const bytes = totalBytes(files.filter(({ path }) => !path.startsWith('sample/')))
    console.log(`our part of the package: ${megabytes(bytes)}, at most ${megabytes(largest)}`)
    expect(bytes).toBeLessThan(largest)
  })

  it('has its fuses blown as the security table says', async () => {
    const { version, ...fuses } = await getCurrentFuseWire(join(packed, 'exemplar-studio'))
    expect(version).toBe('1')
    const on = Object.fromEntries(
      Object.entries(fuses).map(([fuse, state]) => [FuseV1Options[Number(fuse)], state === FuseState.ENABLE]),
    )
    expect(on).toEqual({
      RunAsNode: false,
      EnableNodeOptionsEnvironmentVariable: false,
      EnableNodeCliInspectArguments: false,
      LoadBrowserProcessSpecificV8Snapshot: false,
      GrantFileProtocolExtraPrivileges: false,
      EnableCookieEncryption: true,
      EnableEmbeddedAsarIntegrityValidation: true,
      OnlyLoadAppFromAsar: true,
      // Not ours to set: as Electron ships it.
      WasmTrapHandlers: true,
    })
  })

  it('names the licence of every package that is in it', () => {
    const text = readFileSync(join(resources, 'THIRD_PARTY_LICENSES.txt'), 'utf8')
    for (const name of [
      ...shippedPackages({ platform: 'linux', arch: 'x64' }),
      'zod',
      'ws',
      'commander',
      'react-dom',
    ]) {
      const { version } = z.object({ version: z.string() }).parse(JSON.parse(readFileSync(installed(name), 'utf8')))
      expect(text).toContain(`\n${name} ${version} (`)
    }
    expect(readFileSync(join(resources, 'LICENSE.txt'), 'utf8')).toContain('Apache License')
  })

  it('imports only what is in it', () => {
    const inside = new Set(files.filter(({ place }) => place !== 'resources').map(({ path }) => path))
    const scripts = [...inside].filter((path) => /^out\/(?:main|preload)\/.*\.[cm]?js$/.test(path))
    expect(scripts).toContain(hostEntry)
    const known = new Set([...shippedPackages({ platform: 'linux', arch: 'x64' }), 'electron'])
    const lost = scripts.flatMap((path) =>
      parseSource(path, readFileSync(join(program, path), 'utf8'))
        .imports.map(({ specifier }) => specifier)
        .filter((specifier) =>
          specifier.startsWith('.')
            ? !inside.has(posix.join(posix.dirname(path), specifier))
            : !isBuiltin(specifier) && !known.has(packageName(specifier)),
        )
        .map((specifier) => `${path} → ${specifier}`),
    )
    // Two optional accelerators that `ws` tries and does without.
    expect(lost.filter((each) => !/bufferutil|utf-8-validate/.test(each))).toEqual([])
  })

  it('knows every command that the sources know', async () => {
    const help = await runExemplar(['--help'])
    expect(await runExemplar(['--help'], {}, host)).toEqual(help)
    const commands = [...help.stdout.matchAll(/^ {2}([a-z]+) /gm)].map(([, name = '']) => name)
    expect(commands).toEqual(expect.arrayContaining(['new', 'add', 'segment', 'serve', 'doctor', 'export', 'evaluate']))
  })

  it('is healthy: its numbers are the stored ones, and pictures are decoded by WebAssembly', async () => {
    const report = z
      .object({
        healthy: z.boolean(),
        machine: z.object({ version: z.string(), imageLibrary: z.object({ version: z.string(), build: z.string() }) }),
        engine: z.object({ device: z.string(), golden: z.object({ difference: z.number() }) }),
      })
      .parse(await exemplar('doctor'))
    console.log(`packed: golden values differ by ${report.engine.golden.difference.toExponential(1)}`)
    expect(report.healthy).toBe(true)
    expect(report.machine).toMatchObject({ imageLibrary: { version: sharp.versions.sharp, build: 'wasm' } })
    expect(report.engine.golden.difference).toBeLessThan(1e-4)
  })

  it('does the main job: from three pictures to a COCO file that equals the stored masks', async () => {
    mkdirSync(photos)
    for (const { name, pixels, discs } of pictures) {
      await sharp(pixels, { raw: { width, height, channels: 3 } }).toFile(join(photos, name))
      await sharp(
        discs.data.map((value) => value * 255),
        { raw: { width, height, channels: 1 } },
      )
        .toColourspace('b-w')
        .toFile(join(folder, `mask-${name}`))
    }
    await exemplar('new', project, '--name', 'Packed')
    expect(await exemplar('add', project, photos)).toMatchObject({ added: 3, problems: [] })
    for (const name of [first, second]) {
      await exemplar('correct', project, '--image', name, '--class', className, '--mask', join(folder, `mask-${name}`))
    }
    await exemplar('support', project, '--class', className, '--image', first, '--image', second)
    const segmented = z
      .object({
        job: z.object({ done: z.int(), failed: z.int(), total: z.int(), device: z.string() }),
        proposals: z.int(),
      })
      .parse(await exemplar('segment', project, '--class', className, '--images', third))
    expect(segmented).toMatchObject({ job: { done: 1, failed: 0, total: 1 }, proposals: 1 })
    expect(segmented.job.device).toMatch(/^CPU/)
    expect(await exemplar('review', project, '--image', third, '--accept', '--reviewed')).toMatchObject({ accepted: 1 })

    const args = ['--format', 'coco', '--segmentation', 'rle'] as const
    expect(await exemplar('export', project, exported, ...args)).toMatchObject({ annotations: 3, identical: 3 })
    const masks = readCoco(exported)
    for (const { name, discs } of pictures.slice(0, 2)) expect(masks.get(name)?.data).toEqual(discs.data)
    const overlap = intersectionOverUnion(masks.get(third), pictures[2]?.discs)
    console.log(`packed: the third picture is segmented with IoU ${overlap.toFixed(3)}`)
    expect(overlap).toBeGreaterThan(0.6)

    // Read by the packed importer into another project, it leaves as the same file.
    const copy = join(folder, 'copy')
    await exemplar('new', copy)
    await exemplar('add', copy, photos)
    await exemplar('import', copy, join(exported, 'annotations', 'instances_default.json'), '--format', 'coco')
    expect(await exemplar('export', copy, join(folder, 'again'), ...args)).toMatchObject({
      annotations: 3,
      identical: 3,
    })
    expect(readCoco(join(folder, 'again'))).toEqual(masks)
  })

  it('serves its own page and a tile that its own decoder made', async () => {
    const studio = await HostProcess.start([project, '--root', folder], { EXEMPLAR_HOME: join(folder, 'home') }, host)
    try {
      const { origin, hash } = new URL(studio.url)
      const page = await (await fetch(origin)).text()
      // The root element tells of this person's language and theme.
      const withoutRoot = (html: string): string => html.replace(/<html[^>]*>/, '')
      const built = readFileSync(join(program, 'out', 'renderer', 'index.html'), 'utf8')
      expect(withoutRoot(page)).toBe(withoutRoot(built))
      const [, script = ''] = /src="(\/assets\/[^"]+\.js)"/.exec(page) ?? []
      expect((await fetch(origin + script)).status).toBe(200)
      const { version, open } = await studio.call('app', 'info', {})
      expect(version).toMatch(/^\d/)
      const projectId = open[0] ?? ''
      const { items } = await studio.call('images', 'list', {
        projectId,
        offset: 0,
        limit: 10,
        sort: 'name',
        filter: {},
      })
      const image = items.find(({ name }) => name === third)
      const authorization = `Bearer ${new URLSearchParams(hash.slice(1)).get('t') ?? ''}`
      const tile = await fetch(origin + tilePath(projectId, image?.id ?? '', 0, 0, 0), {
        headers: { authorization },
      })
      expect(new Uint8Array(await tile.arrayBuffer())).toEqual(pictures[2]?.pixels)
      expect(studio.children().codec).not.toBeNull()
    } finally {
      await studio.stop()
    }
    expect(studio.child.exitCode).toBe(0)
  })
})

/** package.json of an installed package, at the top or below the one that asks for it. */
function installed(name: string): string {
  const below = name === '@emnapi/runtime' ? 'node_modules/@img/sharp-wasm32/' : ''
  return join(root, below, 'node_modules', name, 'package.json')
}

/** Masks by file name; each picture has one annotation. */
function readCoco(folder: string): ReadonlyMap<string, Bitmap> {
  const { images, annotations } = z
    .object({
      images: z.array(z.object({ id: z.int(), file_name: z.string() })),
      annotations: z.array(
        z.object({
          image_id: z.int(),
          segmentation: z.strictObject({ size: z.tuple([z.int(), z.int()]), counts: z.string() }),
        }),
      ),
    })
    .parse(JSON.parse(readFileSync(join(folder, 'annotations', 'instances_default.json'), 'utf8')))
  return new Map(
    annotations.map(({ image_id, segmentation }) => [
      images.find(({ id }) => id === image_id)?.file_name ?? '',
      bitmapFromTiles(decodeSegmentation(segmentation, width, height), width, height),
    ]),
  )
}

function intersectionOverUnion(a: Bitmap | undefined, b: Bitmap | undefined): number {
  if (a === undefined || b === undefined) return 0
  let [both, either] = [0, 0]
  for (const [at, value] of a.data.entries()) {
    if (value === 1 && b.data[at] === 1) both++
    if (value === 1 || b.data[at] === 1) either++
  }
  return both / either
}
