import type { Box } from '../../shared/domain/records.ts'
import type { ImagePx } from './coordinates.ts'
import type { PolygonState } from './polygon-tool.ts'
import { toScreen } from './viewport.ts'
import type { Viewport } from './viewport.ts'

/** What lies above the picture: nothing of it is a pixel of a mask. */
export interface OverlayScene {
  /** The brush's circle; diameter in image pixels. */
  readonly cursor: { readonly at: ImagePx; readonly diameter: number; readonly erases: boolean } | null
  readonly polygon: PolygonState
  readonly boxes: readonly { readonly box: Box; readonly colour: string; readonly selected: boolean }[]
}

/** Radius of a polygon's point in CSS pixels. */
export const handleRadius = 5

/** Draws the scene; the context is scaled to CSS pixels. */
export function drawOverlay(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  viewport: Viewport,
  scene: OverlayScene,
): void {
  context.clearRect(0, 0, width, height)
  for (const { box, colour, selected } of scene.boxes) {
    context.beginPath()
    context.rect(
      box[0] * viewport.scale + viewport.offsetX,
      box[1] * viewport.scale + viewport.offsetY,
      box[2] * viewport.scale,
      box[3] * viewport.scale,
    )
    strokeTwice(context, selected ? '#ffffff' : colour, 2)
  }
  if (scene.polygon.kind === 'drawing') drawPolygon(context, viewport, scene.polygon)
  if (scene.cursor !== null) drawCursor(context, viewport, scene.cursor)
}

function drawPolygon(
  context: CanvasRenderingContext2D,
  viewport: Viewport,
  polygon: Extract<PolygonState, { kind: 'drawing' }>,
): void {
  const points = polygon.points.map((point) => toScreen(viewport, point))
  const pointer = toScreen(viewport, polygon.pointer)
  context.beginPath()
  for (const point of points) context.lineTo(point.x, point.y)
  context.lineTo(pointer.x, pointer.y)
  context.closePath()
  context.fillStyle = 'rgba(255, 255, 255, 0.15)'
  context.fill()
  context.beginPath()
  for (const point of points) context.lineTo(point.x, point.y)
  context.lineTo(pointer.x, pointer.y)
  strokeTwice(context, '#ffffff', 1.5)
  points.forEach((point, index) => {
    context.beginPath()
    const closes = index === 0 && points.length > 2
    context.arc(point.x, point.y, closes ? handleRadius : handleRadius - 2, 0, 2 * Math.PI)
    context.fillStyle = closes ? '#ffd54a' : '#ffffff'
    context.fill()
    strokeTwice(context, '#ffffff', 1)
  })
}

function drawCursor(
  context: CanvasRenderingContext2D,
  viewport: Viewport,
  cursor: NonNullable<OverlayScene['cursor']>,
): void {
  const at = toScreen(viewport, cursor.at)
  const radius = Math.max(1, (cursor.diameter / 2) * viewport.scale)
  context.beginPath()
  context.arc(at.x, at.y, radius, 0, 2 * Math.PI)
  if (cursor.erases) context.setLineDash([4, 3])
  strokeTwice(context, '#ffffff', 1.25)
  context.setLineDash([])
  if (radius < 6) {
    context.beginPath()
    context.moveTo(at.x - 10, at.y)
    context.lineTo(at.x - 5, at.y)
    context.moveTo(at.x + 5, at.y)
    context.lineTo(at.x + 10, at.y)
    context.moveTo(at.x, at.y - 10)
    context.lineTo(at.x, at.y - 5)
    context.moveTo(at.x, at.y + 5)
    context.lineTo(at.x, at.y + 10)
    strokeTwice(context, '#ffffff', 1)
  }
}

/** A dark line under a light one: seen on every picture. */
function strokeTwice(context: CanvasRenderingContext2D, colour: string, width: number): void {
  context.lineWidth = width + 1.5
  context.strokeStyle = 'rgba(0, 0, 0, 0.75)'
  context.stroke()
  context.lineWidth = width
  context.strokeStyle = colour
  context.stroke()
}
