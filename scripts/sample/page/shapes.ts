import {
  BufferGeometry,
  Float32BufferAttribute,
  Path,
  Shape,
  ExtrudeGeometry,
  LatheGeometry,
  TorusGeometry,
  Vector2,
} from 'three'
import { mergeGeometries, toCreasedNormals } from 'three/examples/jsm/utils/BufferGeometryUtils.js'
import type { Part } from '../plan.ts'
import { boltSizes, flats, nutHeight, washerSizes } from '../sizes.ts'

/**
 * Closed surfaces of the things in a scene, in centimetres. Axes of revolution are Y. Edges sharper than the crease
 * angle stay edges; the small bevels of the profiles give them the bright line that real ones have.
 */

const creaseAngle = 0.62
const full = 2 * Math.PI

/** Distance of a ring's point from the axis and its height, at an angle. */
type Ring = (angle: number) => readonly [radius: number, height: number]

/** Sweeps rings around the axis, from ring to ring; `closed` joins the last to the first. */
function sweep(rings: readonly Ring[], angles: readonly number[], closed: boolean): BufferGeometry {
  const positions: number[] = []
  const point = (ring: Ring, angle: number): readonly [number, number, number] => {
    const [radius, height] = ring(angle)
    return [radius * Math.cos(angle), height, radius * Math.sin(angle)]
  }
  const last = closed ? rings.length : rings.length - 1
  for (let at = 0; at < last; at++) {
    const [inner, outer] = [rings[at], rings[(at + 1) % rings.length]]
    if (inner === undefined || outer === undefined) continue
    for (let step = 0; step < angles.length; step++) {
      const from = angles[step] ?? 0
      const to = step + 1 < angles.length ? (angles[step + 1] ?? 0) : (angles[0] ?? 0) + full
      const [a, b, c, d] = [point(inner, from), point(outer, from), point(outer, to), point(inner, to)]
      positions.push(...a, ...b, ...c, ...a, ...c, ...d)
    }
  }
  const geometry = new BufferGeometry()
  geometry.setAttribute('position', new Float32BufferAttribute(positions, 3))
  return geometry
}

function creased(...geometries: readonly BufferGeometry[]): BufferGeometry {
  const plain = geometries.map((geometry) => {
    const own = geometry.index === null ? geometry : geometry.toNonIndexed()
    for (const name of Object.keys(own.attributes)) if (name !== 'position') own.deleteAttribute(name)
    return own
  })
  return toCreasedNormals(mergeGeometries(plain), creaseAngle)
}

const evenly = (count: number): number[] => Array.from({ length: count }, (_, index) => (index * full) / count)

/** Angles that crowd at the six corners of a hexagon. */
const hexAngles = Array.from({ length: 6 }, (_, corner) =>
  [0, 0.012, 0.026, 0.05, 0.12, 0.25, 0.5, 0.75, 0.88, 0.95, 0.974, 0.988].map(
    (share) => ((corner + share - 0.5) * full) / 6,
  ),
).flat()

/** Distance from the middle of a hexagon of that half width to its slightly rounded outline. */
function hexRadius(half: number, angle: number): number {
  const power = 60
  let sum = 0
  for (let side = 0; side < 6; side++) {
    const reach = Math.cos(angle - (side * full) / 6) / half
    if (reach > 0) sum += reach ** power
  }
  return sum ** (-1 / power)
}

const turned =
  (radius: number, height: number): Ring =>
  () => [radius, height]

/** A hexagon whose corners are cut by a cone, as on every forged nut and head. */
function hexRings(half: number, low: number, high: number, cutLow: boolean): Ring[] {
  const flat = 0.93 * half
  const cut = (angle: number): number => Math.max(0, hexRadius(half, angle) - flat) * 0.52
  return [
    cutLow ? turned(flat, low) : (angle) => [hexRadius(half, angle) * 0.985, low],
    (angle) => [hexRadius(half, angle), cutLow ? low + cut(angle) : low + 0.015 * half],
    (angle) => [hexRadius(half, angle), high - cut(angle)],
    turned(flat, high),
  ]
}

function nut(diameter: number): BufferGeometry {
  const half = flats(diameter) / 2
  const high = nutHeight(diameter)
  const bore = diameter * 0.43
  const mouth = diameter * 0.53
  const inside: Ring[] = []
  const turns = 7
  for (let step = 0; step <= turns * 4; step++) {
    const height = high - mouth + bore - (step / (turns * 4)) * (high - 2 * (mouth - bore))
    inside.push((angle) => [
      bore + 0.035 * diameter * Math.abs(((((step / 4 - angle / full) % 1) + 1) % 1) - 0.5),
      height,
    ])
  }
  // From the bore's lower mouth outwards, up the side, and back in at the top.
  const outside = [turned(mouth, 0), ...hexRings(half, 0, high, true), turned(mouth, high)]
  return creased(sweep([...outside, ...inside], hexAngles, true))
}

function washer(diameter: number, wide: boolean): BufferGeometry {
  const { inner, outer, thickness } = washerSizes(diameter, wide)
  const bevel = thickness * 0.16
  const round = thickness * 0.26
  // A ring beside each bevel keeps its shading off the flat face.
  const flat = 0.03 * diameter
  const rings = [
    turned(inner, bevel),
    turned(inner + bevel, 0),
    turned(outer - bevel, 0),
    turned(outer, bevel),
    turned(outer, thickness - round),
    turned(outer - 0.3 * round, thickness - 0.3 * round),
    turned(outer - round, thickness),
    turned(outer - round - flat, thickness),
    turned(inner + round + flat, thickness),
    turned(inner + round, thickness),
    turned(inner + 0.3 * round, thickness - 0.3 * round),
    turned(inner, thickness - round),
  ]
  return creased(sweep(rings, evenly(96), true))
}

/** Head above y = 0, shaft below. The thread is a helix: its crest climbs with the angle. */
function bolt(diameter: number, length: number, socket: boolean): BufferGeometry {
  const { head, half, plain, pitch } = boltSizes(diameter, length, socket)
  const radius = diameter / 2
  const parts: BufferGeometry[] = []
  if (socket) {
    const knurl = (angle: number): number => half * (1 - 0.02 * Math.max(0, Math.cos(angle * 36)))
    const key = diameter * 0.42
    const rings: Ring[] = [
      turned(radius * 0.9, 0),
      turned(half * 0.96, 0),
      (angle) => [knurl(angle), 0.06 * diameter],
      (angle) => [knurl(angle), head * 0.86],
      turned(half * 0.9, head),
      turned(key * 1.22, head),
      (angle) => [hexRadius(key, angle), head - 0.05 * diameter],
      (angle) => [hexRadius(key, angle), head * 0.42],
      turned(0.001, head * 0.36),
    ]
    parts.push(sweep(rings, evenly(144), false))
  } else {
    const rings = [
      turned(radius * 0.9, -0.03 * diameter),
      turned(half * 0.93, -0.03 * diameter),
      turned(half * 0.94, 0),
      ...hexRings(half, 0, head, false),
      turned(half * 0.86, head),
      turned(half * 0.82, head - 0.02 * diameter),
      turned(0.001, head - 0.02 * diameter),
    ]
    parts.push(sweep(rings, hexAngles, false))
  }
  const shaft: Ring[] = []
  const neck = 0.07 * diameter
  shaft.push(turned(radius + neck, 0), turned(radius + 0.3 * neck, -0.3 * neck), turned(radius, -neck))
  if (plain > neck) shaft.push(turned(radius, -plain), turned(radius * 0.93, -plain - pitch * 0.4))
  const from = Math.max(plain, neck) + pitch * 0.5
  const to = length - diameter * 0.08
  const steps = Math.max(6, Math.round(((to - from) / pitch) * 6))
  for (let step = 0; step <= steps; step++) {
    const height = from + ((to - from) * step) / steps
    const fade = Math.min(1, step / 6, (steps - step) / 5)
    shaft.push((angle) => {
      const phase = ((((height / pitch - angle / full) % 1) + 1) % 1) * 2 - 1
      const depth = Math.max(0, Math.abs(phase) * 1.25 - 0.18)
      return [radius * (1 - fade * 0.13 * Math.min(1, depth)), -height]
    })
  }
  shaft.push(turned(radius * 0.84, -length), turned(0.001, -length))
  // Down the shaft the surface faces outwards when it is swept the other way.
  parts.push(sweep(shaft.toReversed(), evenly(36), false))
  return creased(...parts)
}

/** Base at y = 0 for washer and nut; under-head plane at y = 0 for a bolt. */
export function partGeometry(part: Part): BufferGeometry {
  switch (part.kind) {
    case 'washer':
      return washer(part.diameter, part.variant === 'wide')
    case 'nut':
      return nut(part.diameter)
    case 'bolt':
      return bolt(part.diameter, part.length, part.variant === 'socket')
  }
}

function lathe(profile: readonly (readonly [number, number])[], segments: number): BufferGeometry {
  return new LatheGeometry(
    profile.map(([radius, height]) => new Vector2(radius, height)),
    segments,
  )
}

/** Grip of a screwdriver along Y, from 0 to 9 cm, with six flutes. */
export function gripGeometry(): BufferGeometry {
  const profile: readonly (readonly [number, number, number])[] = [
    [0.01, 0, 0], [0.9, 0.02, 0], [1.15, 0.18, 0], [1.25, 0.5, 0], [1.28, 1.2, 0.6], [1.3, 2, 1],
    [1.32, 4, 1], [1.28, 5.6, 1], [1.15, 6.4, 0.4], [0.9, 7.2, 0], [0.86, 7.8, 0], [1.02, 8.4, 0], [0.98, 8.8, 0],
    [0.7, 9, 0], [0.01, 9.02, 0],
  ] // prettier-ignore
  const rings = profile.map(([radius, height, flute]): Ring => (angle) => [
    radius * (1 - flute * 0.13 * Math.max(0, Math.cos(angle * 6)) ** 2),
    height,
  ])
  return creased(sweep(rings.toReversed(), evenly(96), false))
}

/** Blade of a screwdriver along Y, from 0 to 9 cm. */
export function bladeGeometry(): BufferGeometry {
  return lathe([[0.3, 0], [0.3, 7.6], [0.28, 8], [0.36, 8.4], [0.2, 9], [0.001, 9.02]], 24) // prettier-ignore
}

/** A coin-like disc of 2.2 cm with a raised rim, lying. */
export function discGeometry(): BufferGeometry {
  const rings = [
    turned(0.001, 0),
    turned(1.06, 0),
    turned(1.1, 0.03),
    turned(1.1, 0.17),
    turned(1.07, 0.2),
    turned(1, 0.2),
    turned(0.97, 0.16),
    turned(0.62, 0.16),
    turned(0.58, 0.185),
    turned(0.36, 0.19),
    turned(0.33, 0.16),
    turned(0.001, 0.16),
  ]
  return creased(sweep(rings, evenly(128), false))
}

/** A door key, lying, about 5.6 cm long. */
export function keyGeometry(): BufferGeometry {
  const shape = new Shape()
  shape.moveTo(0.55, -0.36)
  for (const [x, y] of [
    [3.7, -0.36], [3.95, -0.05], [3.75, 0.12], [3.5, 0.3], [3.3, 0.02], [3.05, 0.26], [2.8, 0.08], [2.5, 0.36],
    [2.2, 0.12], [1.9, 0.3], [1.6, 0.36], [0.55, 0.36],
  ] as const) shape.lineTo(x, y) // prettier-ignore
  shape.absarc(-0.5, 0, 1.12, 0.34, full - 0.34, false)
  const hole = new Path()
  hole.absarc(-1.05, 0, 0.26, 0, full, true)
  shape.holes.push(hole)
  const extruded = new ExtrudeGeometry(shape, {
    depth: 0.14,
    bevelEnabled: true,
    bevelSize: 0.03,
    bevelThickness: 0.03,
    bevelSegments: 2,
    curveSegments: 24,
  })
  extruded.rotateX(-Math.PI / 2)
  extruded.translate(0, 0.03, 0)
  return creased(extruded)
}

/** A split key ring of that radius, lying. */
export function keyRingGeometry(): BufferGeometry {
  const geometry = new TorusGeometry(1.1, 0.08, 10, 64)
  geometry.rotateX(Math.PI / 2)
  geometry.translate(-1.9, 0.14, 0.2)
  return geometry
}

/** Painted shaft, bare wood and lead of a pencil along Y, 12 cm. */
export function pencilGeometries(): readonly [paint: BufferGeometry, wood: BufferGeometry, lead: BufferGeometry] {
  const half = 0.34
  const hex =
    (height: number): Ring =>
    (angle) => [hexRadius(half, angle), height]
  const scallop: Ring = (angle) => [hexRadius(half, angle), 9.7 + 0.22 * Math.cos(angle * 6)]
  return [
    creased(sweep([scallop, hex(0.05), turned(half * 0.9, 0), turned(0.001, 0)], hexAngles, false)),
    creased(sweep([turned(0.1, 11.5), scallop], hexAngles, false)),
    lathe([[0.001, 12.02], [0.03, 12], [0.1, 11.5]].toReversed() as [number, number][], 20), // prettier-ignore
  ]
}

/** A tray's wall around a rounded rectangle of these half sizes; its floor is y = 0. */
export function rimGeometry(halfX: number, halfZ: number): BufferGeometry {
  const corner = 2.4
  const profile: readonly (readonly [number, number])[] = [
    [-0.35, 0.002], [-0.12, 0.05], [0.08, 0.2], [0.22, 0.5], [0.5, 1.5], [0.58, 1.66], [0.74, 1.72], [1.1, 1.7],
    [1.24, 1.6], [1.26, 1.4],
  ] // prettier-ignore
  const path: (readonly [x: number, z: number, nx: number, nz: number])[] = []
  for (const [signX, signZ, start] of [
    [1, 1, 0],
    [-1, 1, 1],
    [-1, -1, 2],
    [1, -1, 3],
  ] as const) {
    // prettier-ignore
    for (let step = 0; step <= 16; step++) {
      const angle = ((start + step / 16) * Math.PI) / 2
      const [nx, nz] = [Math.cos(angle), Math.sin(angle)]
      path.push([signX * (halfX - corner) + corner * nx, signZ * (halfZ - corner) + corner * nz, nx, nz])
    }
  }
  const positions: number[] = []
  for (let at = 0; at < path.length; at++) {
    const [here, next] = [path[at], path[(at + 1) % path.length]]
    if (here === undefined || next === undefined) continue
    const point = (on: typeof here, [out, up]: readonly [number, number]): number[] => [
      on[0] + on[2] * out,
      up,
      on[1] + on[3] * out,
    ]
    for (const [row, low] of profile.entries()) {
      const high = profile[row + 1]
      if (high === undefined) continue
      const [a, b, c, d] = [point(here, low), point(here, high), point(next, high), point(next, low)]
      positions.push(...a, ...c, ...b, ...a, ...d, ...c)
    }
  }
  const geometry = new BufferGeometry()
  geometry.setAttribute('position', new Float32BufferAttribute(positions, 3))
  return creased(geometry)
}
