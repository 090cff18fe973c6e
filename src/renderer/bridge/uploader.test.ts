import { describe, expect, it, vi } from 'vitest'
import type { GivenFile, GivenFiles } from '../../shared/contract/contract.ts'
import type { Progress } from '../../shared/contract/define.ts'
import { AppError } from '../../shared/errors.ts'
import { createUploader } from './uploader.ts'

interface Sent {
  readonly path: string
  readonly name: string | undefined
  readonly type: string | undefined
}

/** The Node side of an upload: `answer` decides about each file. */
function program(answer: (sent: Sent, signal?: AbortSignal) => Promise<unknown> = () => Promise.resolve({})) {
  const sent: Sent[] = []
  const state = { underWay: 0, most: 0 }
  const upload = createUploader({
    send: async (path, _body, headers, signal) => {
      const name = headers['exemplar-file']
      const request = {
        path,
        name: name === undefined ? undefined : decodeURIComponent(name),
        type: headers['Content-Type'],
      }
      sent.push(request)
      if (path === '/upload/begin') return { uploadId: 'u' }
      if (path.endsWith('/finish')) return { placeIds: ['p1', 'p2'] }
      if (path.endsWith('/abort')) return {}
      state.underWay++
      state.most = Math.max(state.most, state.underWay)
      try {
        return await answer(request, signal)
      } finally {
        state.underWay--
      }
    },
  })
  return { upload, sent, state }
}

function given(files: Readonly<Record<string, GivenFile>>): GivenFiles {
  return {
    roots: Object.values(files),
    walk: async function* () {
      for (const [path, file] of Object.entries(files)) yield await Promise.resolve({ path, file })
    },
  }
}

const pictures = (count: number): GivenFiles =>
  given(
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`sub/${at} ü.jpg`, new File(['x'], `${at} ü.jpg`)])),
  )

const refusal = (name: string): AppError => new AppError('InvalidInput', 'uploadNameUnusable', `"${name}" no.`, {})

describe('uploading', () => {
  it('sends each file under its path, two at a time, and ends with places', async () => {
    const { upload, sent, state } = program(() => new Promise((resolve) => setImmediate(() => resolve({}))))
    const seen: Progress[] = []
    expect(await upload(pictures(6), { onProgress: (progress) => seen.push(progress) })).toEqual({
      placeIds: ['p1', 'p2'],
      temporary: true,
      problems: [],
    })
    expect(state.most).toBe(2)
    expect(sent[0]).toEqual({ path: '/upload/begin', name: undefined, type: 'application/json' })
    expect(sent.slice(1, -1)).toEqual(
      Array.from({ length: 6 }, (_, at) => ({
        path: `/upload/u/${at}`,
        name: `sub/${at} ü.jpg`,
        type: 'application/octet-stream',
      })),
    )
    expect(sent.at(-1)?.path).toBe('/upload/u/finish')
    expect(seen.slice(0, 6).every(({ total }) => total === null)).toBe(true)
    expect(seen.slice(6).map(({ done, total }) => [done, total])).toEqual([1, 2, 3, 4, 5, 6].map((done) => [done, 6]))
  })

  it('goes on without a file that is refused, too large or unreadable, and says why', async () => {
    const gone = new File(['x'], 'gone.jpg')
    Object.assign(gone, {
      slice: () => ({ arrayBuffer: () => Promise.reject(new DOMException('gone', 'NotFoundError')) }),
    })
    const { upload, sent } = program(({ name = '' }) => {
      if (name === 'bad.jpg') return Promise.reject(refusal(name))
      if (name === 'gone.jpg') return Promise.reject(new AppError('Io', 'connectionLost', 'No answer.'))
      return Promise.resolve({})
    })
    const huge: GivenFile = { name: 'huge.tif', size: 2 ** 31 + 1 }
    const files = {
      'bad.jpg': new File(['x'], 'bad.jpg'),
      'huge.tif': huge,
      'gone.jpg': gone,
      'good.jpg': new File(['x'], 'good.jpg'),
    }
    const { problems, placeIds } = await upload(given(files))
    expect(placeIds).toHaveLength(2)
    expect(problems.map(({ name, reason }) => `${name}: ${reason}`).toSorted()).toEqual([
      'bad.jpg: "bad.jpg" no.',
      'gone.jpg: gone.jpg could not be read by the browser; check that it is still there and readable, then drop it again.',
      'huge.tif: huge.tif is larger than the 2147483648 bytes that can be uploaded; import it from its folder instead.',
    ])
    expect(sent.map(({ name }) => name)).not.toContain('huge.tif')
  })

  it('ends at a full disk with its sentence, takes everything back and sends nothing more', async () => {
    const full = new AppError('Io', 'uploadDiskFull', 'The disk is full.')
    const { upload, sent } = program(({ path }) => (path.endsWith('/1') ? Promise.reject(full) : Promise.resolve({})))
    await expect(upload(pictures(50))).rejects.toBe(full)
    await vi.waitFor(() => expect(sent.at(-1)?.path).toBe('/upload/u/abort'))
    expect(sent.length).toBeLessThan(10)
  })

  it('answers a cancellation at once, and the program is told', async () => {
    const stop = new AbortController()
    const { upload, sent } = program(
      (_sent, signal) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => reject(new AppError('Cancelled', 'cancelled', 'Cancelled.')))
        }),
    )
    const uploading = upload(pictures(5), { signal: stop.signal })
    await vi.waitFor(() => expect(sent).toHaveLength(3))
    stop.abort()
    await expect(uploading).rejects.toMatchObject({ code: 'Cancelled' })
    expect(sent.map(({ path }) => path)).toEqual(['/upload/begin', '/upload/u/0', '/upload/u/1', '/upload/u/abort'])
  })

  it('asks nothing when it is cancelled while folders are still being read', async () => {
    const stop = new AbortController()
    const { upload, sent } = program()
    const onProgress = (): void => stop.abort()
    await expect(upload(pictures(5), { signal: stop.signal, onProgress })).rejects.toMatchObject({ code: 'Cancelled' })
    expect(sent).toEqual([])
  })
})
