import type { Box } from '../../shared/domain/records.ts'
import type { Rings } from '../../shared/mask/polygon-spans.ts'
import { screenPx } from './coordinates.ts'
import type { ImagePx, ScreenPx } from './coordinates.ts'
import type { Corner } from './outline.ts'
import { closesPolygon } from './polygon-tool.ts'
import type { PolygonState } from './polygon-tool.ts'
import { toScreen } from './viewport.ts'
import type { Viewport } from './viewport.ts'

/** What lies above the picture: nothing of it is a pixel of a mask. */
export interface OverlayScene {
  /** The brush's circle; diameter in image pixels. */
  readonly cursor: { readonly at: ImagePx; readonly diameter: number; readonly erases: boolean } | null
  readonly polygon: PolygonState
  /** The outline that can be changed, with the corner in hand and, under the pointer, where an edge can be grasped. */
  readonly outline: {
    readonly rings: Rings
    readonly corner: Corner | null
    readonly grip: ImagePx | null
  } | null
  readonly boxes: readonly { readonly box: Box; readonly colour: string; readonly selected: boolean }[]
}

/** Radius of a polygon's point in CSS pixels. */
const handleRadius = 5
/** CSS pixels around a point that count as the point, at any zoom. */
export const handleReach = 8
/** CSS pixels around an edge that count as the edge. */
export const edgeReach = 6
/** Edges shorter than this many CSS pixels show no middle: corners would be hard to tell from it. */
const shortestWithMiddle = 36

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
  if (scene.outline !== null) drawOutline(context, viewport, scene.outline)
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
  const closing = closesPolygon(polygon, polygon.pointer, handleReach / viewport.scale)
  points.forEach((point, index) => {
    context.beginPath()
    const closes = index === 0 && points.length > 2
    const radius = closes ? (closing ? handleReach : handleRadius) : handleRadius - 2
    context.arc(point.x, point.y, radius, 0, 2 * Math.PI)
    context.fillStyle = closes ? '#ffd54a' : '#ffffff'
    context.fill()
    strokeTwice(context, '#ffffff', 1)
  })
}

/** Corners are squares, the middles of edges small dots, the corner in hand is filled and larger. */
function drawOutline(
  context: CanvasRenderingContext2D,
  viewport: Viewport,
  { rings, corner, grip }: NonNullable<OverlayScene['outline']>,
): void {
  context.beginPath()
  const corners = rings.map((ring) => pointsOf(ring, viewport))
  for (const points of corners) {
    points.forEach((point, index) =>
      index === 0 ? context.moveTo(point.x, point.y) : context.lineTo(point.x, point.y),
    )
    context.closePath()
  }
  strokeTwice(context, '#ffffff', 1.5)
  context.beginPath()
  for (const points of corners) {
    points.forEach((point, index) => {
      const next = points[(index + 1) % points.length] ?? point
      if (Math.hypot(next.x - point.x, next.y - point.y) < shortestWithMiddle) return
      const [x, y] = [(point.x + next.x) / 2, (point.y + next.y) / 2]
      context.moveTo(x + 2.5, y)
      context.arc(x, y, 2.5, 0, 2 * Math.PI)
    })
  }
  strokeTwice(context, '#ffffff', 1)
  corners.forEach((points, ring) => {
    points.forEach((point, index) => {
      const inHand = corner?.ring === ring && corner.index === index
      const half = inHand ? handleRadius : handleRadius - 1.5
      context.beginPath()
      context.rect(point.x - half, point.y - half, 2 * half, 2 * half)
      context.fillStyle = inHand ? '#ffd54a' : '#ffffff'
      strokeTwice(context, '#ffffff', 1)
      context.fill()
    })
  })
  if (grip !== null) {
    const at = toScreen(viewport, grip)
    context.beginPath()
    context.arc(at.x, at.y, handleRadius - 1, 0, 2 * Math.PI)
    strokeTwice(context, '#ffd54a', 2)
  }
}

function pointsOf(ring: readonly number[], { scale, offsetX, offsetY }: Viewport): ScreenPx[] {
  return Array.from({ length: ring.length / 2 }, (_, index) =>
    screenPx((ring[2 * index] ?? 0) * scale + offsetX, (ring[2 * index + 1] ?? 0) * scale + offsetY),
  )
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
