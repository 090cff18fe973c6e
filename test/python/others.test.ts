import { expect, test } from 'vitest'
import { readCoco } from '../../src/main/formats/coco-import.ts'
import { readLabelme } from '../../src/main/formats/labelme-import.ts'
import { countsFromTiles, countsToString } from '../../src/shared/coco/rle.ts'
import { z } from '../../src/shared/zod.ts'
import { because } from '../support/skip-reason.ts'
import { temporaryFolder } from './export-samples.ts'
import { importContext } from './format-round-trips.ts'
import { isPythonMissing, pythonReason, runPython } from './run-python.ts'

const entry = { id: z.string(), image: z.string(), category: z.string() }
const filesSchema = z.array(
  z.object({
    writer: z.string(),
    path: z.string(),
    objects: z.array(z.object({ ...entry, text: z.string(), crowd: z.boolean() })),
    boxes: z.array(z.object({ ...entry, box: z.array(z.number()) })),
    unused: z.array(z.string()),
  }),
)
type OtherFile = z.infer<typeof filesSchema>[number]

/** A path as it is after import: `/`, and no `./` before it. */
function plainPath(path: string): string {
  return path.replaceAll('\\', '/').replace(/^\.\//, '')
}

/** What pycocotools finds in the file, by annotation id: the mask as compressed counts, or the box. */
function expectedOf({ objects, boxes }: OtherFile): Record<string, unknown> {
  return Object.fromEntries([
    ...objects
      .filter(({ text }) => text !== '')
      .map(({ id, image, category, text, crowd }) => [id, { image: plainPath(image), category, text, crowd }]),
    ...boxes.map(({ id, image, category, box }) => [id, { image: plainPath(image), category, box }]),
  ])
}

/** The same as our reader has it. */
async function foundIn(path: string) {
  const { images, classes, problems } = await readCoco(path)
  const found: Record<string, unknown> = Object.fromEntries(
    images.flatMap(({ fileName, width, height, annotations }) =>
      annotations.map(({ originalId, kind, className, tiles, box, crowd }) => {
        const shared = { image: fileName, category: className }
        const text = countsToString(countsFromTiles(tiles, width, height))
        return [originalId, kind === 'box' ? { ...shared, box } : { ...shared, text, crowd: crowd === true }]
      }),
    ),
  )
  return { found, classes, problems }
}

test.skipIf(isPythonMissing)(
  'files of other programs are read as pycocotools reads them',
  because(pythonReason),
  async () => {
    using folder = temporaryFolder()
    const files = filesSchema.parse(runPython('write_others.py', folder.path))
    expect(files).toHaveLength(11)
    for (const file of files) {
      const { found, classes, problems } = await foundIn(file.path)
      const expected = expectedOf(file)
      const masks = file.objects.filter(({ text }) => text !== '').length
      console.log(`${file.writer}: ${masks} masks, ${file.boxes.length} objects written without one`)
      expect(masks, file.writer).toBeGreaterThan(20)
      expect(found, file.writer).toEqual(expected)
      const empty = file.objects.filter(({ text }) => text === '')
      const leftOut = problems.map(({ reason }) => reason).filter((reason) => reason.includes('was left out'))
      expect(leftOut, file.writer).toEqual(empty.map(({ id }) => `Annotation ${id} was left out: it covers no pixel.`))
      const unused = classes.filter(({ annotations }) => annotations === 0).map(({ name }) => name)
      expect(unused, file.writer).toEqual(file.unused)
    }
  },
)

const labelmeSchema = z.array(
  z.object({
    image: z.string(),
    width: z.number(),
    height: z.number(),
    masks: z.array(z.object({ label: z.string(), text: z.string() })),
    boxes: z.array(z.object({ label: z.string(), box: z.array(z.number()) })),
  }),
)

test.skipIf(isPythonMissing)(
  'files that labelme writes: masks as labelme paints them, polygons as pycocotools does',
  because(pythonReason),
  async () => {
    using folder = temporaryFolder()
    const written = labelmeSchema.parse(runPython('write_labelme.py', folder.path))
    const { images, problems } = await readLabelme(folder.path, importContext())
    const found = images.map(({ fileName, width, height, annotations }) => ({
      image: fileName,
      width,
      height,
      masks: annotations
        .filter(({ kind }) => kind === 'mask')
        .map(({ className, tiles }) => ({
          label: className,
          text: countsToString(countsFromTiles(tiles, width, height)),
        })),
      boxes: annotations.flatMap(({ className, box }) => (box === null ? [] : [{ label: className, box }])),
    }))
    const byName = <Entry extends { readonly image: string }>(entries: readonly Entry[]) =>
      entries.toSorted((a, b) => (a.image < b.image ? -1 : 1))
    expect(written.flatMap(({ masks }) => masks).length).toBeGreaterThan(50)
    expect(byName(found)).toEqual(byName(written))
    expect(problems.filter(({ reason }) => !reason.includes('covers no pixel'))).toEqual([])
  },
)
