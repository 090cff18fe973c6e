import { createHash } from 'node:crypto'
import type { ExportAnnotation, ImportedAnnotation, ImportedImage } from './format-types.ts'
import type { SelectedImage } from './selection.ts'
import { annotationOf, boxFromEdges, edgesOfBox } from './shapes.ts'

/** What a reader must find of an annotation that was written; boxes as corners. */
function importedFrom(
  { record, tiles }: ExportAnnotation,
  classNames: ReadonlyMap<string, string>,
): ImportedAnnotation {
  const box = boxFromEdges(edgesOfBox(record.box ?? record.bounds))
  return annotationOf(
    classNames.get(record.classId) ?? '',
    record.kind === 'mask' ? { kind: 'mask', tiles } : { kind: 'box', box },
  )
}

/** What a reader must find of an image that was written with these of its annotations. */
export function expectedImage(
  { source }: SelectedImage,
  annotations: readonly ExportAnnotation[],
  classNames: ReadonlyMap<string, string>,
): ImportedImage {
  const { name, width, height } = source.image
  return {
    fileName: name,
    width,
    height,
    annotations: annotations.map((annotation) => importedFrom(annotation, classNames)),
  }
}

/** All of an image as one digest: stored runs are canonical, so equal digests are equal pixels. */
export function imageDigest({ fileName, width, height, annotations }: ImportedImage): string {
  const hash = createHash('sha256').update(JSON.stringify([fileName, width, height]))
  for (const { className, kind, box, crowd, tiles } of annotations) {
    hash.update(JSON.stringify([className, kind, box, crowd, tiles.length]))
    for (const tile of tiles) hash.update(JSON.stringify([tile.x, tile.y, tile.runs.length])).update(tile.runs)
  }
  return hash.digest('base64')
}
