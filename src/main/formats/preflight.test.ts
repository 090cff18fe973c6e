import { expect, test } from 'vitest'
import { classRecord, exportSource, quiet, temporaryFolder } from '../../../test/python/export-samples.ts'
import type { SampleImage } from '../../../test/python/export-samples.ts'
import { cocoSpec } from '../../../test/support/export-spec.ts'
import { bitmapFromPicture, painted } from '../../../test/python/mask-samples.ts'
import { readers } from '../../shared/contract/contract.ts'
import type { ExportSpec, PreflightReport, Reader } from '../../shared/contract/contract.ts'
import { exportCoco } from './coco-export.ts'
import type { Bitmap } from '../../shared/mask/bitmap.ts'
import { preflight } from './preflight.ts'
import { exportYolo } from './yolo-export.ts'

const size = { width: 6, height: 3 }
const ring = bitmapFromPicture(['###...', '#.#...', '###...'])
const parts = bitmapFromPicture(['##..##', '##..##', '......'])
const mask = (bitmap: typeof ring) => ({ className: 'bolt', bitmap })

const source = exportSource(
  [
    { ...size, name: 'ring.jpg', masks: [mask(ring)] },
    { ...size, name: 'parts.jpg', masks: [mask(parts)] },
    { ...size, name: 'box.jpg', boxes: [{ className: 'bolt', box: [0, 0, 2, 2] }] },
    { ...size, name: 'empty.jpg', reviewed: true },
    { ...size, name: 'turned.jpg', reviewed: true, orientation: 6 },
  ],
  [classRecord(0, 'bolt')],
)

function look(reader: Reader, segmentation: ExportSpec['segmentation']): Promise<PreflightReport> {
  return preflight(source, { ...cocoSpec, images: 'copy', segmentation }, reader, quiet)
}

/** `image: kind` of everything that is said. */
async function said(reader: Reader, segmentation: ExportSpec['segmentation'] = 'polygon'): Promise<string[]> {
  return (await look(reader, segmentation)).findings.map(({ name, kind }) => `${name}: ${kind}`)
}

test('each reader, by its own rules', async () => {
  expect(await said('pycocotools')).toEqual(['box.jpg: note'])
  expect(await said('cvat')).toEqual(['parts.jpg: note'])
  expect(await said('cvat', 'rle')).toEqual([])
  const alone = await preflight(source, { ...cocoSpec, images: 'none' }, 'cvat', quiet)
  expect(alone.findings[0]?.reason).toContain('takes no file without its images folder')
  expect(await said('detectron2')).toEqual(['box.jpg: note', 'empty.jpg: note', 'turned.jpg: note'])
  expect(await said('fiftyone')).toEqual(['turned.jpg: note'])
  expect(await said('ultralytics')).toEqual(['ring.jpg: changed', 'parts.jpg: changed', 'box.jpg: changed'])
})

/** Masks that are lost, changed ones by the share of them that is. */
function lost({ notes, findings }: PreflightReport): number {
  return notes + findings.reduce((sum, { iou }) => sum + 1 - (iou ?? 1), 0)
}

test('a fix makes what it is for go away', async () => {
  for (const reader of readers) {
    for (const segmentation of ['polygon', 'rle', 'rle-uncompressed'] as const) {
      const before = await look(reader, segmentation)
      for (const { change, meanIou } of before.fixes) {
        if ('format' in change) continue
        const after = await look(reader, change.segmentation)
        // Nothing leads back.
        expect(after.fixes.filter((fix) => 'segmentation' in fix.change)).toEqual([])
        expect(lost(after)).toBeLessThan(lost(before))
        if (meanIou !== null) expect(after.meanIou).toBeCloseTo(meanIou, 12)
      }
    }
  }
})

test('masks that are changed have their IoU; the worst one is named', async () => {
  const { findings, changed, dropped, annotations, images, worstIou } = await look('ultralytics', 'polygon')
  expect({ annotations, images, changed, dropped }).toEqual({ annotations: 3, images: 5, changed: 3, dropped: 0 })
  // The outline of the ring is painted in full: 4 x 3 pixels of the image, of which 8 are of the mask.
  expect(findings[0]).toMatchObject({ className: 'bolt', iou: 8 / 12 })
  expect(findings[1]?.reason).toContain('its 2 parts become one outline')
  expect(worstIou).toBe(Math.min(...findings.map(({ iou }) => iou ?? 1)))
  // Run lengths are filled from their outer border: the hole is closed, and a bridge joins the parts. A third of the
  // height in six digits is a little less than a pixel, so that row is lost. The program itself has 0.5556 and 0.3.
  const fromRuns = await look('ultralytics', 'rle')
  expect(fromRuns.findings.map(({ iou }) => iou)).toEqual([5 / 9, 3 / 10, null])
})

test('what is judged is what would be written: simplified outlines', async () => {
  const dented = bitmapFromPicture(['######', '#####.', '######', '####..', '######', '######'])
  const [image] = exportSource([{ name: 'a.jpg', width: 6, height: 6, masks: [mask(dented)] }], []).images()
  const simple = { ...source, images: () => (image === undefined ? [] : [image]) }
  for (const reader of readers) {
    const spec = { ...cocoSpec, images: 'copy', simplify: 2 } as const
    const { changed, findings, worstIou } = await preflight(simple, spec, reader, quiet)
    expect([reader, changed]).toEqual([reader, 1])
    expect(findings[0]?.reason).toContain('simplified')
    using folder = temporaryFolder()
    const written = await exportCoco(simple, folder.path, { ...spec, images: 'none' }, quiet)
    expect(written.simplification?.minIou).toBeLessThan(1)
    if (reader !== 'ultralytics') expect(worstIou).toBe(written.simplification?.minIou)
  }
  const wrong = preflight(simple, { ...cocoSpec, simplify: 1, segmentation: 'rle' }, 'cvat', quiet)
  await expect(wrong).rejects.toMatchObject({ key: 'simplifyNeedsPolygons' })
})

test('what is judged is what would be written: where masks of turned pictures lie', async () => {
  const picture: SampleImage = {
    ...size,
    name: 'a.jpg',
    orientation: 6,
    masks: [mask(parts)],
    boxes: [{ className: 'bolt', box: [0, 0, 2, 1] }],
  }
  const turned = exportSource([picture], [classRecord(0, 'bolt')])
  const kinds = async (reader: Reader, orientation: ExportSpec['orientation']): Promise<string[]> => {
    const spec = { ...cocoSpec, segmentation: 'rle', images: 'copy', orientation } as const
    const { findings } = await preflight(turned, spec, reader, quiet)
    return findings.filter(({ reason }) => reason.includes('EXIF')).map(({ kind }) => kind)
  }
  // Whoever turns pictures wants masks as displayed; whoever does not, on the stored pixels. Upright copies suit everybody.
  expect(await kinds('cvat', 'displayed')).toEqual([])
  expect(await kinds('cvat', 'stored')).toEqual(['changed', 'changed'])
  expect(await kinds('detectron2', 'stored')).toEqual(['changed', 'changed'])
  expect(await kinds('fiftyone', 'displayed')).toEqual(['note'])
  expect(await kinds('fiftyone', 'stored')).toEqual([])
  for (const reader of readers) expect(await kinds(reader, 'upright')).toEqual([])
  const stored = await preflight(turned, { ...cocoSpec, orientation: 'stored' }, 'cvat', quiet)
  // 8 pixels at the sides of a picture 6 wide and 3 high, and in the file at top and bottom of one 3 wide and 6 high.
  expect(stored.findings.find(({ iou }) => iou !== null)).toMatchObject({ iou: 4 / 12 })
  // The copy of a TIFF says orientation 1; the original does not.
  const tiff = exportSource([{ ...picture, format: 'tiff' }], [classRecord(0, 'bolt')])
  for (const [images, changed] of [
    ['copy', 0],
    ['link', 0],
    ['none', 2],
  ] as const) {
    expect(await preflight(tiff, { ...cocoSpec, images, orientation: 'stored' }, 'cvat', quiet)).toMatchObject({
      changed,
    })
  }
})

test('for Ultralytics, labels with rings through pixel centres are proposed with what they keep, which is what they do', async () => {
  const square = painted(40, 40, (x, y) => x >= 5 && x < 15 && y >= 5 && y < 15)
  const frame = painted(40, 40, (x, y) => Math.max(Math.abs(x - 20), Math.abs(y - 20)) > 4)
  const images = [square, frame].map((bitmap, at) => ({
    name: `${at}.jpg`,
    width: 40,
    height: 40,
    masks: [mask(bitmap)],
  }))
  const simple = exportSource(images, [classRecord(0, 'bolt')])
  const before = await preflight(simple, cocoSpec, 'ultralytics', quiet)
  const sum = before.findings.reduce((total, { iou }) => total + (iou ?? 0), 0)
  expect(before.meanIou).toBeCloseTo(sum / 2, 12)
  expect(before.meanIou).toBeLessThan(0.95)
  expect(before.fixes[0]).toMatchObject({ change: { format: 'yolo', outline: 'centres' }, meanIou: 1 })
  using folder = temporaryFolder()
  const spec = { ...cocoSpec, ...before.fixes[0]?.change }
  expect(await exportYolo(simple, folder.path, spec, quiet)).toMatchObject({ annotations: 2, identical: 2 })
  // Of an object of several parts the largest is what is left of one.
  const ofParts = await preflight(source, cocoSpec, 'ultralytics', quiet)
  expect(ofParts.fixes.find(({ change }) => 'format' in change)?.meanIou).toBeCloseTo((1 + 4 / 8) / 2, 12)
})

test('for Ultralytics, the encoding that keeps more of the masks is proposed, and groups are dropped', async () => {
  const square = painted(40, 40, (x, y) => x >= 5 && x < 15 && y >= 5 && y < 15)
  const frame = painted(40, 40, (x, y) => Math.max(Math.abs(x - 20), Math.abs(y - 20)) > 4)
  const fixes = async (bitmaps: readonly Bitmap[], segmentation: ExportSpec['segmentation']) => {
    const images = bitmaps.map((bitmap, at) => ({ name: `${at}.jpg`, width: 40, height: 40, masks: [mask(bitmap)] }))
    const simple = exportSource(images, [classRecord(0, 'bolt')])
    const report = await preflight(simple, { ...cocoSpec, segmentation }, 'ultralytics', quiet)
    return report.fixes.map(({ change }) => ('format' in change ? change.format : change.segmentation))
  }
  expect(await fixes([square], 'polygon')).toEqual(['rle', 'yolo'])
  expect(await fixes([square], 'rle')).toEqual([])
  expect(await fixes([frame], 'polygon')).toEqual(['yolo'])
  expect(await fixes([frame], 'rle')).toEqual(['yolo', 'polygon'])
  expect(await fixes([square, square, frame], 'polygon')).toEqual(['yolo', 'rle'])
  // What polygons would do to masks that are whole as run lengths is weighed against what they do for others.
  const dented = painted(40, 40, (x, y) => x >= 5 && x < 15 && y >= 5 && y < 15 && (x !== 9 || y !== 9))
  expect(await fixes([dented, square, square], 'rle')).toEqual(['yolo'])
  const crowd = exportSource(
    [{ name: 'a.jpg', width: 40, height: 40, masks: [{ ...mask(square), crowd: true }] }],
    [classRecord(0, 'bolt')],
  )
  expect((await preflight(crowd, cocoSpec, 'ultralytics', quiet)).dropped).toBe(1)
})
