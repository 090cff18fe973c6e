import { connectedComponents } from '../../src/shared/mask/components.ts'
import { washerSizes } from '../../scripts/sample/sizes.ts'
import type { ByteIndexPng } from '../../src/shared/domain/index-png.ts'

/** Points a person's hand would go through around a washer, in image pixels, closed. */
export type Ring = readonly (readonly [number, number])[]

const pointsAround = 48
/** Middle of a plain washer's ring as a share of its outer radius. */
const { inner, outer } = washerSizes(1, false)
const middleShare = (inner + outer) / 2 / outer

/** One turn of the brush for each plain washer of a mask of the sample. A ring that the border cuts stays inside. */
export function ringsOf(mask: ByteIndexPng, classId: number): Ring[] {
  const data = mask.data.map((value) => (value === classId ? 1 : 0))
  const { boxes, sizes } = connectedComponents({ width: mask.width, height: mask.height, data }, 8)
  return boxes
    .filter((_, index) => (sizes[index] ?? 0) > 500)
    .map(([left, top, width, height]): Ring => {
      const across = width / 2
      const along = top <= 0 ? across : height / 2
      const [x, y] = [left + across, top + height - along]
      return Array.from({ length: pointsAround + 1 }, (_, step) => {
        const angle = (2 * Math.PI * step) / pointsAround
        return [
          x + across * middleShare * Math.cos(angle),
          Math.max(0, y + along * middleShare * Math.sin(angle)),
        ] as const
      })
    })
}
