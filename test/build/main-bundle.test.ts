import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { z } from '../../src/shared/zod.ts'
import { testHome } from '../support/test-home.ts'

const root = join(import.meta.dirname, '..', '..')

beforeAll(() => {
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js')
  execFileSync(process.execPath, [vite, 'build', '--config', 'vite.main.config.ts', '--logLevel', 'error'], {
    cwd: root,
  })
})

it('bundles the Node side so that its child processes start from what was built', () => {
  const answer = execFileSync(process.execPath, [join(root, 'out', 'main', 'cli.js'), 'doctor', '--json'], {
    encoding: 'utf8',
    env: { ...process.env, EXEMPLAR_HOME: testHome() },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  expect(z.object({ healthy: z.boolean() }).parse(JSON.parse(answer))).toEqual({ healthy: true })
})

it('bundles the desktop window so that it starts, serves and ends with what was built', () => {
  const folder = mkdtempSync(join(tmpdir(), 'exemplar-bundle-'))
  try {
    const program = join(root, 'test', 'electron', 'run-bundle.ts')
    const answer = execFileSync(process.execPath, [program, folder], { encoding: 'utf8' })
    expect(JSON.parse(answer)).toEqual({
      provider: 'cpu',
      children: [join(root, 'out', 'main', 'engine-process.js')],
      ended: 'quit',
      left: 0,
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
})
