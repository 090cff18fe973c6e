import { existsSync } from 'node:fs'
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openInBrowser } from './open-browser.ts'

const url = 'http://127.0.0.1:1234/#t=abc-DEF_1'
let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'open-browser-'))
})
afterEach(() => rm(folder, { recursive: true }))

/** A stand-in for the desktop's opener that writes down what it was given. */
async function desktop(): Promise<NodeJS.ProcessEnv> {
  const program = join(folder, 'xdg-open')
  await writeFile(
    program,
    `#!/bin/sh\nprintf '%s\\n' "$@" > '${folder}/given.part'\nmv '${folder}/given.part' '${folder}/given'\n`,
  )
  await chmod(program, 0o755)
  return { PATH: `${folder}:${process.env['PATH'] ?? ''}`, DISPLAY: ':0' }
}

async function given(): Promise<string> {
  await vi.waitFor(() => expect(existsSync(join(folder, 'given'))).toBe(true))
  return (await readFile(join(folder, 'given'), 'utf8')).trim()
}

test('the browser gets a private redirect file, the token is in no argument, and the file goes away', async () => {
  const opened = await openInBrowser(url, { environment: await desktop(), platform: 'linux' })
  expect(opened.opened).toBe(true)
  const argument = await given()
  expect(argument).toMatch(/^file:\/\//)
  expect(argument).not.toContain('abc-DEF_1')
  const file = fileURLToPath(argument)
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect((await stat(dirname(file))).mode & 0o777).toBe(0o700)
  expect(await readFile(file, 'utf8')).toContain(`content="0; url=${url}"`)
  await opened.forget()
  expect(existsSync(dirname(file))).toBe(false)
})

test('an unused redirect file deletes itself', async () => {
  await openInBrowser(url, { environment: await desktop(), platform: 'linux', lifetimeMs: 100 })
  const file = fileURLToPath(await given())
  await vi.waitFor(() => expect(existsSync(dirname(file))).toBe(false))
})

test('without a desktop or an opener it says so and leaves nothing behind', async () => {
  expect((await openInBrowser(url, { environment: { PATH: folder }, platform: 'linux' })).opened).toBe(false)
  const nothing = await openInBrowser(url, { environment: { PATH: folder, DISPLAY: ':0' }, platform: 'linux' })
  expect(nothing.opened).toBe(false)
  await nothing.forget()
})
