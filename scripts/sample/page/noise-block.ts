import { Data3DTexture, LinearFilter, RepeatWrapping } from 'three'
import { seededRandom } from '../../../src/main/evaluate/random.ts'

const side = 64
const cells = 8

/**
 * A block of noise that repeats in all directions: fractal noise of eight cells a side in red, its slope in the other
 * channels (0.5 is level). Looked up where the same noise by arithmetic would take most of the time of a picture.
 */
export function makeNoiseBlock(): Data3DTexture {
  const noise = new Float32Array(side ** 3)
  for (let octave = 0, size = cells, weight = 0.5; size <= side / 2; octave++, size *= 2, weight *= 0.55) {
    addOctave(noise, size, weight, octave)
  }
  const { low, high } = noise.reduce(
    (range, value) => ({ low: Math.min(range.low, value), high: Math.max(range.high, value) }),
    { low: Infinity, high: -Infinity },
  )
  const at = (x: number, y: number, z: number): number =>
    ((noise[((z & (side - 1)) * side + (y & (side - 1))) * side + (x & (side - 1))] ?? 0) - low) / (high - low)
  const byte = (value: number): number => Math.round(255 * Math.min(1, Math.max(0, value)))
  const data = new Uint8Array(side ** 3 * 4)
  for (let z = 0, to = 0; z < side; z++) {
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        data[to++] = byte(at(x, y, z))
        data[to++] = byte(0.5 + 2 * (at(x + 1, y, z) - at(x - 1, y, z)))
        data[to++] = byte(0.5 + 2 * (at(x, y + 1, z) - at(x, y - 1, z)))
        data[to++] = byte(0.5 + 2 * (at(x, y, z + 1) - at(x, y, z - 1)))
      }
    }
  }
  const texture = new Data3DTexture(data, side, side, side)
  texture.wrapS = texture.wrapT = texture.wrapR = RepeatWrapping
  texture.minFilter = texture.magFilter = LinearFilter
  texture.needsUpdate = true
  return texture
}

/** Adds smooth noise of `size` cells a side. */
function addOctave(noise: Float32Array, size: number, weight: number, seed: number): void {
  const random = seededRandom(seed + 401)
  const corners = Float32Array.from({ length: size ** 3 }, random)
  const step = side / size
  const corner = (x: number, y: number, z: number): number =>
    corners[((z % size) * size + (y % size)) * size + (x % size)] ?? 0
  const mix = (from: number, to: number, share: number): number => from + (to - from) * share
  const smooth = (share: number): number => share * share * (3 - 2 * share)
  for (let z = 0, to = 0; z < side; z++) {
    const [k, w] = [Math.floor(z / step), smooth((z % step) / step)]
    for (let y = 0; y < side; y++) {
      const [j, v] = [Math.floor(y / step), smooth((y % step) / step)]
      for (let x = 0; x < side; x++, to++) {
        const [i, u] = [Math.floor(x / step), smooth((x % step) / step)]
        const [near, far] = [k, k + 1].map((level) =>
          mix(
            mix(corner(i, j, level), corner(i + 1, j, level), u),
            mix(corner(i, j + 1, level), corner(i + 1, j + 1, level), u),
            v,
          ),
        )
        noise[to] = (noise[to] ?? 0) + weight * mix(near ?? 0, far ?? 0, w)
      }
    }
  }
}
