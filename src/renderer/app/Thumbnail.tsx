import { ImageOff } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import type { Bridge } from '../../shared/contract/contract.ts'
import { overlayPath, thumbnailPath } from '../../shared/contract/media.ts'
import { isAppError } from '../../shared/errors.ts'
import { useBridge } from './bridge-context.tsx'
import { createMediaQueue } from './media-queue.ts'
import { paintOverlay } from './overlay-pixels.ts'
import { useProjectId } from './queries.ts'

const queue = createMediaQueue(4)

async function paint(bridge: Bridge, path: string, canvas: HTMLCanvasElement, signal: AbortSignal): Promise<void> {
  const { bytes } = await queue.run(() => bridge.media(path, { signal }), signal)
  const { width, height, rgba } = paintOverlay(bytes)
  canvas.width = width
  canvas.height = height
  canvas.getContext('2d')?.putImageData(new ImageData(rgba, width, height), 0, 0)
}

/** A picture of at most 256 px with its masks drawn in. Both are fetched while shown and let go after. */
export function Thumbnail(properties: {
  readonly imageId: string
  readonly name: string
  readonly overlayRevision: number
  /** False: nothing is drawn on the image, so nothing is fetched. */
  readonly hasOverlay: boolean
}): ReactElement {
  const { imageId, name, overlayRevision, hasOverlay } = properties
  const { t } = useTranslation()
  const bridge = useBridge()
  const projectId = useProjectId()
  const [url, setUrl] = useState<string | null>(null)
  const [failed, setFailed] = useState(false)
  const canvas = useRef<HTMLCanvasElement>(null)

  useEffect(() => {
    const stop = new AbortController()
    let made: string | null = null
    const path = thumbnailPath(projectId, imageId)
    queue
      .run(() => bridge.media(path, { signal: stop.signal }), stop.signal)
      .then(({ bytes, contentType }) => {
        if (stop.signal.aborted) return
        made = URL.createObjectURL(new Blob([bytes], { type: contentType }))
        setUrl(made)
        setFailed(false)
      })
      .catch((error: unknown) => {
        if (!isAppError(error, 'Cancelled')) setFailed(true)
      })
    return () => {
      stop.abort()
      if (made !== null) URL.revokeObjectURL(made)
      setUrl(null)
    }
  }, [bridge, projectId, imageId])

  useEffect(() => {
    const target = canvas.current
    if (target === null) return undefined
    if (!hasOverlay) {
      target.width = 0
      return undefined
    }
    const stop = new AbortController()
    paint(bridge, overlayPath(projectId, imageId, overlayRevision), target, stop.signal).catch((error: unknown) => {
      // A picture without its masks would look unlabelled: say that it is incomplete.
      if (!isAppError(error, 'Cancelled')) setFailed(true)
    })
    return () => stop.abort()
  }, [bridge, projectId, imageId, overlayRevision, hasOverlay])

  return (
    <span className="relative flex size-full items-center justify-center overflow-hidden">
      {url !== null && (
        <img src={url} alt={name} draggable={false} className="absolute inset-0 size-full object-contain" />
      )}
      <canvas
        ref={canvas}
        aria-hidden
        width={0}
        height={0}
        className="pointer-events-none absolute inset-0 size-full object-contain"
      />
      {failed && (
        <span className="absolute inset-x-0 bottom-0 flex items-center justify-center gap-1 bg-base/80 py-0.5 text-xs text-muted">
          <ImageOff aria-hidden size={12} />
          {t('common.previewFailed')}
        </span>
      )}
    </span>
  )
}
