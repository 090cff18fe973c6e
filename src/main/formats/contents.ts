import type { ExportContents, ExportSpec } from '../../shared/contract/contract.ts'
import { connectedComponents } from '../../shared/mask/components.ts'
import { cropFromTiles, tilesIou } from '../../shared/mask/tiles.ts'
import type { ExportAnnotation, ExportContext, ExportSource } from './format-types.ts'
import { selectImages } from './selection.ts'

/** Masks that are looked at pixel by pixel: enough to know what a project is like, and a matter of seconds. */
const mostMasks = 20_000

/**
 * Counts what not every format can hold, so that a person knows before an export. After the first 20,000 masks it ends, and
 * says so. Throws `Cancelled`.
 */
export async function countContents(
  source: ExportSource,
  spec: Pick<ExportSpec, 'include'>,
  context: ExportContext,
): Promise<ExportContents> {
  const parents = source.classes.filter(({ parentId }) => parentId !== null).length
  const contents = { boxes: 0, parts: 0, overlaps: 0, instances: 0, parents, isWhole: true }
  let looked = 0
  for await (const { annotations } of selectImages(source, spec, context)) {
    if (looked >= mostMasks) return { ...contents, isWhole: false }
    const masks = annotations.filter(({ record, tiles }) => record.kind === 'mask' && tiles.length > 0)
    looked += masks.length
    contents.boxes += annotations.filter(({ record }) => record.kind === 'box').length
    contents.parts += masks.filter(hasParts).length
    contents.overlaps += masks.filter((mask) => masks.some((other) => other !== mask && share(mask, other))).length
    const ofClass = Map.groupBy(masks, ({ record }) => record.classId)
    contents.instances += [...ofClass.values()].reduce((sum, { length }) => sum + (length > 1 ? length : 0), 0)
  }
  return contents
}

function hasParts({ tiles }: ExportAnnotation): boolean {
  const crop = cropFromTiles(tiles)
  return crop !== null && connectedComponents(crop.bitmap, 4).count > 1
}

function share(a: ExportAnnotation, b: ExportAnnotation): boolean {
  const [ax, ay, aw, ah] = a.record.bounds
  const [bx, by, bw, bh] = b.record.bounds
  const apart = ax + aw <= bx || bx + bw <= ax || ay + ah <= by || by + bh <= ay
  return !apart && tilesIou(a.tiles, b.tiles) > 0
}
