import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { ImageTiles, coarsestLevel, levelForZoom, levelSize, tilesIn } from './image-tiles.ts'
import type { TilePlace } from './image-tiles.ts'

const image = { width: 2000, height: 1100 }

interface Request {
  readonly place: TilePlace
  readonly signal: AbortSignal
  readonly answer: () => void
  readonly fail: (reason: unknown) => void
}

function loaderFor(size: typeof image) {
  const requests: Request[] = []
  const load = (level: number, x: number, y: number, signal: AbortSignal): Promise<Uint8Array> =>
    new Promise((resolve, reject) => {
      const whole = levelSize(size, level)
      const bytes = Math.min(512, whole.width - x * 512) * Math.min(512, whole.height - y * 512) * 3
      requests.push({
        place: { level, x, y },
        signal,
        answer: () => resolve(new Uint8Array(bytes)),
        fail: reject,
      })
      signal.addEventListener('abort', () => reject(new Error('aborted')))
    })
  return { requests, load }
}

async function answerAll(requests: readonly Request[]): Promise<void> {
  for (let done = 0; done < requests.length; done++) {
    requests[done]?.answer()
    await new Promise((resolve) => setImmediate(resolve))
  }
}

describe('pyramid', () => {
  it('halves until one tile is enough', () => {
    expect(coarsestLevel({ width: 512, height: 512 })).toBe(0)
    expect(coarsestLevel({ width: 513, height: 1 })).toBe(1)
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20_000 }), fc.integer({ min: 1, max: 20_000 }), (width, height) => {
        const last = levelSize({ width, height }, coarsestLevel({ width, height }))
        expect(Math.max(last.width, last.height)).toBeLessThanOrEqual(512)
      }),
    )
  })

  it('has a pixel for every device pixel and not four', () => {
    expect(levelForZoom(image, 4)).toBe(0)
    expect(levelForZoom(image, 0.6)).toBe(0)
    expect(levelForZoom(image, 0.5)).toBe(1)
    expect(levelForZoom(image, 0.001)).toBe(coarsestLevel(image))
  })

  it('covers every visible pixel exactly once', () => {
    fc.assert(
      fc.property(fc.nat(1999), fc.nat(1099), fc.nat(2), (x, y, level) => {
        const rect = { left: x, top: y, right: x + 1, bottom: y + 1 }
        const places = tilesIn(image, level, rect)
        expect(places.length).toBeGreaterThanOrEqual(1)
        expect(places.length).toBeLessThanOrEqual(4)
      }),
    )
    expect(tilesIn(image, 0, { left: 0, top: 0, right: 2000, bottom: 1100 })).toHaveLength(12)
  })
})

describe('ImageTiles', () => {
  const all = { left: 0, top: 0, right: image.width, bottom: image.height }

  it('asks for the coarsest tile first, shows it, then the finer ones over it', async () => {
    const { requests, load } = loaderFor(image)
    using tiles = new ImageTiles({ image, load, maxBytes: 1e9, onChange: () => {}, onProblem: () => {} })
    tiles.view(all, 1)
    expect(requests[0]?.place).toEqual({ level: 2, x: 0, y: 0 })
    requests[0]?.answer()
    await vi.waitFor(() => expect(tiles.visible(all)).toHaveLength(1))
    expect(tiles.complete).toBe(false)
    await answerAll(requests)
    expect(tiles.complete).toBe(true)
    expect(tiles.visible(all).every((tile) => tile.level === 0)).toBe(true)
    expect(requests).toHaveLength(13)
  })

  it('cancels what left the view and never has more than six requests open', () => {
    const { requests, load } = loaderFor(image)
    using tiles = new ImageTiles({ image, load, maxBytes: 1e9, onChange: () => {}, onProblem: () => {} })
    tiles.view(all, 1)
    expect(requests).toHaveLength(6)
    tiles.view({ left: 0, top: 0, right: 10, bottom: 10 }, 1)
    const open = requests.filter((request) => !request.signal.aborted).map((request) => request.place)
    expect(open).toContainEqual({ level: 0, x: 0, y: 0 })
    expect(open).toContainEqual({ level: 2, x: 0, y: 0 })
    expect(open).toHaveLength(2)
  })

  it('keeps within its bytes, but never drops what is in view', async () => {
    const { requests, load } = loaderFor(image)
    using tiles = new ImageTiles({ image, load, maxBytes: 2_000_000, onChange: () => {}, onProblem: () => {} })
    tiles.view(all, 1)
    await answerAll(requests)
    expect(tiles.complete).toBe(true)
    expect(tiles.bytes).toBeGreaterThan(6_000_000)
    tiles.view({ left: 0, top: 0, right: 10, bottom: 10 }, 1)
    expect(tiles.bytes).toBeLessThanOrEqual(2_000_000)
    expect(tiles.has('0/0/0')).toBe(true)
    expect(tiles.has('2/0/0')).toBe(true)
  })

  it('reports a tile that cannot be had once, and asks again when told to', async () => {
    const { requests, load } = loaderFor({ width: 300, height: 200 })
    const problems: unknown[] = []
    using tiles = new ImageTiles({
      image: { width: 300, height: 200 },
      load,
      maxBytes: 1e9,
      onChange: () => tiles.view({ left: 0, top: 0, right: 300, bottom: 200 }, 1),
      onProblem: (problem) => problems.push(problem),
    })
    tiles.view({ left: 0, top: 0, right: 300, bottom: 200 }, 1)
    requests[0]?.fail(new Error('gone'))
    await vi.waitFor(() => expect(problems).toHaveLength(1))
    expect(requests).toHaveLength(1)
    expect(tiles.complete).toBe(true)
    tiles.retry()
    expect(requests).toHaveLength(2)
    requests[1]?.answer()
    await vi.waitFor(() => expect(tiles.has('0/0/0')).toBe(true))
  })
})
