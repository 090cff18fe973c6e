import { seededRandom } from '../../src/main/evaluate/random.ts'
import { boltSizes, flats, nutHeight, washerSizes } from './sizes.ts'

/**
 * What lies where in a scene, under which light, seen from where: plain data, the same on every machine for the same
 * number. Centimetres; y is up, the ground is y = 0, the camera looks at the origin.
 */
export interface ScenePlan {
  readonly name: string
  readonly seed: number
  readonly surface: Surface
  /** Half sizes of a tray's floor whose rim is to be seen; null for none. */
  readonly rim: { readonly halfX: number; readonly halfZ: number } | null
  readonly camera: CameraPlan
  readonly light: LightPlan
  readonly lens: LensPlan
  readonly parts: readonly Part[]
  readonly clutter: readonly Clutter[]
}

export const surfaces = ['tray', 'wood', 'concrete', 'mat', 'blueprint', 'cardboard'] as const
export type Surface = (typeof surfaces)[number]

/** In the order of their class ids, which start at 1. */
export const partKinds = ['washer', 'nut', 'bolt'] as const
export type PartKind = (typeof partKinds)[number]

export const finishes = ['zinc', 'steel', 'brass', 'black', 'yellow', 'rusty'] as const
export type Finish = (typeof finishes)[number]

export interface Part {
  readonly kind: PartKind
  /** `wide` for washers, `socket` for bolts. */
  readonly variant: 'plain' | 'wide' | 'socket'
  /** Of the thread. */
  readonly diameter: number
  /** Of a bolt's shaft. */
  readonly length: number
  readonly finish: Finish
  readonly seed: number
  readonly pose: Pose
}

/**
 * Turned by `spin` about the part's own axis (0: a flat of a hexagon faces `heading`), then laid down by `tilt` towards
 * `heading`, then moved to `at`.
 */
export interface Pose {
  readonly at: readonly [x: number, y: number, z: number]
  readonly spin: number
  readonly tilt: number
  readonly heading: number
}

export interface Clutter {
  readonly kind: 'screwdriver' | 'disc' | 'key' | 'pencil'
  readonly x: number
  readonly z: number
  readonly heading: number
  readonly seed: number
}

export interface CameraPlan {
  /** Of the view at the origin. */
  readonly width: number
  /** Angle above the ground and direction, radians. */
  readonly elevation: number
  readonly heading: number
  /** Rotation of the picture about the line of sight. */
  readonly roll: number
  /** Vertical field of view, degrees. */
  readonly fieldOfView: number
  /** Radius of the lens; what lies off the origin's distance is blurred. */
  readonly aperture: number
}

export interface LightPlan {
  readonly kind: 'window' | 'lamp' | 'tubes' | 'flash'
  readonly heading: number
  readonly elevation: number
  /** Half angle that the light fills, radians: how soft the shadows are. */
  readonly spread: number
  readonly strength: number
  readonly ambient: number
  /** Kelvin of the key light and of the surroundings. */
  readonly keyKelvin: number
  readonly ambientKelvin: number
}

export interface LensPlan {
  readonly exposure: number
  readonly contrast: number
  readonly saturation: number
  /** Kelvin that the camera takes for white. */
  readonly whiteKelvin: number
  readonly tint: number
  readonly vignette: number
  readonly noise: number
  readonly jpegQuality: number
}

type Random = () => number

const between = (random: Random, low: number, high: number): number => low + (high - low) * random()

function pick<Item>(random: Random, items: readonly [Item, ...Item[]]): Item {
  return items[Math.floor(random() * items.length)] ?? items[0]
}

interface Recipe {
  readonly surface: Surface
  readonly light: LightPlan['kind']
  /** How many of each: washers, nuts, bolts. */
  readonly counts: readonly [washers: number, nuts: number, bolts: number]
  readonly clutter?: readonly Clutter['kind'][]
  readonly width?: number
  readonly elevation?: number
  readonly finishes?: readonly [Finish, ...Finish[]]
  readonly rim?: boolean
  /** Only plain washers of this size, each by itself: what a brush of one width outlines. */
  readonly washer?: number
}

/** The scenes of the sample: the order is the order in the gallery. */
const recipes: readonly Recipe[] = [
  { surface: 'mat', light: 'window', counts: [2, 4, 2], finishes: ['zinc', 'steel', 'brass'], elevation: 80, washer: 1.3 },
  { surface: 'wood', light: 'window', counts: [4, 2, 2], finishes: ['zinc', 'steel'], width: 15 },
  { surface: 'tray', light: 'tubes', counts: [5, 3, 3], rim: true, width: 19, finishes: ['zinc', 'yellow', 'black'] },
  { surface: 'blueprint', light: 'lamp', counts: [3, 3, 2], clutter: ['pencil'], finishes: ['brass', 'steel', 'zinc'] },
  { surface: 'concrete', light: 'window', counts: [4, 3, 2], finishes: ['rusty', 'steel', 'zinc'] },
  { surface: 'cardboard', light: 'tubes', counts: [4, 4, 2], finishes: ['yellow', 'zinc'] },
  { surface: 'mat', light: 'lamp', counts: [3, 2, 3], clutter: ['screwdriver'], width: 20, elevation: 56 },
  { surface: 'tray', light: 'window', counts: [0, 0, 0], rim: true, width: 22, elevation: 62 },
  { surface: 'wood', light: 'lamp', counts: [4, 3, 1], clutter: ['disc'], finishes: ['black', 'brass', 'zinc'] },
  { surface: 'blueprint', light: 'tubes', counts: [5, 2, 2], width: 16, elevation: 84 },
  { surface: 'concrete', light: 'flash', counts: [3, 4, 3], finishes: ['rusty', 'rusty', 'black', 'zinc'], width: 18 },
  { surface: 'cardboard', light: 'window', counts: [5, 0, 0], width: 13, finishes: ['zinc', 'steel', 'brass'] },
  { surface: 'tray', light: 'tubes', counts: [4, 4, 4], width: 18, finishes: ['steel', 'zinc'], elevation: 80 },
  { surface: 'wood', light: 'window', counts: [0, 4, 3], clutter: ['key'], width: 17 },
  { surface: 'mat', light: 'tubes', counts: [6, 3, 0], width: 17, elevation: 86, finishes: ['zinc', 'black', 'yellow'] },
  { surface: 'concrete', light: 'lamp', counts: [3, 2, 4], clutter: ['disc'], width: 18, elevation: 50 },
  { surface: 'wood', light: 'tubes', counts: [0, 0, 0], clutter: ['screwdriver', 'pencil'], width: 22, elevation: 58 },
  { surface: 'blueprint', light: 'window', counts: [4, 4, 2], finishes: ['zinc', 'steel', 'yellow'], elevation: 64 },
  { surface: 'tray', light: 'lamp', counts: [5, 2, 2], rim: true, width: 18, finishes: ['rusty', 'black', 'zinc'] },
  { surface: 'cardboard', light: 'lamp', counts: [3, 3, 3], clutter: ['key'], width: 17, elevation: 60 },
  { surface: 'mat', light: 'window', counts: [2, 5, 2], clutter: ['disc'], finishes: ['brass', 'zinc', 'steel'] },
  { surface: 'wood', light: 'window', counts: [5, 3, 3], width: 19, elevation: 70, finishes: ['yellow', 'zinc', 'black'] },
  { surface: 'concrete', light: 'tubes', counts: [4, 1, 2], width: 14, elevation: 82, finishes: ['zinc', 'brass'] },
  { surface: 'mat', light: 'flash', counts: [3, 3, 2], clutter: ['pencil'], width: 16, elevation: 66 },
] // prettier-ignore

export const sceneCount = recipes.length

/** The scene of that number, from 0. */
export function planScene(number: number): ScenePlan {
  const recipe = recipes[number]
  if (recipe === undefined) throw new Error(`There is no scene ${number}: there are ${recipes.length}.`)
  const seed = 7_100 + number * 31
  const random = seededRandom(seed)
  const camera: CameraPlan = {
    width: recipe.width ?? between(random, 14, 17),
    elevation: ((recipe.elevation ?? between(random, 62, 80)) * Math.PI) / 180,
    heading: between(random, -0.35, 0.35),
    roll: between(random, -0.05, 0.05),
    fieldOfView: between(random, 38, 46),
    aperture: between(random, 0.05, 0.1),
  }
  const light = planLight(recipe.light, random)
  const bench = new Bench(camera, random)
  const parts = placeParts(recipe, bench, random)
  const clutter = (recipe.clutter ?? []).map((kind): Clutter => {
    const { x, z, heading } = bench.placeLong(clutterReach[kind], kind === 'disc' || kind === 'key' ? 1.4 : 1)
    return { kind, x, z, heading, seed: Math.floor(random() * 1e6) }
  })
  return {
    name: `workbench-${String(number + 1).padStart(2, '0')}`,
    seed,
    surface: recipe.surface,
    rim:
      recipe.rim === true
        ? { halfX: camera.width * between(random, 0.5, 0.62), halfZ: camera.width * between(random, 0.4, 0.5) }
        : null,
    camera,
    light,
    lens: {
      exposure: between(random, 0.9, 1.12),
      contrast: between(random, 1.06, 1.2),
      saturation: between(random, 0.92, 1.1),
      whiteKelvin: (light.keyKelvin * 0.6 + light.ambientKelvin * 0.4) * between(random, 0.95, 1.08),
      tint: between(random, -0.015, 0.015),
      vignette: between(random, 0.14, 0.3),
      noise: between(random, 0.006, 0.013),
      jpegQuality: Math.round(between(random, 74, 84)),
    },
    parts,
    clutter,
  }
}

function planLight(kind: LightPlan['kind'], random: Random): LightPlan {
  const heading = between(random, 0, 2 * Math.PI)
  const jitter = between(random, 0.9, 1.1)
  switch (kind) {
    case 'window':
      return {
        kind, heading, elevation: between(random, 0.5, 0.8), spread: 0.3, strength: 2.7 * jitter, ambient: 0.55,
        keyKelvin: 6300, ambientKelvin: 5200,
      } // prettier-ignore
    case 'lamp':
      return {
        kind, heading, elevation: between(random, 0.65, 1), spread: 0.09, strength: 3.1 * jitter, ambient: 0.36,
        keyKelvin: 3600, ambientKelvin: 5200,
      } // prettier-ignore
    case 'tubes':
      return {
        kind, heading, elevation: between(random, 1.05, 1.3), spread: 0.42, strength: 2.1 * jitter, ambient: 0.75,
        keyKelvin: 4800, ambientKelvin: 4700,
      } // prettier-ignore
    case 'flash':
      return {
        kind, heading, elevation: between(random, 1.2, 1.34), spread: 0.04, strength: 3.2 * jitter, ambient: 0.24,
        keyKelvin: 5800, ambientKelvin: 4200,
      } // prettier-ignore
  }
}

const clutterReach = { screwdriver: 9.2, disc: 1.1, key: 3, pencil: 6 } as const

interface Circle {
  readonly x: number
  readonly z: number
  readonly radius: number
}

/** Keeps what is put down apart, roughly within the picture. */
class Bench {
  readonly #taken: Circle[] = []
  readonly #random: Random
  readonly #halfWidth: number
  readonly #halfDepth: number
  readonly #heading: number

  constructor(camera: CameraPlan, random: Random) {
    this.#random = random
    this.#halfWidth = camera.width * 0.49
    this.#halfDepth = ((camera.width * 0.375) / Math.sin(camera.elevation)) * 0.96
    this.#heading = camera.heading
  }

  /** A free place for a circle; null when the bench is full. */
  place(radius: number): { readonly x: number; readonly z: number } | null {
    for (let attempt = 0; attempt < 60; attempt++) {
      const { x, z } = this.#somewhere(1)
      if (this.take([{ x, z, radius }])) return { x, z }
    }
    return null
  }

  /** A free place for a capsule from the returned point in the direction of `heading`. */
  placeCapsule(
    length: number,
    radius: number,
  ): { readonly x: number; readonly z: number; readonly heading: number } | null {
    for (let attempt = 0; attempt < 80; attempt++) {
      const heading = this.#random() * 2 * Math.PI
      const middle = this.#somewhere(0.95)
      const x = middle.x - (Math.cos(heading) * length) / 2
      const z = middle.z - (Math.sin(heading) * length) / 2
      if (this.take(capsule(x, z, heading, length, radius))) return { x, z, heading }
    }
    return null
  }

  /** Long things may start outside and reach in; one is put down wherever it fits best. */
  placeLong(reach: number, radius: number): { readonly x: number; readonly z: number; readonly heading: number } {
    for (let attempt = 0; attempt < 200; attempt++) {
      const heading = this.#random() * 2 * Math.PI
      const { x, z } = this.#somewhere(0.85)
      const start = { x: x - Math.cos(heading) * reach, z: z - Math.sin(heading) * reach }
      if (this.take(capsule(start.x, start.z, heading, 2 * reach, radius))) return { x, z, heading }
    }
    // Full: at the edge, where it covers least.
    return { x: this.#halfWidth, z: -this.#halfDepth, heading: 0.7 }
  }

  take(circles: readonly Circle[]): boolean {
    const isFree = circles.every((circle) =>
      this.#taken.every(
        (other) => Math.hypot(circle.x - other.x, circle.z - other.z) > circle.radius + other.radius + 0.12,
      ),
    )
    if (isFree) this.#taken.push(...circles)
    return isFree
  }

  #somewhere(share: number): { readonly x: number; readonly z: number } {
    const across = (this.#random() * 2 - 1) * this.#halfWidth * share
    const along = (this.#random() * 2 - 1) * this.#halfDepth * share
    const [cos, sin] = [Math.cos(this.#heading), Math.sin(this.#heading)]
    return { x: across * cos + along * sin, z: -across * sin + along * cos }
  }
}

function capsule(x: number, z: number, heading: number, length: number, radius: number): Circle[] {
  const steps = Math.max(1, Math.ceil(length / radius))
  return Array.from({ length: steps + 1 }, (_, step) => ({
    x: x + (Math.cos(heading) * length * step) / steps,
    z: z + (Math.sin(heading) * length * step) / steps,
    radius,
  }))
}

/** Bolts first, since they need the most room; then groups that touch or overlap, then single washers and nuts. */
function placeParts(recipe: Recipe, bench: Bench, random: Random): Part[] {
  const parts: Part[] = []
  const mixed = recipe.finishes ?? finishes
  const make = (kind: PartKind, diameter: number, pose: Pose, more: Partial<Part> = {}): void => {
    parts.push({
      kind,
      variant: 'plain',
      diameter,
      length: 0,
      finish: pick(random, mixed),
      seed: Math.floor(random() * 1e6),
      pose,
      ...more,
    })
  }
  const size = (): number => pick(random, [0.8, 1, 1, 1.2, 1.4, 1.6])
  const only = recipe.washer
  let [washers, nuts] = recipe.counts
  const bolts = recipe.counts[2]

  for (let left = bolts; left > 0; left--) {
    const diameter = pick(random, [0.7, 0.8, 0.8, 1, 1.2])
    const length = diameter * between(random, 3, 5.6)
    const socket = random() < 0.3
    const { head, half } = boltSizes(diameter, length, socket)
    const finish = pick(random, mixed)
    if (!socket && random() < 0.16) {
      const place = bench.place(half)
      if (place === null) continue
      const pose: Pose = { at: [place.x, head, place.z], spin: random() * 6, tilt: Math.PI, heading: random() * 6 }
      make('bolt', diameter, pose, { length, finish })
      continue
    }
    const place = bench.placeCapsule(length + head, half)
    if (place === null) continue
    const withNut = nuts > 0 && !socket && random() < 0.45
    const [dx, dz] = [Math.cos(place.heading), Math.sin(place.heading)]
    // Head and tip (or a nut of the head's width) touch the ground.
    const drop = withNut ? 0 : Math.asin((half - diameter / 2) / length)
    const hexTurn = socket ? random() * 6 : (Math.floor(random() * 6) * Math.PI) / 3
    const at = [place.x + dx * head, half * Math.cos(drop) + 0.005, place.z + dz * head] as const
    make(
      'bolt',
      diameter,
      { at, spin: hexTurn, tilt: Math.PI / 2 - drop, heading: place.heading + Math.PI },
      {
        length,
        finish,
        variant: socket ? 'socket' : 'plain',
      },
    )
    if (withNut) {
      const along = length * between(random, 0.45, 0.8)
      const nutAt = [at[0] + dx * along, at[1], at[2] + dz * along] as const
      make(
        'nut',
        diameter,
        { at: nutAt, spin: hexTurn, tilt: Math.PI / 2, heading: place.heading + Math.PI },
        { finish },
      )
      nuts--
    }
  }

  // A washer that leans on another one, or on a nut.
  while (only === undefined && washers >= 2 && random() < 0.62) {
    const low = pick(random, [1, 1.2, 1.4])
    const high = pick(random, [0.8, 1, 1.2])
    const lowSizes = washerSizes(low, random() < 0.4)
    const highSizes = washerSizes(high, false)
    const apart = lowSizes.outer * 0.55 + highSizes.outer * 0.5
    const reach = apart + highSizes.outer - lowSizes.outer
    const heading = random() * 2 * Math.PI
    const place = bench.place(lowSizes.outer * 0.5 + highSizes.outer + 0.2)
    if (place === null) break
    const tilt = Math.asin(Math.min(0.5, lowSizes.thickness / reach))
    const centre = { x: place.x + Math.cos(heading) * apart, z: place.z + Math.sin(heading) * apart }
    make(
      'washer',
      low,
      { at: [place.x, 0, place.z], spin: random() * 6, tilt: 0, heading: 0 },
      {
        variant: lowSizes.outer > low * 1.3 ? 'wide' : 'plain',
      },
    )
    // Its far edge on the ground, raised towards the lower one.
    const at = [centre.x, highSizes.outer * Math.sin(tilt) + 0.004, centre.z] as const
    make('washer', high, { at, spin: random() * 6, tilt, heading })
    washers -= 2
  }

  for (; washers > 0; washers--) {
    const diameter = only ?? size()
    const wide = only === undefined && random() < 0.4
    const place = bench.place(washerSizes(diameter, wide).outer)
    if (place === null) continue
    const pose: Pose = { at: [place.x, 0, place.z], spin: random() * 6, tilt: 0, heading: 0 }
    make('washer', diameter, pose, { variant: wide ? 'wide' : 'plain' })
    // A nut in the middle of a washer, as they come off a machine.
    if (nuts > 0 && wide && random() < 0.35) {
      const { thickness } = washerSizes(diameter, wide)
      const small = diameter * 0.8
      const off = diameter * 0.25
      make('nut', small, {
        at: [place.x + off * Math.cos(random() * 6), thickness + 0.004, place.z + off * Math.sin(random() * 6)],
        spin: random() * 6,
        tilt: 0,
        heading: 0,
      })
      nuts--
    }
  }

  for (; nuts > 0; nuts--) {
    const diameter = size()
    const place = bench.place(flats(diameter) * 0.58)
    if (place === null) continue
    if (random() < 0.2) {
      // On one of its flats.
      const at = [place.x, flats(diameter) / 2, place.z] as const
      const heading = random() * 6
      const half = nutHeight(diameter) / 2
      const moved = [at[0] - Math.cos(heading) * half, at[1], at[2] - Math.sin(heading) * half] as const
      make('nut', diameter, { at: moved, spin: Math.PI / 3, tilt: Math.PI / 2, heading })
    } else make('nut', diameter, { at: [place.x, 0, place.z], spin: random() * 6, tilt: 0, heading: 0 })
  }
  return parts
}
