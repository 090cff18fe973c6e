/** What a media URL answered. */
export interface Media {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly contentType: string
}

/**
 * Remembers the bytes of what was last shown, up to `limitBytes` of them, the least recently used going first.
 * So the gallery is there at once on the way back from the editor.
 */
export function createMediaCache(limitBytes: number): {
  readonly get: (path: string) => Media | undefined
  readonly set: (path: string, media: Media) => void
} {
  /** In order of use: a `Map` keeps the order of insertion. */
  const kept = new Map<string, Media>()
  let used = 0

  function forget(path: string): void {
    used -= kept.get(path)?.bytes.length ?? 0
    kept.delete(path)
  }

  return {
    get: (path) => {
      const media = kept.get(path)
      if (media !== undefined) {
        kept.delete(path)
        kept.set(path, media)
      }
      return media
    },
    set: (path, media) => {
      forget(path)
      if (media.bytes.length > limitBytes) return
      kept.set(path, media)
      used += media.bytes.length
      for (const oldest of kept.keys()) {
        if (used <= limitBytes) return
        forget(oldest)
      }
    },
  }
}
