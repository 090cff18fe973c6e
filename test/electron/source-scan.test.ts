import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..', '..')
const sources = globSync('src/main/{electron,host}/**/*.ts', { cwd: root })
  .filter((file) => !/\.(test|fixture)\.ts$/.test(file))
  .map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') }))

/** Settings of Electron that only ever weaken it: there is no right value to write. */
const never = [
  'allowRunningInsecureContent',
  'experimentalFeatures',
  'enableBlinkFeatures',
  'disableBlinkFeatures',
  'bypassCSP',
  'corsEnabled',
  'allowServiceWorkers',
  'allowExtensions',
  'enableWebSQL',
  'enableDeprecatedPaste',
  'additionalArguments',
  'commandLine',
  'certificate-error',
  'setCertificateVerifyProc',
  'executeJavaScript',
  'insertCSS',
  'loadFile',
  'interceptFileProtocol',
  'desktopCapturer',
  'no-sandbox',
  'disable-web-security',
  'unsafe-eval',
  'unsafe-inline',
  'Access-Control-',
]

test('no setting that weakens Electron is named anywhere', () => {
  expect(sources.length).toBeGreaterThan(30)
  const found = sources.flatMap(({ file, text }) =>
    never.filter((word) => new RegExp(`(?<!\\w)${word}`).test(text)).map((word) => `${file}: ${word}`),
  )
  expect(found).toEqual([])
})

test('other programs are opened, and messages handled, in one place each', () => {
  const filesWith = (pattern: RegExp) => sources.filter(({ text }) => pattern.test(text)).map(({ file }) => file)
  expect(filesWith(/\bshell\.(?!ts)/)).toEqual(['src/main/electron/external.ts'])
  expect(filesWith(/\bipcMain\./)).toEqual(['src/main/electron/ipc.ts'])
  expect(filesWith(/new BrowserWindow\b/)).toEqual(['src/main/electron/window.ts'])
  expect(filesWith(/\bipcRenderer\b/)).toEqual(['src/main/electron/preload/preload.ts'])
})
