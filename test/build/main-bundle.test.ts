import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { z } from '../../src/shared/zod.ts'
import { testHome } from '../support/test-home.ts'

const root = join(import.meta.dirname, '..', '..')

it('bundles the Node side so that its child processes start from what was built', () => {
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js')
  execFileSync(process.execPath, [vite, 'build', '--config', 'vite.main.config.ts', '--logLevel', 'error'], {
    cwd: root,
  })
  const answer = execFileSync(process.execPath, [join(root, 'out', 'main', 'cli.js'), 'doctor', '--json'], {
    encoding: 'utf8',
    env: { ...process.env, EXEMPLAR_HOME: testHome() },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  expect(z.object({ healthy: z.boolean() }).parse(JSON.parse(answer))).toEqual({ healthy: true })
})
