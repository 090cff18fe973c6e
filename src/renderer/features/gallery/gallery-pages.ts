import { keepPreviousData, useQueries } from '@tanstack/react-query'
import type { Bridge, ImageFilter, ImageSort, ImageSummary } from '../../../shared/contract/contract.ts'
import { useBridge } from '../../app/bridge-context.tsx'
import { queryKeys, useProjectId } from '../../app/queries.ts'

/** Images asked for at a time. A page stays cached for a minute after it has scrolled away. */
export const pageSize = 200
const keptMs = 60_000
/** Most images one call returns, by the contract. */
const longestPage = 500

export interface GalleryPages {
  /** Null while the first answer is awaited. */
  readonly total: number | null
  readonly error: Error | null
  /** The image at that place of the whole list; undefined while its page is on the way. */
  readonly at: (index: number) => ImageSummary | undefined
}

/** The pages of the image list that cover `first` to `last`, and page 0 for the total. */
export function useGalleryPages(filter: ImageFilter, sort: ImageSort, first: number, last: number): GalleryPages {
  const bridge = useBridge()
  const projectId = useProjectId()
  const numbers = new Set([0])
  for (let page = Math.floor(first / pageSize); page <= Math.floor(last / pageSize); page++) numbers.add(page)
  const pages = [...numbers]
  const results = useQueries({
    queries: pages.map((page) => ({
      queryKey: [...queryKeys.lists(projectId), filter, sort, page],
      queryFn: ({ signal }: { readonly signal: AbortSignal }) =>
        bridge.images.list({ projectId, filter, sort, offset: page * pageSize, limit: pageSize }, { signal }),
      gcTime: keptMs,
      placeholderData: keepPreviousData,
    })),
  })
  const byPage = new Map(pages.map((page, index) => [page, results[index]]))
  return {
    total: byPage.get(0)?.data?.total ?? null,
    error: results.find((result) => result.error !== null)?.error ?? null,
    at: (index) => byPage.get(Math.floor(index / pageSize))?.data?.items[index % pageSize],
  }
}

/** Ids of the images from `first` to `last` of the list, both included. */
export async function fetchIds(
  bridge: Bridge,
  query: { readonly projectId: string; readonly filter: ImageFilter; readonly sort: ImageSort },
  first: number,
  last: number,
): Promise<string[]> {
  const ids: string[] = []
  for (let offset = first; offset <= last; offset += longestPage) {
    const limit = Math.min(longestPage, last - offset + 1)
    const answer = await bridge.images.list({ ...query, offset, limit })
    ids.push(...answer.items.map((image) => image.id))
  }
  return ids
}
