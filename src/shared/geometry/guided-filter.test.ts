import { expect, test } from 'vitest'
import { guidedCoefficients, guidedRows, prepareGuide, samplePositions } from './guided-filter.ts'
import type { GuideOptions } from './guided-filter.ts'

/** Deterministic noise, 0 to 1. */
function noise(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

function filter(
  guide: { readonly width: number; readonly height: number; readonly data: Uint8Array },
  input: Float32Array,
  inputWidth: number,
  inputHeight: number,
  options: GuideOptions,
): Float32Array {
  const rows = guidedRows(guidedCoefficients(prepareGuide(guide, options), input, inputWidth, inputHeight))
  const output = new Float32Array(guide.width * guide.height)
  for (let y = 0; y < guide.height; y++) rows(y, output.subarray(y * guide.width))
  return output
}

/** The definition, window by window, with the 3 x 3 system solved by Gaussian elimination. */
function reference(
  guide: { readonly width: number; readonly height: number; readonly data: Uint8Array },
  input: Float32Array,
  radius: number,
  epsilon: number,
): number[] {
  const { width, height, data } = guide
  const windows = Array.from({ length: width * height }, (_, pixel) => {
    const cx = pixel % width
    const cy = Math.floor(pixel / width)
    const members: number[] = []
    for (let y = Math.max(cy - radius, 0); y <= Math.min(cy + radius, height - 1); y++) {
      for (let x = Math.max(cx - radius, 0); x <= Math.min(cx + radius, width - 1); x++) members.push(y * width + x)
    }
    return members
  })
  const colour = (pixel: number, channel: number): number => (data[pixel * 3 + channel] ?? 0) / 255
  const mean = (members: readonly number[], value: (pixel: number) => number): number =>
    members.reduce((sum, pixel) => sum + value(pixel), 0) / members.length
  const functions = windows.map((members) => {
    const means = [0, 1, 2].map((channel) => mean(members, (pixel) => colour(pixel, channel)))
    const meanInput = mean(members, (pixel) => input[pixel] ?? 0)
    const system = [0, 1, 2].map((row) => [
      ...[0, 1, 2].map(
        (column) =>
          mean(members, (pixel) => colour(pixel, row) * colour(pixel, column)) -
          means[row]! * means[column]! +
          (row === column ? epsilon : 0),
      ),
      mean(members, (pixel) => colour(pixel, row) * (input[pixel] ?? 0)) - means[row]! * meanInput,
    ])
    for (let pivot = 0; pivot < 3; pivot++) {
      for (let row = 0; row < 3; row++) {
        if (row === pivot) continue
        const factor = system[row]![pivot]! / system[pivot]![pivot]!
        for (let column = 0; column < 4; column++) system[row]![column]! -= factor * system[pivot]![column]!
      }
    }
    const slopes = [0, 1, 2].map((row) => system[row]![3]! / system[row]![row]!)
    return { slopes, offset: meanInput - slopes.reduce((sum, slope, row) => sum + slope * means[row]!, 0) }
  })
  return windows.map((members, pixel) => {
    const value =
      [0, 1, 2].reduce(
        (sum, channel) => sum + mean(members, (at) => functions[at]!.slopes[channel]!) * colour(pixel, channel),
        0,
      ) + mean(members, (at) => functions[at]!.offset)
    return Math.min(Math.max(value, 0), 1)
  })
}

test('without subsampling it is the guided filter of the paper', () => {
  const random = noise(7)
  const guide = { width: 13, height: 9, data: Uint8Array.from({ length: 13 * 9 * 3 }, () => random() * 256) }
  const input = Float32Array.from({ length: 13 * 9 }, random)
  const found = filter(guide, input, 13, 9, { subsampling: 1, radius: 2, epsilon: 0.01 })
  reference(guide, input, 2, 0.01).forEach((value, pixel) => expect(found[pixel]).toBeCloseTo(value, 4))
})

test('a coarse score snaps to the edge of the photograph', () => {
  const width = 90
  const height = 60
  const data = new Uint8Array(width * height * 3)
  for (let pixel = 0; pixel < width * height; pixel++)
    data.fill(pixel % width < 37 ? 30 : 200, pixel * 3, pixel * 3 + 3)
  // 9 cells across: the border of the score lies at 40 px and is blurred over 10 px.
  const input = Float32Array.from({ length: 9 * 6 }, (_, cell) => (cell % 9 < 4 ? 0 : 1))
  const output = filter({ width, height, data }, input, 9, 6, { subsampling: 2, radius: 8, epsilon: 1e-4 })
  const middle = output.subarray(30 * width, 31 * width)
  expect(middle.findIndex((value) => value > 0.5)).toBe(37)
})

test('a constant input stays constant, whatever the guide and an odd size', () => {
  const random = noise(3)
  const guide = { width: 31, height: 17, data: Uint8Array.from({ length: 31 * 17 * 3 }, () => random() * 256) }
  const output = filter(guide, new Float32Array(4).fill(0.375), 2, 2, { subsampling: 4, radius: 3, epsilon: 1e-3 })
  for (const value of output) expect(value).toBeCloseTo(0.375, 5)
})

test('sample positions align centres and hold the border', () => {
  const { first, second, share } = samplePositions(8, 8, 4)
  expect([...first]).toEqual([0, 0, 0, 1, 1, 2, 2, 2])
  expect([...second]).toEqual([1, 1, 1, 2, 2, 3, 3, 3])
  expect([...share]).toEqual([0, 0.25, 0.75, 0.25, 0.75, 0.25, 0.75, 1])
  expect([...samplePositions(3, 3, 1).first]).toEqual([0, 0, 0])
})
