import { imagePx, screenPx } from './coordinates.ts'
import type { ImagePx, Rect, ScreenPx, Size } from './coordinates.ts'

/** What part of the image is seen: `screen = image * scale + offset`. */
export interface Viewport {
  /** CSS pixels per image pixel. */
  readonly scale: number
  /** CSS pixels from the canvas's left border to the image's. */
  readonly offsetX: number
  readonly offsetY: number
}

/** The canvas: size in CSS pixels, and how many device pixels one of them has. */
export interface Surface extends Size {
  readonly devicePixelRatio: number
}

/** Device pixels per image pixel beyond which nothing more is to be seen. */
const maximumZoom = 64
/** CSS pixels left free around an image that is fitted. */
const fitMargin = 16
/** CSS pixels of the image that always stay in view. */
const keptInView = 48

export function toScreen(viewport: Viewport, point: ImagePx): ScreenPx {
  return screenPx(point.x * viewport.scale + viewport.offsetX, point.y * viewport.scale + viewport.offsetY)
}

export function toImage(viewport: Viewport, point: ScreenPx): ImagePx {
  return imagePx((point.x - viewport.offsetX) / viewport.scale, (point.y - viewport.offsetY) / viewport.scale)
}

/** Device pixels per image pixel: 1 is "100 %". */
export function zoomOf(viewport: Viewport, surface: Surface): number {
  return viewport.scale * surface.devicePixelRatio
}

function fitScale(image: Size, surface: Surface): number {
  const width = Math.max(1, surface.width - 2 * fitMargin)
  const height = Math.max(1, surface.height - 2 * fitMargin)
  return Math.min(width / image.width, height / image.height, maximumZoom / surface.devicePixelRatio)
}

/** The whole image, centred. */
export function fitViewport(image: Size, surface: Surface): Viewport {
  const scale = fitScale(image, surface)
  return {
    scale,
    offsetX: onDevicePixel((surface.width - image.width * scale) / 2, surface),
    offsetY: onDevicePixel((surface.height - image.height * scale) / 2, surface),
  }
}

/** One image pixel per device pixel, on whole device pixels, about the middle of the view. */
export function actualSizeViewport(viewport: Viewport, image: Size, surface: Surface): Viewport {
  const middle = screenPx(surface.width / 2, surface.height / 2)
  const zoomed = zoomAbout(viewport, middle, 1 / surface.devicePixelRatio / viewport.scale, image, surface)
  return {
    scale: 1 / surface.devicePixelRatio,
    offsetX: onDevicePixel(zoomed.offsetX, surface),
    offsetY: onDevicePixel(zoomed.offsetY, surface),
  }
}

/** Scales by `factor`; the image point under `pointer` stays there unless that would lose the image. */
export function zoomAbout(
  viewport: Viewport,
  pointer: ScreenPx,
  factor: number,
  image: Size,
  surface: Surface,
): Viewport {
  const smallest = Math.min(fitScale(image, surface) / 4, 1 / surface.devicePixelRatio)
  const largest = maximumZoom / surface.devicePixelRatio
  const scale = Math.min(largest, Math.max(smallest, viewport.scale * factor))
  const fixed = toImage(viewport, pointer)
  return clampViewport(
    { scale, offsetX: pointer.x - fixed.x * scale, offsetY: pointer.y - fixed.y * scale },
    image,
    surface,
  )
}

/** Moves the image by CSS pixels. */
export function panBy(viewport: Viewport, dx: number, dy: number, image: Size, surface: Surface): Viewport {
  return clampViewport({ ...viewport, offsetX: viewport.offsetX + dx, offsetY: viewport.offsetY + dy }, image, surface)
}

/** Keeps a strip of the image in view on every side. */
export function clampViewport(viewport: Viewport, image: Size, surface: Surface): Viewport {
  const width = image.width * viewport.scale
  const height = image.height * viewport.scale
  const keptX = Math.min(keptInView, width / 2, surface.width / 2)
  const keptY = Math.min(keptInView, height / 2, surface.height / 2)
  return {
    scale: viewport.scale,
    offsetX: Math.min(surface.width - keptX, Math.max(keptX - width, viewport.offsetX)),
    offsetY: Math.min(surface.height - keptY, Math.max(keptY - height, viewport.offsetY)),
  }
}

/** The part of the image in view, whole image pixels; null when nothing of it is. */
export function visibleRect(viewport: Viewport, image: Size, surface: Surface): Rect | null {
  const first = toImage(viewport, screenPx(0, 0))
  const last = toImage(viewport, screenPx(surface.width, surface.height))
  const rect = {
    left: Math.max(0, Math.floor(first.x)),
    top: Math.max(0, Math.floor(first.y)),
    right: Math.min(image.width, Math.ceil(last.x)),
    bottom: Math.min(image.height, Math.ceil(last.y)),
  }
  return rect.left < rect.right && rect.top < rect.bottom ? rect : null
}

function onDevicePixel(css: number, surface: Surface): number {
  return Math.round(css * surface.devicePixelRatio) / surface.devicePixelRatio
}
