import type { MediaSource } from '../media.ts'
import type { Studio } from './studio.ts'

/** Media of the open projects. */
export function createMediaSource(studio: Studio): MediaSource {
  const raw = 'application/octet-stream'
  return {
    thumbnail: async (projectId, imageId, signal) => ({
      bytes: await studio.session(projectId).thumbnail(imageId, signal),
      contentType: 'image/jpeg',
    }),
    overlay: (projectId, imageId) =>
      Promise.resolve({ bytes: studio.session(projectId).overlay(imageId), contentType: raw }),
    tile: async (projectId, imageId, level, x, y, signal) => ({
      bytes: (await studio.session(projectId).tile(imageId, level, x, y, signal)).data,
      contentType: raw,
    }),
    masks: (projectId, imageId) =>
      Promise.resolve({ bytes: studio.session(projectId).masks(imageId), contentType: raw }),
  }
}
