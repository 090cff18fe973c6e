import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { shippedPackages } from './packed-layout.ts'
import type { PackTarget } from './packed-layout.ts'
import { projectRoot } from './project-root.ts'

/** A package whose code is in one of our bundles, as Vite lists it. */
export interface BundledPackage {
  readonly name: string
  readonly version: string
  /** SPDX expression. */
  readonly identifier: string | null
  readonly text: string | null
}

interface Section {
  readonly title: string
  readonly text: string
}

const introduction = `Exemplar Studio is licensed under Apache-2.0 (LICENSE.txt). It contains the packages below, under their own licences.
Electron's licence and those of the parts of Chromium lie beside the program, as Electron ships them.
`

/** The text of THIRD_PARTY_LICENSES.txt: each package once, by name, with its version, its licence and the words of it. */
export function licenceText(bundled: readonly BundledPackage[]): string {
  const sections = [
    ...bundled.map(({ name, version, identifier, text }): Section => ({
      title: `${name} ${version} (${identifier ?? 'see below'})`,
      text: text ?? '',
    })),
    ...shippedHere().map(readSection),
    ...modelSections(),
  ]
  const unique = new Map(sections.map((section) => [section.title, section]))
  const sorted = [...unique.values()].toSorted((a, b) => a.title.localeCompare(b.title, 'en'))
  return [introduction, ...sorted.map(({ title, text }) => `${'='.repeat(100)}\n${title}\n\n${text.trim()}\n`)].join(
    '\n',
  )
}

/** Folders of the packages that ship as they are, of all platforms whose packages are installed here. */
function shippedHere(): string[] {
  const targets: readonly PackTarget[] = [
    { platform: 'linux', arch: 'x64' },
    { platform: 'win32', arch: 'x64' },
    { platform: 'darwin', arch: 'arm64' },
  ]
  const names = new Set(targets.flatMap(shippedPackages))
  const lock = JSON.parse(readFileSync(join(projectRoot, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>
  }
  return Object.entries(lock.packages)
    .filter(([folder, { dev }]) => dev !== true && isShipped(folder, names) && existsSync(join(projectRoot, folder)))
    .map(([folder]) => folder)
}

/** Whether a folder of `node_modules` is one of these packages, or lies below one of them and is another of them. */
function isShipped(folder: string, names: ReadonlySet<string>): boolean {
  const way = folder.split('node_modules/').slice(1)
  return way.length > 0 && way.every((part) => names.has(part.replace(/\/$/, '')))
}

function readSection(folder: string): Section {
  const absolute = join(projectRoot, folder)
  const manifest = JSON.parse(readFileSync(join(absolute, 'package.json'), 'utf8')) as {
    readonly name: string
    readonly version: string
    readonly license: string
    readonly repository?: { readonly url?: string }
  }
  const texts = readdirSync(absolute)
    .filter((name) => /^(?:licen[cs]e|copying|notice|third.?party)/i.test(name))
    .map((name) => readFileSync(join(absolute, name), 'utf8'))
  // Libraries that are compiled into it.
  const versions = join(absolute, 'versions.json')
  const parts = existsSync(versions) ? [`It contains: ${readFileSync(versions, 'utf8').replace(/[{}"\n]+/g, '')}`] : []
  const source = manifest.repository?.url === undefined ? [] : [`Source: ${manifest.repository.url}`]
  return {
    title: `${manifest.name} ${manifest.version} (${manifest.license})`,
    text: [...source, ...parts, ...texts].join('\n\n'),
  }
}

function modelSections(): Section[] {
  const manifest = JSON.parse(readFileSync(join(projectRoot, 'models', 'manifest.json'), 'utf8')) as {
    readonly models: readonly { readonly id: string; readonly licence: string; readonly source: readonly string[] }[]
  }
  return manifest.models.map(({ id, licence, source }) => ({
    title: `Model ${id} (${licence})`,
    text: `From: ${source.join(', ')}. See models/MODEL_CARD.md.`,
  }))
}
