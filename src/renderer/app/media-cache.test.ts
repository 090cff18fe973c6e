import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMediaCache } from './media-cache.ts'

const media = (size: number) => ({ bytes: new Uint8Array(size), contentType: 'image/jpeg' })

describe('the media cache', () => {
  it('lets the least recently used go first', () => {
    const cache = createMediaCache(30)
    for (const path of ['a', 'b', 'c']) cache.set(path, media(10))
    cache.get('a')
    cache.set('d', media(10))
    expect(['a', 'b', 'c', 'd'].filter((path) => cache.get(path) !== undefined)).toEqual(['a', 'c', 'd'])
  })

  it('never keeps more than it may, and always what came last if that fits', () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 40 })))
    fc.assert(
      fc.property(steps, (sets) => {
        const cache = createMediaCache(32)
        for (const [name, size] of sets) {
          cache.set(String(name), media(size))
          expect(cache.get(String(name))?.bytes.length).toBe(size > 32 ? undefined : size)
          const kept = Array.from({ length: 10 }, (_, each) => cache.get(String(each))?.bytes.length ?? 0)
          expect(kept.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(32)
        }
      }),
    )
  })
})
