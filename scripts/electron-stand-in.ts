import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What stands before the fuses in Electron's program. */
const marker = 'dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX'
const wireVersion = 1

/** The fuses in their order, each in the state in which Electron ships; `1` is on. */
const wire = [
  ['RunAsNode', '1'],
  ['EnableCookieEncryption', '0'],
  ['EnableNodeOptionsEnvironmentVariable', '1'],
  ['EnableNodeCliInspectArguments', '1'],
  ['EnableEmbeddedAsarIntegrityValidation', '0'],
  ['OnlyLoadAppFromAsar', '0'],
  ['LoadBrowserProcessSpecificV8Snapshot', '0'],
  ['GrantFileProtocolExtraPrivileges', '1'],
  ['WasmTrapHandlers', '1'],
] as const

const program = `#!/bin/sh
echo "This package was made without Electron: it can be looked at, not started." >&2
exit 1
`

/**
 * Makes a folder that electron-builder takes for an unpacked Electron of Linux. Its program only says what it is, but
 * holds the bytes of the fuses, so that these are really flipped and can be read. Nothing in it can run the studio.
 */
export function makeElectronStandIn(folder: string): void {
  mkdirSync(folder, { recursive: true })
  const states = wire.map(([, state]) => state).join('')
  const bytes = [program, marker, Uint8Array.of(wireVersion, wire.length), states].map((part) => Buffer.from(part))
  writeFileSync(join(folder, 'electron'), Buffer.concat(bytes), { mode: 0o755 })
}
