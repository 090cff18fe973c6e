import type { ExportSpec, PreflightReport, Reader } from '../../shared/contract/contract.ts'
import { checkCocoSpec, encodeMask, placeOn } from './coco-written.ts'
import { tilesIou } from '../../shared/mask/tiles.ts'
import type { ExportAnnotation, ExportContext, ExportImage, ExportSource } from './format-types.ts'
import type { Fix, ReaderRules, Verdict } from './reader-rules.ts'
import { readerRules } from './readers.ts'
import { isTurnedTiff, selectImages, withPlainNames } from './selection.ts'

/** Findings that a report lists; all are counted. */
const mostFindings = 500

/**
 * Says what a reader of the exported COCO file would drop or change, mask by mask, before anything is written.
 * Masks are taken one image at a time.
 */
export async function preflight(
  source: ExportSource,
  spec: ExportSpec,
  reader: Reader,
  context: ExportContext,
): Promise<PreflightReport> {
  checkCocoSpec(spec)
  const rules = readerRules[reader]
  const names = new Map(source.classes.map(({ id, name }) => [id, name]))
  const findings: PreflightReport['findings'] = []
  const fixes = new Map<string, OfferedFix>()
  let [masks, sumOfIou] = [0, 0]
  const counts = { images: 0, annotations: 0, dropped: 0, changed: 0, notes: 0, worstIou: 1 }
  const take = (name: string, annotation: ExportAnnotation | null, verdict: Verdict | null): void => {
    if (verdict === null) return
    for (const fix of verdict.fixes) {
      const gain = (fixes.get(fix.sentence)?.gain ?? 0) + fix.gain
      fixes.set(fix.sentence, { ...fix, gain, isOfPixels: verdict.iou !== null })
    }
    if (verdict.kind === 'whole') return
    counts[verdict.kind === 'note' ? 'notes' : verdict.kind]++
    if (verdict.iou !== null) counts.worstIou = Math.min(counts.worstIou, verdict.iou)
    if (findings.length === mostFindings) return
    const { kind, reason, iou } = verdict
    const className = annotation === null ? null : (names.get(annotation.record.classId) ?? null)
    findings.push({ name, annotationId: annotation?.record.id ?? null, className, kind, reason, iou })
  }
  take(source.projectName, null, rules.ofExport?.(spec) ?? null)
  const plain = withPlainNames(source, spec)
  for await (const { source: item, annotations } of selectImages(plain.source, spec, context)) {
    const { image } = item
    counts.images++
    take(image.name, null, rules.ofImage(item, annotations.length))
    const isAside = takenAside(image, spec, rules)
    if (isAside && spec.orientation === 'displayed') take(image.name, null, notTurned)
    const placed = placeOn(image, spec)
    for (const annotation of annotations) {
      counts.annotations++
      const written = placed.annotation(annotation)
      const { size } = placed
      const { segmentation, iou } =
        annotation.record.kind === 'box' ? { segmentation: [], iou: 1 } : encodeMask(written.tiles, size, spec)
      const verdict = rules.ofAnnotation({ annotation: written, size, segmentation, iou })
      const isElsewhere = isAside && spec.orientation === 'stored' && verdict?.kind !== 'dropped'
      const said = isElsewhere ? elsewhere(annotation, written) : verdict
      take(image.name, annotation, said)
      if (annotation.record.kind === 'box') continue
      masks++
      sumOfIou += said?.iou ?? 1
    }
  }
  const meanIou = masks === 0 ? 1 : sumOfIou / masks
  const worthwhile = [...fixes.values()].filter(({ gain }) => gain > 0).sort((a, b) => b.gain - a.gain)
  return {
    reader,
    ...counts,
    meanIou,
    findings,
    fixes: worthwhile.map(({ sentence, change, gain, isOfPixels }) => {
      return { sentence, change, meanIou: isOfPixels ? meanIou + gain / masks : null }
    }),
  }
}

/** What a change does for all masks together, and whether that was found by comparing pixels. */
interface OfferedFix extends Fix {
  readonly isOfPixels: boolean
}

const notTurned: Verdict = {
  kind: 'note',
  reason:
    'The picture has an EXIF orientation, which is not applied: the masks lie as the picture is displayed. Put the masks on the stored pixels, or export upright copies.',
  iou: null,
  fixes: [],
}

/** Whether the reader has the picture another way round than the masks lie in the file. */
function takenAside(image: ExportImage['image'], spec: ExportSpec, { turns }: ReaderRules): boolean {
  if (image.orientation === 1 || turns === null || spec.orientation === 'upright') return false
  // The copy has nothing that turns it.
  if (isTurnedTiff(image, spec)) return false
  return turns === (spec.orientation === 'stored')
}

/** What a reader that turns pictures has of a mask on the stored pixels. */
function elsewhere(annotation: ExportAnnotation, written: ExportAnnotation): Verdict {
  return {
    kind: 'changed',
    reason: 'It lies on the pixels as the file stores them, and the picture is turned by its EXIF orientation before.',
    iou: annotation.record.kind === 'box' ? null : tilesIou(annotation.tiles, written.tiles),
    fixes: [],
  }
}
