import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'vite'
import { licenceText } from './licences.ts'
import type { BundledPackage } from './licences.ts'
import { projectRoot } from './project-root.ts'

const releaseFolder = join(projectRoot, 'out', 'release')
const licencesFile = join(projectRoot, 'out', 'release-licences.txt')
const listFile = 'bundled.json'

/**
 * Builds what a package holds into `out/release`, without source maps: `vite.NAME.config.ts` into its folder `NAME`,
 * whatever there is. The licences of what is bundled and of what ships beside it go to `out/release-licences.txt`.
 */
export async function buildRelease(): Promise<void> {
  // Packages look at it to leave their development half out; a test runner has set it to something else.
  process.env['NODE_ENV'] = 'production'
  rmSync(releaseFolder, { recursive: true, force: true })
  const bundled: BundledPackage[] = []
  for (const config of readdirSync(projectRoot)) {
    const [, name] = /^vite\.([a-z]+)\.config\.ts$/.exec(config) ?? []
    if (name === undefined) continue
    const outDir = join(releaseFolder, name)
    await build({
      configFile: join(projectRoot, config),
      logLevel: 'warn',
      build: { outDir, emptyOutDir: true, sourcemap: false, license: { fileName: listFile } },
    })
    const list = join(outDir, listFile)
    bundled.push(...(JSON.parse(readFileSync(list, 'utf8')) as BundledPackage[]))
    rmSync(list)
  }
  writeFileSync(licencesFile, licenceText(bundled))
}
