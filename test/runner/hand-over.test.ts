import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { because } from '../support/skip-reason.ts'

const handOver = new URL('../../bin/hand-over.mjs', import.meta.url).href

describe.skipIf(process.platform === 'win32')('a process that goes on in another', because('needs signals'), () => {
  const folder = mkdtempSync(join(tmpdir(), 'exemplar-hand-over-'))
  const outer = join(folder, 'outer.mjs')
  const inner = join(folder, 'inner.mjs')

  beforeAll(() => {
    writeFileSync(
      outer,
      `import { handOver } from '${handOver}'
       handOver(process.execPath, ['${inner}', ...process.argv.slice(2)])`,
    )
    writeFileSync(
      inner,
      `import { endWithParent } from '${handOver}'
       endWithParent()
       const [what, ...rest] = process.argv.slice(2)
       if (what === 'exit') { console.log(rest.join('|')); process.exit(7) }
       for (const signal of ['SIGTERM', 'SIGINT']) {
         process.on(signal, () => { console.log('got ' + signal); process.exit(9) })
       }
       setInterval(() => undefined, 1000)
       console.log('ready')`,
    )
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  function start(program: string, parameters: readonly string[]) {
    const child = spawn(program, parameters, { stdio: ['ignore', 'pipe', 'inherit'] })
    return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() }
  }

  async function exitOf(child: ChildProcess): Promise<readonly unknown[]> {
    return child.exitCode === null && child.signalCode === null
      ? once(child, 'exit')
      : [child.exitCode, child.signalCode]
  }

  test('passes arguments and exit status on', async () => {
    const { child, lines } = start(process.execPath, [outer, 'exit', 'a b', '--c'])
    expect((await lines.next()).value).toBe('a b|--c')
    expect(await exitOf(child)).toEqual([7, null])
  })

  test.each(['SIGTERM', 'SIGINT'] as const)('passes %s on', async (signal) => {
    const { child, lines } = start(process.execPath, [outer, 'wait'])
    expect((await lines.next()).value).toBe('ready')
    child.kill(signal)
    expect((await lines.next()).value).toBe(`got ${signal}`)
    expect(await exitOf(child)).toEqual([9, null])
  })

  test('leaves nothing behind when it is killed', async () => {
    const { child, lines } = start(process.execPath, [outer, 'wait'])
    expect((await lines.next()).value).toBe('ready')
    child.kill('SIGKILL')
    expect((await lines.next()).value).toBe('got SIGTERM')
    expect((await lines.next()).done).toBe(true)
  })

  test('leaves nothing behind when the shell that started it is killed, as npm does', async () => {
    const { child, lines } = start('sh', ['-c', `"${process.execPath}" "${outer}" wait; true`])
    expect((await lines.next()).value).toBe('ready')
    child.kill('SIGKILL')
    expect((await lines.next()).value).toBe('got SIGTERM')
    expect((await lines.next()).done).toBe(true)
  })
})
