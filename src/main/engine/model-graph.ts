import { join } from 'node:path'
import type { InferenceSession } from 'onnxruntime-node'
import { mapNamed } from './feature-maps.ts'
import { loadVerifiedModel, modelFault } from './models.ts'
import type { GraphEntry } from './msdnet-entry.ts'
import type { FeatureMaps } from './predictor.ts'
import { createSession, loadRuntime } from './runtime.ts'

/** What goes into a graph. */
export interface GraphTensor {
  readonly data: Float32Array
  readonly dims: readonly number[]
}

/** Hands out the outputs of a run; `size` is how many numbers one must have. */
export type NamedOutput = (name: string, size?: number) => GraphTensor

/** A graph of a models folder beside the backbone, compared with its manifest entry. */
export interface ModelGraph extends AsyncDisposable {
  readonly path: string
  readonly entry: GraphEntry
  /** Names of all its inputs. */
  readonly inputNames: readonly string[]
  /** Throws `ModelMismatch` naming the file where it fails, or returns something else than floats of the right number. */
  readonly run: (inputs: Readonly<Record<string, GraphTensor>>) => Promise<NamedOutput>
}

export interface GraphSurface {
  readonly inputs: readonly string[]
  /** Inputs that a graph may do without. */
  readonly optionalInputs?: readonly string[]
  /** What is asked of it besides what it returns for others. */
  readonly outputs: readonly string[]
}

/**
 * Opens a graph on the CPU. The file is compared with its hash, and its surface with what the entry promises and what its
 * kind must have. Throws `ModelMissing` or `ModelMismatch` naming the file.
 */
export async function openModelGraph(
  modelsFolder: string,
  entry: GraphEntry,
  wanted: GraphSurface,
  threads: number,
): Promise<ModelGraph> {
  const path = join(modelsFolder, entry.file)
  const runtime = await loadRuntime()
  const model = await loadVerifiedModel(modelsFolder, entry)
  let session: InferenceSession
  try {
    session = await createSession(model, { provider: 'cpu', threads })
  } catch (cause) {
    throw modelFault(path, 'the runtime cannot load it', cause)
  }
  try {
    const { inputs, optionalInputs = [], outputs } = wanted
    compareNames(path, 'input', session.inputNames, entry.inputs, inputs)
    compareNames(path, 'output', session.outputNames, entry.outputs, outputs)
    // An input that nobody fills would only be found when the graph runs.
    const unknown = session.inputNames.find((name) => !inputs.includes(name) && !optionalInputs.includes(name))
    if (unknown !== undefined) throw modelFault(path, `it wants an input "${unknown}" that this version does not know`)
    compareShapes(path, session.inputMetadata, entry.inputs)
    compareShapes(path, session.outputMetadata, entry.outputs)
  } catch (error) {
    await session.release()
    throw error
  }
  return {
    path,
    entry,
    inputNames: session.inputNames,
    run: async (inputs) => {
      const tensors = Object.entries(inputs).map(
        ([name, { data, dims }]) => [name, new runtime.Tensor('float32', data, [...dims])] as const,
      )
      let found: Awaited<ReturnType<InferenceSession['run']>>
      try {
        found = await session.run(Object.fromEntries(tensors), [...wanted.outputs])
      } catch (cause) {
        throw modelFault(path, cause instanceof Error ? cause.message : String(cause), cause)
      }
      return (name, size) => {
        const output = found[name]
        const data = output?.data
        if (output === undefined || !(data instanceof Float32Array) || (size !== undefined && data.length !== size)) {
          throw modelFault(path, `its output "${name}" has the shape [${output?.dims.join(', ') ?? ''}]`)
        }
        return { data, dims: output.dims }
      }
    },
    [Symbol.asyncDispose]: () => session.release(),
  }
}

/** The maps of one image as inputs of these names. Throws `ModelMismatch` where the backbone returns none of a name. */
export function mapInputs(features: FeatureMaps, names: readonly string[]): Record<string, GraphTensor> {
  const inputs = names.map((name) => {
    const { data, channels, height, width } = mapNamed(features, name)
    return [name, { data, dims: [1, channels, height, width] }] as const
  })
  return Object.fromEntries(inputs)
}

function compareNames(
  path: string,
  what: 'input' | 'output',
  found: readonly string[],
  promised: GraphEntry['inputs'],
  wanted: readonly string[],
): void {
  for (const { name } of promised) {
    if (!found.includes(name)) throw modelFault(path, `it has no ${what} "${name}", which its manifest promises`)
  }
  for (const name of wanted) {
    if (!promised.some((each) => each.name === name)) {
      throw modelFault(path, `its manifest promises no ${what} "${name}", which every MSDNet has`)
    }
  }
}

/** Fixed dimensions of the graph must be those of the manifest. */
function compareShapes(path: string, found: InferenceSession['inputMetadata'], promised: GraphEntry['inputs']): void {
  for (const { name, shape } of promised) {
    const metadata = found.find((each) => each.name === name)
    if (metadata?.isTensor !== true) continue
    const dims = metadata.shape
    const fits =
      dims.length === shape.length &&
      shape.every((size, at) => typeof size === 'string' || typeof dims[at] === 'string' || dims[at] === size)
    if (!fits) {
      throw modelFault(path, `"${name}" has the shape [${dims.join(', ')}], its manifest says [${shape.join(', ')}]`)
    }
  }
}

/** How many numbers an output has whose shape the manifest fixes. */
export function fixedSize({ path, entry }: ModelGraph, name: string): number {
  const shape = entry.outputs.find((each) => each.name === name)?.shape ?? []
  return shape.reduce<number>((size, dimension) => {
    if (typeof dimension === 'string') throw modelFault(path, `the size of "${name}" must be fixed in its manifest`)
    return size * dimension
  }, 1)
}
