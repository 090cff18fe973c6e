import type { Reader } from '../../shared/contract/contract.ts'
import { polygonsFromTiles, ringArea } from '../../shared/coco/polygons.ts'
import { tilesArea, tilesBounds, tilesIou } from '../../shared/mask/tiles.ts'
import type { MaskTile } from '../../shared/domain/history.ts'
import { decodeSegmentation } from './coco-records.ts'
import type { ReaderRules, Verdict, WrittenAnnotation } from './reader-rules.ts'
import { contoursOf, readByUltralytics } from './ultralytics-reading.ts'
import type { Rings } from './ultralytics-reading.ts'

const polygons = { sentence: 'Write polygons.', change: { segmentation: 'polygon' }, gain: 1 } as const
const openHoles = { sentence: 'Write polygons, whose holes stay open.', change: { segmentation: 'polygon' } } as const
const runLengths = {
  sentence: 'Write RLE, whose masks are filled to the pixel but for their holes.',
  change: { segmentation: 'rle' },
} as const
const plain = { ofImage: () => null } as const

const throughCentres = {
  sentence:
    'Export YOLO with rings through the centres of pixels, which Ultralytics fills to the pixel; several parts become objects of their own.',
  change: { format: 'yolo', outline: 'centres' },
} as const

function note(reason: string, ...fixes: Verdict['fixes']): Verdict {
  return { kind: 'note', reason, iou: null, fixes }
}

function dropped(reason: string): Verdict {
  return { kind: 'dropped', reason, iou: 0, fixes: [] }
}

function isBox({ annotation }: WrittenAnnotation): boolean {
  return annotation.record.kind === 'box'
}

/** Readers of COCO instances files by name, each as its published code takes what we write. */
export const readerRules: Readonly<Record<Reader, ReaderRules>> = {
  pycocotools: {
    ...plain,
    turns: null,
    ofAnnotation: (written) => {
      if (isBox(written)) return note('A box has no mask: `annToMask` fails on it, evaluation of boxes takes it.')
      return decoded(written)
    },
  },
  cvat: {
    ofExport: ({ images }) =>
      images === 'none'
        ? note('Datumaro takes no file without its images folder: copy or link the images into the export.')
        : null,
    ...plain,
    turns: true,
    ofAnnotation: (written) => {
      if (isBox(written)) return null
      const { segmentation } = written
      const verdict = decoded(written)
      if (verdict === null && Array.isArray(segmentation) && segmentation.length > 1) {
        return note(`Its ${segmentation.length} parts become ${segmentation.length} polygons of one group.`, {
          sentence: 'Write RLE, which arrives as one mask.',
          change: { segmentation: 'rle' },
          gain: 1,
        })
      }
      return verdict
    },
  },
  detectron2: {
    turns: true,
    ofImage: (_image, annotations) =>
      annotations === 0
        ? note(
            'Images without annotations are left out of training unless DATALOADER.FILTER_EMPTY_ANNOTATIONS is False.',
          )
        : null,
    ofAnnotation: (written) => {
      if (isBox(written)) return note('A box has no mask: training with masks fails on it.')
      if (!Array.isArray(written.segmentation)) {
        return note('Run lengths are only read with INPUT.MASK_FORMAT "bitmask".', polygons)
      }
      return decoded(written)
    },
  },
  ultralytics: {
    ...plain,
    turns: true,
    ofAnnotation: (written) => {
      if (isBox(written)) {
        return { kind: 'changed', reason: 'A box becomes a mask that fills it.', iou: null, fixes: [] }
      }
      return trained(written)
    },
  },
  fiftyone: {
    ...plain,
    turns: false,
    ofAnnotation: (written) => (isBox(written) ? null : decoded(written)),
  },
}

/** By pycocotools' rule. Nothing is said of a mask that comes back whole. */
function decoded({ annotation, size, segmentation, iou }: WrittenAnnotation): Verdict | null {
  const back = decodeSegmentation(segmentation, size.width, size.height)
  return changed(annotation.tiles, back, iou < 1 ? 'It was simplified.' : 'It comes back with other pixels.')
}

/** By Ultralytics' rule, and what the other encoding and labels of its own would make of it. */
function trained({ annotation, size, segmentation, iou: written }: WrittenAnnotation): Verdict | null {
  const { tiles, record } = annotation
  if (record.crowd) return dropped('Groups of objects (`iscrowd` 1) are left out.')
  const box = tilesBounds(tiles)
  if (box === null) return null
  const isPolygon = Array.isArray(segmentation)
  const iouOf = (rings: Rings): number => tilesIou(tiles, readByUltralytics(rings, box, size))
  // Run lengths hold the very pixels of the mask.
  const iou = iouOf(isPolygon ? segmentation : contoursOf(tiles))
  const rings = polygonsFromTiles(tiles)
  const largest = rings.reduce((most, ring) => Math.max(most, ringArea(ring)), 0)
  // Simplified outlines are asked for, and run lengths and labels have none.
  const fixes =
    written < 1
      ? []
      : [
          { ...(isPolygon ? runLengths : openHoles), gain: iouOf(isPolygon ? contoursOf(tiles) : rings) - iou },
          // Of several objects the largest is what is left of one.
          { ...throughCentres, gain: largest / tilesArea(tiles) - iou },
        ]
  if (iou === 1) return { kind: 'whole', reason: '', iou, fixes }
  const why = [
    ...(written < 1 ? ['its simplified outline is taken'] : []),
    ...(isPolygon && segmentation.length > 1 ? [`its ${segmentation.length} parts become one outline`] : []),
    isPolygon
      ? 'outlines are filled with their edge'
      : 'it is filled from its outer border, which closes holes and joins parts',
  ]
  return { kind: 'changed', reason: `In training ${why.join(', ')}.`, iou, fixes }
}

function changed(stored: readonly MaskTile[], read: readonly MaskTile[], reason: string): Verdict | null {
  const iou = tilesIou(stored, read)
  return iou === 1 ? null : { kind: 'changed', reason, iou, fixes: [] }
}
