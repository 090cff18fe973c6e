import { labelMap } from '../../shared/mask/resample.ts'
import { thumbnailSize } from '../../shared/contract/media.ts'
import type { ProjectStore } from '../store/store-port.ts'

const proposedFlag = 1

/**
 * The masks of one image at thumbnail size, as `overlayPath` of `contract/media.ts` describes: a slot per
 * class and state, smaller objects on top.
 */
export function overlayOf(store: ProjectStore, imageId: string): Uint8Array<ArrayBuffer> {
  const image = store.images.get(imageId)
  const scale = Math.min(1, thumbnailSize / Math.max(image.width, image.height))
  const width = Math.max(1, Math.round(image.width * scale))
  const height = Math.max(1, Math.round(image.height * scale))
  const colours = new Map(store.classes.list().map((each) => [each.id, each.colour]))
  const annotations = store.annotations.ofImage(imageId).filter((record) => record.area > 0)
  const slots = new Map<string, { readonly slot: number; readonly colour: string; readonly flags: number }>()
  const masks = annotations
    .toSorted((a, b) => b.area - a.area)
    .map((record) => {
      const flags = record.state === 'proposed' ? proposedFlag : 0
      const key = `${record.classId}:${flags}`
      const known = slots.get(key) ?? { slot: slots.size + 1, colour: colours.get(record.classId) ?? '#ffffff', flags }
      slots.set(key, known)
      return { tiles: store.annotations.tiles(record.id), slot: known.slot }
    })
  const labels = labelMap(masks, image.width, image.height, width, height)
  const header = 6 + slots.size * 4
  const bytes = new Uint8Array(header + labels.length)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, width, true)
  view.setUint16(2, height, true)
  view.setUint16(4, slots.size, true)
  for (const { slot, colour, flags } of slots.values()) {
    const value = Number.parseInt(colour.slice(1), 16)
    bytes.set([value >> 16, (value >> 8) & 255, value & 255, flags], 6 + (slot - 1) * 4)
  }
  bytes.set(labels, header)
  return bytes
}
