import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

/** What `test/pack/packed-app.test.ts` reads back from a packed program, checked here before one is packed. */
test('the fuses are set as docs/security.md says', () => {
  const text = readFileSync(join(import.meta.dirname, '..', '..', 'electron-builder.yml'), 'utf8')
  const [, block = ''] = /^electronFuses:\n((?:[ \t]+.*\n?)+)/m.exec(text) ?? []
  const fuses = [...block.matchAll(/^[ \t]+(\w+): (\w+)$/gm)].map(([, name = '', value]) => [name, value])
  expect(Object.fromEntries(fuses)).toEqual({
    runAsNode: 'false',
    enableNodeOptionsEnvironmentVariable: 'false',
    enableNodeCliInspectArguments: 'false',
    loadBrowserProcessSpecificV8Snapshot: 'false',
    grantFileProtocolExtraPrivileges: 'false',
    enableCookieEncryption: 'true',
    enableEmbeddedAsarIntegrityValidation: 'true',
    onlyLoadAppFromAsar: 'true',
  })
})
