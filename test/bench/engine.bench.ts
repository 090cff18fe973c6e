import { createHash, randomUUID } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as onnxruntime from 'onnxruntime-node'
import sharp from 'sharp'
import type { SegmentSpec } from '../../src/shared/contract/contract.ts'
import type { Operation } from '../../src/shared/domain/history.ts'
import { createBitmap } from '../../src/shared/mask/bitmap.ts'
import { tilesFromBitmap } from '../../src/shared/mask/tiles.ts'
import { createEngine } from '../../src/main/engine/client.ts'
import type { EngineImage } from '../../src/main/engine/engine-port.ts'
import { modelInputSize } from '../../src/main/engine/input-size.ts'
import { inferenceThreads } from '../../src/main/engine/threads.ts'
import { createCodec } from '../../src/main/images/codec-client.ts'
import { createJobRunner } from '../../src/main/jobs/job-runner.ts'
import { createProject } from '../../src/main/store/project-store.ts'

/**
 * Seconds an image of a segmentation job, beside the same photographs in a bare loop of sharp and
 * onnxruntime (decode, resize, backbone; nothing predicted, refined or stored). Prints, never judges.
 *
 *     node test/bench/engine.bench.ts [folder with JPEGs, else 12 made ones]
 */

const modelsFolder = fileURLToPath(new URL('../../models', import.meta.url))
const mostImages = 24
const madeImages = 12

interface Photograph {
  readonly path: string
  readonly contentHash: string
  readonly width: number
  readonly height: number
}

const temporary = await mkdtemp(join(tmpdir(), 'exemplar-bench-'))
try {
  const given = process.argv[2]
  const photographs = given === undefined ? await makePhotographs() : await findPhotographs(resolve(given))
  const bare = await bareLoop(photographs)
  const app = await segmentJob(photographs)
  const line = (name: string, seconds: number): string =>
    `${name.padEnd(34)} ${seconds.toFixed(3)} s/image  ${(seconds / bare).toFixed(2)} x`
  console.log(`${photographs.length} images, ${app.device}`)
  console.log(line('bare sharp + onnxruntime loop', bare))
  console.log(line('job, features computed', app.first))
  console.log(line('job, features from disk (refresh)', app.again))
} finally {
  await rm(temporary, { recursive: true })
}

async function makePhotographs(): Promise<Photograph[]> {
  const made: Photograph[] = []
  for (let number = 0; number < madeImages; number++) {
    const path = join(temporary, `${number}.jpg`)
    const noise = { type: 'gaussian' as const, mean: 128, sigma: 20 + number }
    const base = sharp({ create: { width: 1200, height: 900, channels: 3, background: '#808080', noise } })
    const disc = Buffer.from(
      `<svg width="1200" height="900"><circle cx="${300 + number * 50}" cy="450" r="200" fill="#c03020"/></svg>`,
    )
    await base
      .composite([{ input: disc }])
      .jpeg({ quality: 90 })
      .toFile(path)
    made.push(await describe(path))
  }
  return made
}

async function findPhotographs(folder: string): Promise<Photograph[]> {
  const names = (await readdir(folder)).filter((name) => /\.jpe?g$/i.test(name)).sort()
  return Promise.all(names.slice(0, mostImages).map((name) => describe(join(folder, name))))
}

async function describe(path: string): Promise<Photograph> {
  const { autoOrient } = await sharp(path).metadata()
  const contentHash = createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
  return { path, contentHash, width: autoOrient.width, height: autoOrient.height }
}

/** Mean seconds an image, the first one (which warms up) left out. */
async function bareLoop(photographs: readonly Photograph[]): Promise<number> {
  const session = await onnxruntime.InferenceSession.create(join(modelsFolder, 'backbone.onnx'), {
    executionProviders: ['cpu'],
    intraOpNumThreads: inferenceThreads(),
  })
  let start = 0
  for (const [index, { path, width, height }] of photographs.entries()) {
    if (index === 1) start = performance.now()
    const size = modelInputSize(width, height, 'normal')
    const { data } = await sharp(path)
      .autoOrient()
      .resize(size.width, size.height, { fit: 'fill' })
      .raw()
      .toBuffer({ resolveWithObject: true })
    const plane = size.width * size.height
    const input = new Float32Array(plane * 3)
    for (let pixel = 0; pixel < plane; pixel++) {
      for (let c = 0; c < 3; c++) input[c * plane + pixel] = ((data[pixel * 3 + c] ?? 0) - 127) / 128
    }
    await session.run({ image: new onnxruntime.Tensor('float32', input, [1, 3, size.height, size.width]) })
  }
  const seconds = (performance.now() - start) / 1000 / (photographs.length - 1)
  await session.release()
  return seconds
}

/** The whole way of a job: codec process, engine process, refinement, database. */
async function segmentJob(
  photographs: readonly Photograph[],
): Promise<{ readonly first: number; readonly again: number; readonly device: string }> {
  const warn = (line: string): void => console.error(line)
  const codec = createCodec({ log: warn })
  const engine = createEngine({ modelsFolder, cacheFolder: join(temporary, 'features'), provider: 'auto', log: warn })
  const store = createProject(join(temporary, 'project'), 'bench')
  const imageFor = (imageId: string): EngineImage => {
    const photograph = photographs[Number(imageId)]
    if (photograph === undefined) throw new Error(`No image ${imageId}`)
    const { path, ...image } = photograph
    return { ...image, pixels: (width, height, options) => codec.pixels(path, width, height, options) }
  }
  const runner = createJobRunner({ store, engine, imageFor, onProgress: () => undefined })
  const commit = (operations: Operation[]): unknown =>
    store.history.commit({ id: randomUUID(), labelKey: 'bench', labelParams: {}, imageIds: [], operations })
  try {
    commit([{ kind: 'batch', batchId: 'batch', before: false, after: true }])
    store.images.insert(
      photographs.map(({ path, ...image }, index) => ({
        record: { id: String(index), name: path, orientation: 1, format: 'jpeg', batchId: 'batch', ...image },
        path,
      })),
    )
    const classRecord = { id: 'c', name: 'disc', colour: '#336699', key: null, parentId: null, position: 0 }
    commit([{ kind: 'class', before: null, after: { ...classRecord, split: 'region' } }])
    const { width, height } = imageFor('0')
    const bitmap = createBitmap(width, height)
    for (let y = height >> 2; y < (height * 3) >> 2; y++)
      bitmap.data.fill(1, y * width + (width >> 2), y * width + (width >> 1))
    const support = await engine.encodeSupport(imageFor('0'), { width, height, tiles: tilesFromBitmap(bitmap) })
    const fitted = await engine.fit([support])
    const info = await engine.info()
    const { id } = store.versions.add({
      record: {
        id: randomUUID(),
        classId: 'c',
        parentId: null,
        createdAt: new Date().toISOString(),
        predictor: info.predictor,
        modelHash: info.modelHash,
        supports: [{ annotationId: 'a', imageId: '0', contentHash: imageFor('0').contentHash, maskHash: 'm' }],
        threshold: fitted.threshold,
        scores: {},
      },
      state: fitted.bytes,
      supportStates: [support],
    })
    commit([{ kind: 'version', classId: 'c', before: null, after: id }])
    const spec: SegmentSpec = { kind: 'segment', classIds: ['c'], images: 'all', provider: 'auto', detail: 'normal' }
    const seconds = async (images: SegmentSpec['images']): Promise<number> => {
      const start = performance.now()
      const job = await runner.waitFor(runner.start({ ...spec, images }).id)
      if (job.state !== 'done' || job.failed > 0)
        throw new Error(job.reason ?? JSON.stringify(store.jobs.failures(job.id)))
      return (performance.now() - start) / 1000 / job.total
    }
    // The image of the example has its features already.
    const first = await seconds(photographs.slice(1).map((_, index) => String(index + 1)))
    return { first, again: await seconds('all'), device: info.device }
  } finally {
    await runner.close()
    await Promise.all([engine.close(), codec.close()])
    store.close()
  }
}
