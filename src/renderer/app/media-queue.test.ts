import { describe, expect, it } from 'vitest'
import { createMediaQueue } from './media-queue.ts'

interface Held {
  readonly name: string
  readonly finish: () => void
}

function setUp(limit: number) {
  const queue = createMediaQueue(limit)
  const running: Held[] = []
  const never = new AbortController().signal
  function start(name: string, signal: AbortSignal = never): Promise<string> {
    return queue.run(
      () => new Promise<string>((resolve) => running.push({ name, finish: () => resolve(name) })),
      signal,
    )
  }
  const names = (): string[] => running.map((each) => each.name)
  return { start, running, names }
}

/** Lets every promise that can settle settle. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

describe('the media queue', () => {
  it('runs no more than its limit and takes the newest next', async () => {
    const { start, running, names } = setUp(2)
    const all = ['a', 'b', 'c', 'd'].map((name) => start(name))
    await settle()
    expect(names()).toEqual(['a', 'b'])
    running[0]?.finish()
    await settle()
    expect(names()).toEqual(['a', 'b', 'd'])
    running[1]?.finish()
    running[2]?.finish()
    await settle()
    expect(names()).toEqual(['a', 'b', 'd', 'c'])
    running[3]?.finish()
    expect(await Promise.all(all)).toEqual(['a', 'b', 'c', 'd'])
  })

  it('never starts what was aborted while waiting, and frees the place of what fails', async () => {
    const { start, running, names } = setUp(1)
    const stop = new AbortController()
    const first = start('a')
    const aborted = start('b', stop.signal)
    stop.abort()
    await expect(aborted).rejects.toMatchObject({ code: 'Cancelled' })
    await expect(start('c', stop.signal)).rejects.toMatchObject({ code: 'Cancelled' })
    running[0]?.finish()
    await first
    const last = start('d')
    await settle()
    expect(names()).toEqual(['a', 'd'])
    running[1]?.finish()
    await last
  })

  it('goes on after a failure', async () => {
    const queue = createMediaQueue(1)
    const signal = new AbortController().signal
    await expect(queue.run(() => Promise.reject(new Error('no')), signal)).rejects.toThrow('no')
    expect(await queue.run(() => Promise.resolve(1), signal)).toBe(1)
  })
})
