import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { findChromium, noChromiumReason } from '../support/chromium.ts'
import { HostProcess } from '../support/host-process.ts'
import { openStudio } from '../support/studio-page.ts'

const isPossible = findChromium() !== undefined
if (!isPossible) console.log(`Skipped: a page of an earlier start was not tried, ${noChromiumReason}.`)

it.skipIf(!isPossible)('a page that belongs to an earlier start says so when it is loaded again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'exemplar-restart-'))
  const env = { EXEMPLAR_HOME: join(folder, 'home') }
  const first = await HostProcess.start(['--root', folder], env)
  const { port } = new URL(first.url)
  const studio = await openStudio(first.url)
  try {
    await studio.page.getByTestId('welcome').waitFor()
    await first.stop()
    const second = await HostProcess.start(['--root', folder, '--port', port], env)
    try {
      await studio.page.reload()
      await studio.page.getByText('This page belongs to an earlier start of Exemplar Studio.').first().waitFor()
      expect(await studio.accessibilityFindings()).toEqual([])
    } finally {
      await second.stop()
    }
  } finally {
    await studio.close()
    rmSync(folder, { recursive: true })
  }
})
