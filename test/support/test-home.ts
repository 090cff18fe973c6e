import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

let made: string | null = null

/** A configuration folder for programs that tests start: they leave that of the person alone. It goes with the process. */
export function testHome(): string {
  if (made !== null) return made
  const folder = mkdtempSync(join(tmpdir(), 'exemplar-home-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  made = folder
  return folder
}
