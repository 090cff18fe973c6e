import { seededRandom } from '../src/main/evaluate/random.ts'
import type { Bitmap } from '../src/shared/mask/bitmap.ts'
import { createBitmap } from '../src/shared/mask/bitmap.ts'

/**
 * Photo-like scenes for the pictures in the README: steel washers, copper nuts and dark bolts on a worn bench, lit from
 * the upper left. Shapes are signed distances (negative inside), so a mask is exact. The same number gives the same
 * scene on every machine.
 */

export const sceneWidth = 960
export const sceneHeight = 720

export interface Scene {
  /** RGB, row by row. */
  readonly pixels: Uint8Array
  /** Visible pixels of the washers. */
  readonly washers: Bitmap
  /** Middles of the washers' holes, and their radius, in pixels. */
  readonly holes: readonly { readonly x: number; readonly y: number; readonly radius: number }[]
}

type Kind = 'washer' | 'nut' | 'bolt'
type Colour = readonly [number, number, number]

interface Part {
  readonly kind: Kind
  readonly x: number
  readonly y: number
  readonly angle: number
  readonly size: number
}

const metals: Readonly<Record<Kind, Colour>> = {
  washer: [188, 192, 198],
  nut: [172, 84, 58],
  bolt: [58, 60, 66],
}
const light: Colour = [-0.5, -0.6, 0.62]
/** Radius of a washer's hole as a part of its own. */
const washerHole = 0.5
const shadowOffset = 13
const shadowBlur = 16

export function drawScene(number: number): Scene {
  const random = seededRandom(1000 + number)
  const parts = placeParts(number, random)
  const texture = benchTexture(random)
  const pixels = new Uint8Array(sceneWidth * sceneHeight * 3)
  const washers = createBitmap(sceneWidth, sceneHeight)
  for (let y = 0, at = 0; y < sceneHeight; y++) {
    for (let x = 0; x < sceneWidth; x++, at++) {
      let colour = texture(x, y)
      for (const part of parts) {
        const reach = part.size * 1.7 + shadowOffset + shadowBlur
        if (Math.abs(x - part.x) > reach || Math.abs(y - part.y) > reach) continue
        const shadow = smooth((shadowBlur - distanceTo(part, x - shadowOffset, y - shadowOffset)) / (2 * shadowBlur))
        colour = scale(colour, 1 - 0.62 * shadow)
        const distance = distanceTo(part, x, y)
        const share = Math.min(1, Math.max(0, 0.5 - distance))
        if (share === 0) continue
        colour = mix(colour, shade(part, x, y, distance), share)
        if (share >= 0.5) washers.data[at] = part.kind === 'washer' ? 1 : 0
      }
      const away = Math.hypot(x / sceneWidth - 0.4, y / sceneHeight - 0.4)
      const grain = (random() - 0.5) * 5
      for (const [channel, value] of scale(colour, 1.1 - 0.45 * away * away).entries())
        pixels[at * 3 + channel] = Math.min(255, Math.max(0, value + grain))
    }
  }
  const holes = parts
    .filter(({ kind }) => kind === 'washer')
    .map(({ x, y, size }) => ({ x, y, radius: size * washerHole }))
  return { pixels, washers, holes }
}

/** Parts at random places that hardly overlap; every fifth scene has no washer. */
function placeParts(number: number, random: () => number): Part[] {
  const parts: Part[] = []
  const wanted = 6 + Math.floor(random() * 4)
  for (let tries = 0; parts.length < wanted && tries < 400; tries++) {
    const kinds: readonly Kind[] = number % 5 === 4 ? ['nut', 'bolt'] : ['washer', 'washer', 'nut', 'bolt']
    const kind = kinds[Math.floor(random() * kinds.length)] ?? 'washer'
    const size = (kind === 'washer' ? 58 : kind === 'nut' ? 46 : 62) * (0.85 + random() * 0.5)
    const part = {
      kind,
      x: 70 + random() * (sceneWidth - 140),
      y: 70 + random() * (sceneHeight - 140),
      angle: random() * Math.PI * 2,
      size,
    }
    if (parts.every((other) => Math.hypot(other.x - part.x, other.y - part.y) > (other.size + size) * 1.12))
      parts.push(part)
  }
  return parts
}

/** Signed distance of a point to the outline of a part, in pixels. */
function distanceTo(part: Part, x: number, y: number): number {
  const { kind, angle, size } = part
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
  const [u, v] = [(x - part.x) * cos + (y - part.y) * sin, (y - part.y) * cos - (x - part.x) * sin]
  const radius = Math.hypot(u, v)
  switch (kind) {
    case 'washer':
      return Math.max(radius - size, size * washerHole - radius)
    case 'nut':
      return Math.max(hexagon(u, v, size * 0.88), size * 0.48 - radius)
    case 'bolt': {
      const thread = Math.abs(((u / 7) % 2) - Math.sign(u)) * 2.4 * (u > -size * 0.4 ? 1 : 0)
      const shaft = box(u - size * 0.3, v, size * 1.2, size * 0.26 - thread)
      return Math.min(shaft, box(u + size * 0.95, v, size * 0.28, size * 0.52))
    }
  }
}

function hexagon(u: number, v: number, inner: number): number {
  const [a, b] = [Math.abs(u), Math.abs(v)]
  return Math.max(b, a * 0.866 + b * 0.5) - inner
}

function box(u: number, v: number, halfWidth: number, halfHeight: number): number {
  const [a, b] = [Math.abs(u) - halfWidth, Math.abs(v) - halfHeight]
  return Math.hypot(Math.max(a, 0), Math.max(b, 0)) + Math.min(Math.max(a, b), 0)
}

/** Metal with a rounded edge: the outline's slope tilts the surface, brushed scratches follow the part. */
function shade(part: Part, x: number, y: number, distance: number): Colour {
  const bevel = Math.max(0, 1 + distance / (part.size * (part.kind === 'bolt' ? 0.5 : 0.17)))
  const slopeX = (distanceTo(part, x + 1, y) - distanceTo(part, x - 1, y)) / 2
  const slopeY = (distanceTo(part, x, y + 1) - distanceTo(part, x, y - 1)) / 2
  const up = Math.sqrt(Math.max(0.05, 1 - bevel * bevel * 0.9))
  const facing = slopeX * bevel * light[0] + slopeY * bevel * light[1] + up * light[2]
  const around = Math.atan2(y - part.y, x - part.x)
  const brushed = 1 + 0.13 * Math.sin(around * 2 + part.angle * 3) + 0.04 * Math.sin(around * 61 + part.size)
  const gleam = Math.max(0, facing) ** 14 * 130
  return mix(scale(metals[part.kind], (0.34 + 0.95 * Math.max(0, facing)) * brushed), [255, 250, 240], gleam / 255)
}

/** Dark, bluish, scratched paint. */
function benchTexture(random: () => number): (x: number, y: number) => Colour {
  const lattice = Float32Array.from({ length: 64 * 64 }, random)
  const tone = 0.85 + random() * 0.35
  const [scratchX, scratchY] = [random() * 40, 3 + random() * 4]
  const noise = (x: number, y: number): number => {
    const [left, top] = [Math.floor(x), Math.floor(y)]
    const at = (column: number, row: number): number => lattice[(row & 63) * 64 + (column & 63)] ?? 0
    const [a, b] = [smooth(x - left), smooth(y - top)]
    const upper = at(left, top) * (1 - a) + at(left + 1, top) * a
    return upper * (1 - b) + (at(left, top + 1) * (1 - a) + at(left + 1, top + 1) * a) * b
  }
  return (x, y) => {
    const coarse = noise(x / 140, y / 140)
    const fine = noise(x / 17 + 9, y / 17) * 0.5 + noise(x / 5, y / 5 + 21) * 0.3
    const scratch = noise(x / 90 + scratchX, (y + x * 0.12) / scratchY) > 0.93 ? 14 : 0
    const value = tone * (0.75 + 0.28 * coarse + 0.22 * fine)
    return [72 * value + scratch, 92 * value + scratch, 104 * value + scratch]
  }
}

function smooth(value: number): number {
  const inside = Math.min(1, Math.max(0, value))
  return inside * inside * (3 - 2 * inside)
}

function scale(colour: Colour, factor: number): Colour {
  return [colour[0] * factor, colour[1] * factor, colour[2] * factor]
}

function mix(a: Colour, b: Colour, share: number): Colour {
  return [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share]
}
