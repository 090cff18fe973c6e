import type { Color } from 'three'
import { seededRandom } from '../../../src/main/evaluate/random.ts'
import type { LensPlan } from '../plan.ts'

/**
 * What the phone makes of the light: exposure by the scene's own brightness, white balance, a film-like curve, a darker
 * rim, sharpening and the sensor's noise.
 *
 * @param light linear RGBA, rows from the bottom up.
 * @returns RGB, rows from the top down.
 */
export function develop(
  light: Float32Array,
  width: number,
  height: number,
  lens: LensPlan,
  white: Color,
  seed: number,
): Uint8Array {
  const gains = [1 / white.r, 1 / white.g + lens.tint, 1 / white.b]
  const pixels = width * height
  const curve = new Float32Array(pixels * 3)
  const scale = (lens.exposure * 0.135) / averageOf(light, pixels)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = ((height - 1 - y) * width + x) * 4
      const to = (y * width + x) * 3
      const off = ((2 * x) / width - 1) ** 2 * 0.62 + ((2 * y) / height - 1) ** 2 * 0.38
      const shade = scale * (1 - lens.vignette * off * off - 0.35 * lens.vignette * off)
      const [r, g, b] = [0, 1, 2].map((channel) => (light[from + channel] ?? 0) * (gains[channel] ?? 1) * shade)
      const grey = 0.2126 * (r ?? 0) + 0.7152 * (g ?? 0) + 0.0722 * (b ?? 0)
      for (const [channel, value] of [r, g, b].entries()) {
        curve[to + channel] = filmic(Math.max(0, grey + ((value ?? 0) - grey) * lens.saturation), lens.contrast)
      }
    }
  }
  return finish(curve, width, height, lens.noise, seed)
}

/** Logarithmic mean of the green light, with bright spots cut off: what a light meter sees. */
function averageOf(light: Float32Array, pixels: number): number {
  let sum = 0
  for (let at = 0; at < pixels; at++) sum += Math.log(0.004 + Math.min(4, light[at * 4 + 1] ?? 0))
  // Dark scenes stay a little darker than bright ones.
  return Math.exp(sum / pixels) ** 0.62 * 0.19 ** 0.38
}

/** Linear light to 0..1 as shown: a toe, a straight part, a long shoulder. */
function filmic(value: number, contrast: number): number {
  const mapped = (value * (2.51 * value + 0.03)) / (value * (2.43 * value + 0.59) + 0.14)
  const shown = mapped <= 0.0031308 ? mapped * 12.92 : 1.055 * mapped ** (1 / 2.4) - 0.055
  return 0.46 + (Math.min(1, shown) - 0.46) * contrast
}

function finish(curve: Float32Array, width: number, height: number, noise: number, seed: number): Uint8Array {
  const random = seededRandom(seed ^ 0x5f3759)
  const out = new Uint8Array(width * height * 3)
  const at = (x: number, y: number, channel: number): number =>
    curve[(Math.min(height - 1, Math.max(0, y)) * width + Math.min(width - 1, Math.max(0, x))) * 3 + channel] ?? 0
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const grain = random() + random() + random() - 1.5
      for (let channel = 0; channel < 3; channel++) {
        const value = at(x, y, channel)
        const around =
          (at(x - 1, y, channel) + at(x + 1, y, channel) + at(x, y - 1, channel) + at(x, y + 1, channel)) / 4
        const speckle = random() + random() - 1
        const dark = 1.35 - value
        const shown = value + 0.35 * (value - around) + noise * dark * (1.3 * grain + 0.8 * speckle)
        out[(y * width + x) * 3 + channel] = Math.round(255 * Math.min(1, Math.max(0, shown)))
      }
    }
  }
  return out
}
