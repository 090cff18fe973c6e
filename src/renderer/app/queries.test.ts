import { QueryObserver } from '@tanstack/react-query'
import { describe, expect, it, vi } from 'vitest'
import { createFakeBridge, fakeJob } from './fake-bridge.test-support.ts'
import { createQueryClient, followEvents, queryKeys, withJob } from './queries.ts'

describe('withJob', () => {
  it('replaces the record of a known job and puts a new one first', () => {
    const old = fakeJob({ done: 1 })
    const other = fakeJob({ id: 'j2' })
    expect(withJob([old, other], fakeJob({ done: 2 }))).toEqual([fakeJob({ done: 2 }), other])
    expect(withJob([old], other)).toEqual([other, old])
  })
})

describe('followEvents', () => {
  it('reads again only what a change concerns, and a storm of changes a few times only', async () => {
    vi.useFakeTimers()
    const fake = createFakeBridge()
    const client = createQueryClient()
    const stop = followEvents(fake.bridge, client)
    const read = { info: 0, one: 0, two: 0 }
    const watch = (queryKey: readonly unknown[], name: keyof typeof read): (() => void) =>
      new QueryObserver(client, { queryKey, queryFn: () => ++read[name] }).subscribe(() => undefined)
    const stops = [
      watch(queryKeys.info('p1'), 'info'),
      watch(queryKeys.image('p1', 'i1'), 'one'),
      watch(queryKeys.image('p1', 'i2'), 'two'),
    ]
    await vi.advanceTimersByTimeAsync(0)
    expect(read).toEqual({ info: 1, one: 1, two: 1 })
    for (let count = 0; count < 100; count++) fake.emitChanged({ imageIds: ['i1'] })
    await vi.advanceTimersByTimeAsync(1000)
    // At once for the first, once more for the rest.
    expect(read).toEqual({ info: 3, one: 3, two: 1 })
    fake.emitChanged({ all: true })
    await vi.advanceTimersByTimeAsync(1000)
    expect(read).toEqual({ info: 4, one: 4, two: 2 })
    fake.emitConnection('connected')
    await vi.advanceTimersByTimeAsync(0)
    expect(read).toEqual({ info: 5, one: 5, two: 3 })
    for (const each of [...stops, stop]) each()
    client.clear()
    vi.useRealTimers()
  })

  it('takes over job records as they come', () => {
    const fake = createFakeBridge()
    const client = createQueryClient()
    const stop = followEvents(fake.bridge, client)
    fake.emitJob(fakeJob({ done: 5 }))
    fake.emitJob(fakeJob({ done: 6 }))
    expect(client.getQueryData(queryKeys.jobs('p1'))).toEqual([fakeJob({ done: 6 })])
    stop()
    client.clear()
  })
})
