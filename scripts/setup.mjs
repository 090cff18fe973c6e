// Plain JavaScript for Node 20: it runs before anything is installed.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** The Node that the project brings: newer than the one that may be on the machine. */
export const projectNode = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')

const modules = join(root, 'node_modules')
const stampFile = join(modules, '.exemplar-setup')

/** Installs the packages and the project's Node when they are missing or older than the lockfile. */
export function setUp() {
  const wanted = fingerprint()
  if (readStamp() === wanted && nodeVersion() !== undefined) return
  console.error('Installing packages (once)...')
  const started = Date.now()
  // Not `npm ci`: npm 11 refuses a lockfile when the registry lacks an optional package of another platform.
  // `npm install` follows the lockfile as well; without install scripts, see .npmrc.
  npm([
    'install',
    '--no-save',
    '--no-audit',
    '--no-fund',
    '--ignore-scripts',
    '--include=dev',
    '--include=optional',
    '--loglevel=error',
  ])
  if (nodeVersion() !== wantedNodeVersion()) installNode()
  writeFileSync(stampFile, wanted)
  console.error(`Packages installed in ${((Date.now() - started) / 1000).toFixed(0)} s.`)
}

/** Hash of all that decides what must be installed here. */
function fingerprint() {
  const manifest = readManifest(root)
  const hash = createHash('sha256')
  hash.update(JSON.stringify([manifest.dependencies, manifest.devDependencies, process.platform, process.arch]))
  hash.update(readFileSync(join(root, 'package-lock.json')))
  return hash.digest('hex')
}

function readStamp() {
  return existsSync(stampFile) ? readFileSync(stampFile, 'utf8') : undefined
}

function readManifest(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
}

function wantedNodeVersion() {
  return readManifest(join(modules, 'node')).version
}

/** Version of the project's Node, or undefined where it is missing or does not start. */
function nodeVersion() {
  if (!existsSync(projectNode)) return undefined
  const result = spawnSync(projectNode, ['--version'], { encoding: 'utf8' })
  return result.status === 0 ? result.stdout.trim().replace(/^v/, '') : undefined
}

/**
 * Runs the install script of the package `node`, and of no other package. npm 10 and npm 11 differ in how single
 * scripts are allowed (`allowScripts` exists in 11 only), so it is called directly.
 */
function installNode() {
  const folder = join(modules, 'node')
  const result = spawnSync(process.execPath, [join(folder, 'installArchSpecificPackage.js')], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: environment(),
  })
  if (result.status === 0 && nodeVersion() !== undefined) return
  fail(`Node ${wantedNodeVersion()} could not be installed: see npm's message above, then run the command again.`)
}

function npm(parameters) {
  const cli = process.env.npm_execpath
  const viaNode = cli !== undefined && /\.[cm]?js$/.test(cli)
  const result = spawnSync(viaNode ? process.execPath : 'npm', viaNode ? [cli, ...parameters] : parameters, {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: environment(),
    shell: !viaNode && process.platform === 'win32',
  })
  if (result.status === 0) return
  fail(`npm ${parameters[0]} failed: see its message above, check the network, then run the command again.`)
}

/** The GPU libraries that onnxruntime-node would download are not wanted, whoever runs its script. */
function environment() {
  return { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' }
}

function fail(message) {
  console.error(message)
  process.exit(1)
}
