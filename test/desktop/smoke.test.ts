import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { _electron } from 'playwright-core'
import { expect, test } from 'vitest'
import { buildDesktop, buildRenderer } from '../../scripts/builds.ts'
import { findElectron } from '../../scripts/electron-program.ts'
import { projectRoot } from '../../scripts/project-root.ts'
import type { Desktop } from '../../src/shared/contract/desktop.ts'
import { createProject } from '../../src/main/store/project-store.ts'
import { because } from '../support/skip-reason.ts'

/** The desktop window on the real Electron, where its program is installed. */

const electron = findElectron()

test.skipIf(electron.path === null)(
  'a window, its bridge and policy, no way off its page, the engine, and a clean end',
  because(`no desktop window: ${electron.reason ?? ''}`),
  async () => {
    if (!buildRenderer() || !buildDesktop()) throw new Error('The program could not be built')
    const folder = await mkdtemp(join(tmpdir(), 'exemplar-smoke-'))
    createProject(join(folder, 'Bolts'), 'Bolts').close()
    const app = await _electron.launch({
      executablePath: electron.path ?? '',
      args: [projectRoot, join(folder, 'Bolts')],
      env: { ...(process.env as Record<string, string>), EXEMPLAR_HOME: join(folder, 'home') },
    })
    try {
      const page = await app.firstWindow()
      const call = (group: string, name: string, input: object): Promise<unknown> =>
        page.evaluate(
          ([calledGroup, calledName, given]) => {
            const { exemplarDesktop } = window as unknown as { readonly exemplarDesktop: Desktop }
            return exemplarDesktop.calls[calledGroup]?.[calledName]?.(crypto.randomUUID(), given)
          },
          [group, name, input] as const,
        )

      // A window on our page, without Node in it.
      await page.getByText('Bolts').first().waitFor()
      expect(page.url()).toBe('app://studio/')
      expect(await page.evaluate(() => ['process', 'require', 'module'].filter((name) => name in globalThis))).toEqual(
        [],
      )
      expect(await page.evaluate(() => globalThis.isSecureContext)).toBe(true)

      // The bridge reaches the project that is open, and the page came with its policy.
      const info = (await call('app', 'info', {})) as { readonly value: { readonly open: readonly string[] } }
      expect(info).toMatchObject({ ok: true, value: { nativeDialogs: true } })
      const projectId = info.value.open[0] ?? ''
      expect(await call('project', 'info', { projectId })).toMatchObject({ ok: true, value: { name: 'Bolts' } })
      const policy = await page.evaluate(async () => (await fetch('/')).headers.get('Content-Security-Policy'))
      expect(policy).toContain("default-src 'none'; script-src 'self'")

      // It stays on its page.
      const opened = await page.evaluate(() => {
        window.location.href = 'https://example.org/'
        return window.open('https://example.org/') === null
      })
      expect([opened, await call('app', 'info', {})]).toMatchObject([true, { ok: true }])
      expect([page.url(), app.windows().length]).toEqual(['app://studio/', 1])

      // The engine answers from its own process.
      expect(await call('project', 'engine', { projectId })).toMatchObject({ ok: true, value: { provider: 'cpu' } })

      const ended = new Promise((resolve) => app.process().once('exit', resolve))
      await app.evaluate(({ app: running }) => running.quit())
      expect(await ended).toBe(0)
    } finally {
      await app.close().catch(() => undefined)
      await rm(folder, { recursive: true, force: true })
    }
  },
)
