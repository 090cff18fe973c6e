import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bitmapFromTiles } from '../../src/shared/mask/tiles.ts'
import { openProject } from '../../src/main/store/project-store.ts'
import { z } from '../../src/shared/zod.ts'

const resultSchema = z.object({ annotations: z.int(), identical: z.int(), differences: z.array(z.string()) })

/**
 * Reads a COCO file with pycocotools and compares every mask with the accepted ones in the project's store,
 * pixel by pixel. Throws when no Python with pycocotools is named.
 */
export function compareWithPycocotools(projectFolder: string, cocoFile: string): z.infer<typeof resultSchema> {
  const python = process.env['EXEMPLAR_PYTHON']
  if (python === undefined)
    throw new Error('EXEMPLAR_PYTHON names no Python with the readers of test/python/requirements*.txt installed.')
  const folder = mkdtempSync(join(tmpdir(), 'exemplar-compare-'))
  const store = openProject(projectFolder)
  try {
    const classes = new Map(store.classes.list().map((each) => [each.id, each.name]))
    const masks = [...store.images.iterate()].flatMap((image) =>
      store.annotations
        .ofImage(image.id)
        .filter((record) => record.state === 'accepted' && record.kind === 'mask')
        .map((record) => ({
          fileName: image.name,
          className: classes.get(record.classId),
          width: image.width,
          height: image.height,
          pixels: Buffer.from(
            bitmapFromTiles(store.annotations.tiles(record.id), image.width, image.height).data,
          ).toString('base64'),
        })),
    )
    const file = join(folder, 'stored.json')
    writeFileSync(file, JSON.stringify(masks))
    const script = join(import.meta.dirname, '..', 'python', 'compare_export.py')
    const answer = execFileSync(python, [script, cocoFile, file], { encoding: 'utf8', maxBuffer: 64 << 20 })
    return resultSchema.parse(JSON.parse(answer.slice(answer.indexOf('{'))))
  } finally {
    store.close()
    rmSync(folder, { recursive: true })
  }
}
