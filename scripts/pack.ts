import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { makeElectronStandIn } from './electron-stand-in.ts'
import { checkPackedFiles, summarize } from './packed-check.ts'
import { readPackedFiles } from './packed-files.ts'
import { hostEntry, modelFiles } from './packed-layout.ts'
import { projectRoot } from './project-root.ts'
import { buildRelease } from './release.ts'

const usage = 'Usage: npm run pack [-- --electron-dist FOLDER]'
const output = join(projectRoot, 'out', 'packed', 'linux-unpacked')

interface Manifest {
  readonly main?: string
  readonly devDependencies: { readonly electron: string }
}

/**
 * `npm run pack`: builds a release, packs it for Linux x64 into `out/packed/linux-unpacked` and checks what is in there.
 * Downloads nothing: without an Electron (`--electron-dist`, `ELECTRON_OVERRIDE_DIST_PATH` or an installed one) a stand-in
 * takes its place. Exit status 1 when something is in the package that must not be, or is missing.
 */
async function pack(): Promise<void> {
  const wanted = readOptions()
  const manifest = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as Manifest
  await buildRelease()
  const folder = mkdtempSync(join(tmpdir(), 'exemplar-electron-'))
  try {
    const electron = wanted ?? installedElectron()
    if (electron === null) makeElectronStandIn(folder)
    console.error(`Packing with ${electron ?? 'a stand-in for Electron, which is not installed here'}.`)
    if (!runBuilder(manifest, electron ?? folder)) {
      process.exitCode = 1
      return
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
  const files = readPackedFiles(join(output, 'resources'))
  for (const line of summarize(files)) console.log(line)
  const problems = checkPackedFiles(files, {
    platform: 'linux',
    arch: 'x64',
    main: manifest.main,
    models: modelFiles(
      JSON.parse(readFileSync(join(projectRoot, 'models', 'manifest.json'), 'utf8')) as Parameters<
        typeof modelFiles
      >[0],
    ),
  })
  for (const problem of problems) console.error(problem)
  console.log(problems.length === 0 ? `The package in ${output} is as it should be.` : `${problems.length} problems.`)
  if (problems.length > 0) process.exitCode = 1
}

/** Folder of an unpacked Electron for Linux, or null. */
function installedElectron(): string | null {
  const candidates = [process.env['ELECTRON_OVERRIDE_DIST_PATH'] ?? '', join(projectRoot, 'node_modules/electron/dist')]
  return candidates.find((folder) => folder !== '' && existsSync(join(folder, 'electron'))) ?? null
}

function runBuilder(manifest: Manifest, electronDist: string): boolean {
  rmSync(output, { recursive: true, force: true })
  const settings = {
    electronDist,
    electronVersion: manifest.devDependencies.electron,
    // electron-builder wants an entry of the archive. The host is one that is there without the window.
    ...(manifest.main === undefined ? { 'extraMetadata.main': hostEntry } : {}),
  }
  const parameters = [
    join(projectRoot, 'node_modules', 'electron-builder', 'cli.js'),
    ...['--linux', 'dir', '--x64', '--config', 'electron-builder.yml', '--publish', 'never'],
    ...Object.entries(settings).map(([name, value]) => `-c.${name}=${value}`),
  ]
  const result = spawnSync(process.execPath, parameters, {
    cwd: projectRoot,
    stdio: ['ignore', 2, 2],
    env: { ...process.env, NO_UPDATE_NOTIFIER: '1' },
  })
  // Electron's own placeholder: electron-builder leaves it there when it is given a folder.
  rmSync(join(output, 'resources', 'default_app.asar'), { force: true })
  return result.status === 0
}

function readOptions(): string | null {
  try {
    const { values } = parseArgs({ options: { 'electron-dist': { type: 'string' } } })
    const folder = values['electron-dist']
    if (folder === undefined) return null
    if (!existsSync(join(folder, 'electron'))) throw new Error(`${folder} holds no program named electron.`)
    return resolve(folder)
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error))
    console.error(usage)
    process.exit(2)
  }
}

await pack()
