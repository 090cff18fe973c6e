import { fileURLToPath } from 'node:url'
import type { Tensor } from 'onnxruntime-node'
import { graphEntrySchema } from '../../src/main/engine/msdnet-entry.ts'
import { loadRuntime } from '../../src/main/engine/runtime.ts'

/** What the benchmarks of the shipped graphs have in common. */

export const modelsFolder = fileURLToPath(new URL('../../models', import.meta.url))

/** A manifest entry with its inputs; a text is a dimension that is free. */
export const graphSchema = graphEntrySchema.omit({ outputs: true })

const runtime = await loadRuntime()

/** A tensor whose free dimensions are as long as `lengths` says, 1 where it does not, of values made one by one. */
export function filledTensor(
  shape: readonly (number | string)[],
  lengths: Readonly<Record<string, number>>,
  value: () => number,
): Tensor {
  const known = new Map(Object.entries(lengths))
  const dims = shape.map((n) => (typeof n === 'number' ? n : (known.get(n) ?? 1)))
  const count = dims.reduce((all, n) => all * n, 1)
  return new runtime.Tensor('float32', Float32Array.from({ length: count }, value), dims)
}

/** Lengths of a square image's grids: stride 8, half, a quarter and twice of it. */
export function gridLengths(pixels: number): Record<string, number> {
  const cells = pixels / 8
  return Object.fromEntries(
    ['height', 'width'].flatMap((name) => [
      [name, cells],
      [`${name}_half`, cells / 2],
      [`${name}_quarter`, cells / 4],
      [`${name}_double`, 2 * cells],
    ]),
  )
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
}
