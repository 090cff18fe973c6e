import { serveRequests } from '../processes/child.ts'
import type { EngineKinds } from './engine-messages.ts'
import { startEngineService } from './engine-service.ts'
import type { FeatureMap, Predictor } from './predictor.ts'
import { deadlyHash } from './scene.fixture.ts'
import { coveredCells } from './support-mask.ts'

/**
 * The engine process with the simplest predictor there is, one mean vector a class, for tests. Under the name `zooming`
 * it learns from zoomed views alone.
 */
const predictor: Predictor = {
  id: 'prototype',
  modelHash: 'f'.repeat(64),
  zooms: false,
  encodeSupport: (features, mask, { zoomed } = {}) => {
    const map = deepMap((zoomed?.features ?? features).maps)
    const weights = coveredCells(mask, map.width, map.height, zoomed?.region)
    return Promise.resolve(bytesOf(prototype(map, weights)))
  },
  fit: (supports) => {
    const vectors = supports.map(vectorOf)
    const mean = Float32Array.from(
      vectors[0] ?? [],
      (_, i) => vectors.reduce((sum, v) => sum + (v[i] ?? 0), 0) / vectors.length,
    )
    return Promise.resolve({ bytes: bytesOf(mean), threshold: 0.5, scores: { supports: supports.length } })
  },
  predict: (features, classes) => {
    const map = deepMap(features.maps)
    const { width, height, channels, data } = map
    const cells = width * height
    return Promise.resolve(
      classes.map(({ bytes }) => {
        const vector = vectorOf(bytes)
        const scores = Float32Array.from({ length: cells }, (_, cell) => {
          let dot = 0
          let square = 0
          for (let c = 0; c < channels; c++) {
            const value = data[c * cells + cell] ?? 0
            dot += value * (vector[c] ?? 0)
            square += value * value
          }
          return (1 + dot / Math.sqrt(Math.max(square, 1e-12))) / 2
        })
        return { width, height, data: scores }
      }),
    )
  },
}

function deepMap(maps: Readonly<Record<string, FeatureMap>>): FeatureMap {
  const map = maps['s16b']
  if (map === undefined) throw new Error('No map s16b')
  return map
}

/** Weighted mean of the foreground minus that of the background, length 1. */
function prototype({ channels, width, height, data }: FeatureMap, weights: Float32Array): Float32Array {
  const cells = width * height
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const vector = Float32Array.from({ length: channels }, (_, c) => {
    let inside = 0
    let outside = 0
    for (let cell = 0; cell < cells; cell++) {
      const value = data[c * cells + cell] ?? 0
      const weight = weights[cell] ?? 0
      inside += value * weight
      outside += value * (1 - weight)
    }
    return inside / Math.max(total, 1e-6) - outside / Math.max(cells - total, 1e-6)
  })
  const length = Math.hypot(...vector)
  return vector.map((value) => value / Math.max(length, 1e-12))
}

function bytesOf(vector: Float32Array): Uint8Array {
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength).slice()
}

function vectorOf(bytes: Uint8Array): Float32Array {
  return new Float32Array(bytes.slice().buffer)
}

serveRequests<EngineKinds>(async (setup) => {
  const handlers = await startEngineService(setup, (id) => Promise.resolve({ ...predictor, zooms: id === 'zooming' }))
  return {
    ...handlers,
    segment: (payload, context) => {
      if (payload.image.contentHash === deadlyHash) process.abort()
      return handlers.segment(payload, context)
    },
  }
})
