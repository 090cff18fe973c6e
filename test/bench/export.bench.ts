import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExportImage, ExportNumbers, ExportSource } from '../../src/main/formats/format-types.ts'
import { writeDataSet } from '../../src/main/formats/registry.ts'
import { seededRandom } from '../../src/main/evaluate/random.ts'
import { formatNames } from '../../src/shared/contract/contract.ts'
import { createBitmap } from '../../src/shared/mask/bitmap.ts'
import { tilesArea, tilesBounds, tilesFromBitmap } from '../../src/shared/mask/tiles.ts'
import { z } from '../../src/shared/zod.ts'
import type { MaskTile } from '../../src/shared/domain/history.ts'
import { checkInPython, isPythonMissing, pythonReason } from '../python/run-python.ts'
import { classRecord, exportSource } from '../python/export-samples.ts'
import { cocoSpec } from '../support/export-spec.ts'
import { indexPngCodec } from '../python/index-png-codec.ts'

/**
 * An export of 50,000 images with ten masks each (`npm run bench -- export [IMAGES [FORMAT [SEGMENTATION]]]`, COCO by default),
 * self-check included: seconds, bytes, and the largest memory of the process. It must not grow with the number of images. PNGs are made
 * in this process, which the program leaves to another one. Beside COCO stands what Datumaro takes to read the same file and write it
 * again, where EXEMPLAR_PYTHON has it. Prints, never judges.
 */

const images = Number(process.argv[2] ?? 50_000)
const format = formatNames.find((name) => name === process.argv[3]) ?? 'coco'
/** One after the other: the second one starts with what the first has left behind, so its memory is only its own alone. */
const encodings = (['rle', 'polygon'] as const).filter((name) =>
  format === 'coco' ? (process.argv[4] ?? name) === name : name === 'polygon',
)
const masksAnImage = 10
const [width, height] = [640, 480]
const random = seededRandom(5)

/** A disc with a ragged edge, some with a hole. */
function blob(): MaskTile[] {
  const radius = 8 + Math.floor(random() * 40)
  const side = 2 * radius + 1
  const bitmap = createBitmap(side, side)
  const hole = random() < 0.3 ? 0.4 : 0
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const distance = Math.hypot(x - radius, y - radius) / radius
      if (distance < 0.85 + 0.15 * random() && distance >= hole) bitmap.data[y * side + x] = 1
    }
  }
  return tilesFromBitmap(bitmap, Math.floor(random() * (width - side)), Math.floor(random() * (height - side)))
}

/** Masks to draw from: what is measured is the export and not the making of masks. */
const shapes = Array.from({ length: 500 }, blob).map((tiles) => ({
  tiles,
  area: tilesArea(tiles),
  bounds: tilesBounds(tiles) ?? ([0, 0, 1, 1] as const),
}))
const classes = [classRecord(0, 'bolt'), classRecord(1, 'nut')]
const [sample] = exportSource([{ name: 'x.jpg', width, height, reviewed: true }], classes).images()
if (sample === undefined) throw new Error('no sample image')

function* lazily(): Generator<ExportImage> {
  for (let index = 0; index < images; index++) {
    const id = `image-${index}`
    const annotations = Array.from({ length: masksAnImage }, (_, at) => {
      const { tiles, area, bounds } = shapes[(index * masksAnImage + at) % shapes.length] ?? shapes[0]!
      const record = {
        id: `${id}-${at}`,
        imageId: id,
        classId: classes[at % 2]?.id ?? '',
        kind: 'mask',
        origin: 'drawn',
        state: 'accepted',
        score: null,
        versionId: null,
        polygon: null,
        box: null,
        crowd: false,
        createdAt: '2026-01-01T00:00:00Z',
        area,
        bounds: [...bounds] as [number, number, number, number],
        maskRevision: 1,
      } as const
      return { record, tiles }
    })
    const name = `${String(index).padStart(6, '0')}.jpg`
    yield { ...sample!, image: { ...sample!.image, id, name }, annotations }
  }
}

const numbers: ExportNumbers = {
  image: (id) => Number(id.split('-')[1]) + 1,
  class: (id) => classes.findIndex((record) => record.id === id) + 1,
  annotation: (id) => {
    const [, image, at] = id.split('-').map(Number)
    return (image ?? 0) * masksAnImage + (at ?? 0) + 1
  },
}
const source: ExportSource = { ...exportSource([], classes), images: lazily, numbers: () => numbers }

const peerSchema = z.object({ seconds: z.number(), peak: z.number() })

/** Datumaro holds everything at once: 2,000 images as polygons are 1.2 GiB there. */
const mostForPeer = 5_000

/** Datumaro on the export in this folder, in a process of its own. */
function printPeer(root: string): void {
  if (images > mostForPeer) {
    console.log(`Datumaro     not measured with more than ${mostForPeer.toLocaleString('en')} images`)
    return
  }
  if (isPythonMissing) {
    console.log(`Datumaro     not measured: ${pythonReason}`)
    return
  }
  const job = { root, output: join(folder, 'datumaro') }
  const peer = peerSchema.parse(checkInPython('time_datumaro.py', folder, job))
  console.log(
    `Datumaro     the same file read and written again, ${peer.seconds.toFixed(0)} s, memory ${megabytes(peer.peak)} at most`,
  )
  rmSync(job.output, { recursive: true, force: true })
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20).toLocaleString('en')} MiB`
const folder = mkdtempSync(join(tmpdir(), 'exemplar-export-bench-'))
try {
  for (const segmentation of encodings) {
    const before = process.memoryUsage.rss()
    let largest = before
    const start = performance.now()
    const report = await writeDataSet(
      source,
      join(folder, segmentation),
      { ...cocoSpec, format, segmentation },
      indexPngCodec,
      {
        signal: new AbortController().signal,
        progress: ({ done }) => {
          if (done % 100 === 0) largest = Math.max(largest, process.memoryUsage.rss())
        },
      },
    )
    const seconds = (performance.now() - start) / 1000
    const { size } = statSync(join(folder, segmentation, report.files[0] ?? ''))
    const peak = process.resourceUsage().maxRSS * 1024
    console.log(
      `${format} ${format === 'coco' ? segmentation : ''}`.padEnd(13) +
        `${report.images.toLocaleString('en')} images, ${report.identical.toLocaleString('en')} of ` +
        `${report.annotations.toLocaleString('en')} masks identical, ${megabytes(size)}, ${seconds.toFixed(0)} s ` +
        `(${((1e6 * seconds) / report.annotations).toFixed(0)} µs a mask), memory ${megabytes(before)} before, ` +
        `${megabytes(largest)} while writing, ${megabytes(peak)} at most so far`,
    )
    if (format === 'coco') printPeer(join(folder, segmentation))
  }
} finally {
  rmSync(folder, { recursive: true })
}
