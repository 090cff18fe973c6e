import type { MaskTile } from '../../shared/domain/history.ts'
import type { Box } from '../../shared/domain/records.ts'
import { unionTiles } from '../../shared/mask/tiles.ts'
import type { ImportedAnnotation, ImportedClass, ImportedImage } from './format-types.ts'

/** What one shape of a file is here. `reason` goes on after "… was left out:". */
export type ShapeReading =
  | { readonly kind: 'mask'; readonly tiles: readonly MaskTile[] }
  | { readonly kind: 'box'; readonly box: Box }
  | { readonly kind: 'skip'; readonly reason: string }

export function skipShape(reason: string): ShapeReading {
  return { kind: 'skip', reason }
}

export function maskShape(tiles: readonly MaskTile[]): ShapeReading {
  return tiles.length === 0 ? skipShape('it covers no pixel.') : { kind: 'mask', tiles }
}

export function boxShape(edges: Edges): ShapeReading {
  const box = boxFromEdges(edges)
  return box[2] > 0 && box[3] > 0 ? { kind: 'box', box } : skipShape('it has no area.')
}

/** Left, top, right and bottom of a box, in pixels. */
export type Edges = readonly [number, number, number, number]

/** For formats that keep corners: written with six decimals they give the same box back whoever subtracts them. */
export function edgesOfBox([x, y, w, h]: Box): Edges {
  return [sixDecimals(x), sixDecimals(y), sixDecimals(x + w), sixDecimals(y + h)]
}

export function boxFromEdges([left, top, right, bottom]: Edges): Box {
  return [left, top, sixDecimals(right - left), sixDecimals(bottom - top)]
}

function sixDecimals(value: number): number {
  return Math.round(value * 1e6) / 1e6
}

/** What a reader makes of a shape that could be read. */
export function annotationOf(className: string, reading: Exclude<ShapeReading, { kind: 'skip' }>): ImportedAnnotation {
  return {
    className,
    kind: reading.kind,
    tiles: reading.kind === 'mask' ? reading.tiles : [],
    box: reading.kind === 'box' ? reading.box : null,
    crowd: null,
    originalId: null,
  }
}

/**
 * What an image says of itself that has so many entries in its data set, read or not: nothing where there is one. A file of
 * its own without any is a statement; a mere mention in a list is none, unless the list says so.
 */
export function emptinessOf(entries: number, isStated: boolean): Pick<ImportedImage, 'empty'> {
  return entries > 0 ? {} : { empty: isStated ? 'stated' : 'listed' }
}

/** A shape of a file, with the name of the group it is in. */
export interface GroupedShape {
  readonly annotation: ImportedAnnotation
  readonly group: string | null
}

/** One annotation an object: masks of one class and one group are its parts. Boxes stay as they are. */
export function joinGroups(shapes: readonly GroupedShape[]): ImportedAnnotation[] {
  const members = new Map<string, ImportedAnnotation[]>()
  for (const [index, { annotation, group }] of shapes.entries()) {
    const isPart = group !== null && annotation.kind === 'mask'
    const key = JSON.stringify(isPart ? [annotation.className, group] : index)
    const known = members.get(key)
    if (known === undefined) members.set(key, [annotation])
    else known.push(annotation)
  }
  return [...members.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return []
    if (others.length === 0) return [first]
    return [{ ...first, tiles: unionTiles([first, ...others].map(({ tiles }) => tiles)) }]
  })
}

/**
 * The classes of a data set with the number of their annotations: those that it lists by name, then others in the order in
 * which they are met.
 */
export function classesOf(
  images: readonly { readonly annotations: readonly ImportedAnnotation[] }[],
  names: Iterable<string> = [],
  parentOf: (name: string) => string | null = () => null,
): ImportedClass[] {
  const counts = new Map([...names].map((name) => [name, 0]))
  for (const { annotations } of images) {
    for (const { className } of annotations) counts.set(className, (counts.get(className) ?? 0) + 1)
  }
  return [...counts].map(([name, annotations]) => ({ name, parentName: parentOf(name), annotations }))
}
