import { ImageOff } from 'lucide-react'
import { useLayoutEffect, useRef, useState } from 'react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import type { Bridge } from '../../shared/contract/contract.ts'
import { overlayPath, thumbnailPath } from '../../shared/contract/media.ts'
import { isAppError } from '../../shared/errors.ts'
import { useBridge } from './bridge-context.tsx'
import { createMediaCache } from './media-cache.ts'
import type { Media } from './media-cache.ts'
import { createMediaQueue } from './media-queue.ts'
import { paintOverlay } from './overlay-pixels.ts'
import { useProjectId } from './queries.ts'

const queue = createMediaQueue(4)
const cachedBytes = 48 * 2 ** 20
const caches = new WeakMap<Bridge, ReturnType<typeof createMediaCache>>()

function cacheOf(bridge: Bridge): ReturnType<typeof createMediaCache> {
  const cache = caches.get(bridge) ?? createMediaCache(cachedBytes)
  caches.set(bridge, cache)
  return cache
}

/** Calls `show` at once with what is in memory, so that it is painted in this very frame, else after fetching it. */
async function load(bridge: Bridge, path: string, signal: AbortSignal, show: (media: Media) => void): Promise<void> {
  const cache = cacheOf(bridge)
  const known = cache.get(path)
  if (known !== undefined) {
    show(known)
    return
  }
  const media = await queue.run(() => bridge.media(path, { signal }), signal)
  cache.set(path, media)
  if (!signal.aborted) show(media)
}

function paint(canvas: HTMLCanvasElement, bytes: Uint8Array): void {
  const { width, height, rgba } = paintOverlay(bytes)
  canvas.width = width
  canvas.height = height
  canvas.getContext('2d')?.putImageData(new ImageData(rgba, width, height), 0, 0)
}

/** A picture of at most 256 px with its masks drawn in. Both are fetched when shown and not in memory any more. */
export function Thumbnail(properties: {
  readonly imageId: string
  readonly name: string
  readonly overlayRevision: number
  /** False: nothing is drawn on the image, so nothing is fetched. */
  readonly hasOverlay: boolean
  /** The whole picture (default), or as much of its middle as fills the place. */
  readonly fit?: 'whole' | 'fill'
  /** Why the image is set aside; it is asked for again when this changes. */
  readonly problem?: string | null
}): ReactElement {
  const { imageId, name, overlayRevision, hasOverlay, problem = null } = properties
  const fit = properties.fit === 'fill' ? 'object-cover' : 'object-contain'
  const { t } = useTranslation()
  const bridge = useBridge()
  const projectId = useProjectId()
  const [url, setUrl] = useState<string | null>(null)
  const [failed, setFailed] = useState(false)
  const canvas = useRef<HTMLCanvasElement>(null)

  useLayoutEffect(() => {
    const stop = new AbortController()
    let made: string | null = null
    load(bridge, thumbnailPath(projectId, imageId), stop.signal, ({ bytes, contentType }) => {
      made = URL.createObjectURL(new Blob([bytes], { type: contentType }))
      setUrl(made)
      setFailed(false)
    }).catch((error: unknown) => {
      if (!isAppError(error, 'Cancelled')) setFailed(true)
    })
    return () => {
      stop.abort()
      if (made !== null) URL.revokeObjectURL(made)
      setUrl(null)
    }
  }, [bridge, projectId, imageId, problem])

  useLayoutEffect(() => {
    const target = canvas.current
    if (target === null) return undefined
    if (!hasOverlay) {
      target.width = 0
      return undefined
    }
    const stop = new AbortController()
    const path = overlayPath(projectId, imageId, overlayRevision)
    load(bridge, path, stop.signal, ({ bytes }) => paint(target, bytes)).catch((error: unknown) => {
      // A picture without its masks would look unlabelled: say that it is incomplete.
      if (!isAppError(error, 'Cancelled')) setFailed(true)
    })
    return () => stop.abort()
  }, [bridge, projectId, imageId, overlayRevision, hasOverlay])

  return (
    <span className="relative flex size-full items-center justify-center overflow-hidden">
      {url !== null && (
        <img src={url} alt={name} decoding="sync" draggable={false} className={`absolute inset-0 size-full ${fit}`} />
      )}
      <canvas
        ref={canvas}
        aria-hidden
        width={0}
        height={0}
        className={`pointer-events-none absolute inset-0 size-full ${fit}`}
      />
      {problem !== null && (
        <span
          data-testid="picture-problem"
          title={problem}
          className="absolute inset-x-0 bottom-0 flex gap-1.5 bg-base/90 px-2 py-1 text-xs"
        >
          <ImageOff aria-hidden size={13} className="mt-px shrink-0 text-warning" />
          <span className="line-clamp-3 break-words">{problem}</span>
        </span>
      )}
      {failed && problem === null && (
        <span className="absolute inset-x-0 bottom-0 flex items-center justify-center gap-1 bg-base/80 py-0.5 text-xs text-muted">
          <ImageOff aria-hidden size={12} />
          {t('common.previewFailed')}
        </span>
      )}
    </span>
  )
}
