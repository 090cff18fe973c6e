import { QueryClient, useQuery, useQueryClient } from '@tanstack/react-query'
import type { UseQueryResult } from '@tanstack/react-query'
import { useEffect } from 'react'
import type {
  Bridge,
  ClassUsage,
  DeviceList,
  ImageDocument,
  JobRecord,
  ModelSummary,
  ProjectInfo,
  FormatSummary,
} from '../../shared/contract/contract.ts'
import type { HistoryState } from '../../shared/domain/history.ts'
import type { SupportRecord, VersionRecord } from '../../shared/domain/records.ts'
import { useBridge } from './bridge-context.tsx'
import { useSession } from './session.ts'

/**
 * What the Node side knows, cached here and dropped when its events say so. All keys about a project begin with
 * `['project', projectId]`, so that closing it forgets it at once.
 */
export const queryKeys = {
  devices: ['devices'] as const,
  models: ['models'] as const,
  project: (projectId: string) => ['project', projectId] as const,
  info: (projectId: string) => ['project', projectId, 'info'] as const,
  history: (projectId: string) => ['project', projectId, 'history'] as const,
  jobs: (projectId: string) => ['project', projectId, 'jobs'] as const,
  image: (projectId: string, imageId: string) => ['project', projectId, 'image', imageId] as const,
  allImages: (projectId: string) => ['project', projectId, 'image'] as const,
  /** Pages of `images.list`. */
  lists: (projectId: string) => ['project', projectId, 'list'] as const,
  supports: (projectId: string, classId: string) => ['project', projectId, 'class', classId, 'supports'] as const,
  versions: (projectId: string, classId: string) => ['project', projectId, 'class', classId, 'versions'] as const,
  /** What every class has, by number. */
  usage: (projectId: string) => ['project', projectId, 'class', 'usage'] as const,
  allClasses: (projectId: string) => ['project', projectId, 'class'] as const,
} as const

type AppInfo = Awaited<ReturnType<Bridge['app']['info']>>

/** What the program says of itself and of recent projects: asked anew by each screen that shows it. */
export function useAppInfo(): UseQueryResult<AppInfo> {
  const bridge = useBridge()
  return useQuery({
    queryKey: ['app'],
    queryFn: ({ signal }) => bridge.app.info({}, { signal }),
    staleTime: 0,
  })
}

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      // The Node side is on this machine: no network state matters, and events say what is stale.
      queries: {
        networkMode: 'always',
        refetchOnWindowFocus: false,
        refetchOnReconnect: false,
        staleTime: Infinity,
        retry: false,
      },
      mutations: { networkMode: 'always', retry: false },
    },
  })
}

/** The open project's id. Only for components that are shown while one is open. */
export function useProjectId(): string {
  const projectId = useSession((state) => state.projectId)
  if (projectId === null) throw new Error('useProjectId needs an open project')
  return projectId
}

/** What can be learnt and segmented with; needs no open project. */
export function useModels(): UseQueryResult<readonly ModelSummary[]> {
  const bridge = useBridge()
  return useQuery({
    queryKey: queryKeys.models,
    queryFn: async ({ signal }) => (await bridge.models.list({}, { signal })).models,
    // Files may be repaired, or added by the command line, without the page being told.
    staleTime: 0,
  })
}

/** What is known of this computer's devices; needs no open project. */
export function useDevices(): UseQueryResult<DeviceList> {
  const bridge = useBridge()
  return useQuery({
    queryKey: queryKeys.devices,
    queryFn: ({ signal }) => bridge.devices.list({}, { signal }),
    // The first batch tries them without anybody looking here.
    staleTime: 0,
  })
}

export function useProjectInfo(): UseQueryResult<ProjectInfo> {
  const bridge = useBridge()
  const projectId = useProjectId()
  return useQuery({
    queryKey: queryKeys.info(projectId),
    queryFn: ({ signal }) => bridge.project.info({ projectId }, { signal }),
  })
}

/** What a format can hold and leaves to choose; null until that is known. */
/** Every format with what it can hold; empty until they are known. */
export function useFormats(): readonly FormatSummary[] {
  const bridge = useBridge()
  const known = useQuery({
    queryKey: ['formats'],
    queryFn: ({ signal }) => bridge.formats.list({}, { signal }),
    staleTime: Infinity,
  })
  return known.data?.formats ?? []
}

export function useFormat(name: FormatSummary['id']): FormatSummary | null {
  return useFormats().find(({ id }) => id === name) ?? null
}

/** Records of one image, without pixels. `imageId: null` asks nothing. */
export function useImageDocument(imageId: string | null): UseQueryResult<ImageDocument> {
  const bridge = useBridge()
  const projectId = useProjectId()
  return useQuery({
    queryKey: queryKeys.image(projectId, imageId ?? ''),
    queryFn: ({ signal }) => bridge.images.get({ projectId, imageId: imageId ?? '' }, { signal }),
    enabled: imageId !== null,
  })
}

export function useHistoryState(): UseQueryResult<HistoryState> {
  const bridge = useBridge()
  const projectId = useProjectId()
  return useQuery({
    queryKey: queryKeys.history(projectId),
    queryFn: ({ signal }) => bridge.history.state({ projectId }, { signal }),
  })
}

export function useJobs(): UseQueryResult<readonly JobRecord[]> {
  const bridge = useBridge()
  const projectId = useProjectId()
  return useQuery({
    queryKey: queryKeys.jobs(projectId),
    queryFn: async ({ signal }): Promise<readonly JobRecord[]> =>
      (await bridge.jobs.list({ projectId }, { signal })).jobs,
  })
}

export function useSupports(classId: string): UseQueryResult<readonly SupportRecord[]> {
  const bridge = useBridge()
  const projectId = useProjectId()
  return useQuery({
    queryKey: queryKeys.supports(projectId, classId),
    queryFn: async ({ signal }): Promise<readonly SupportRecord[]> =>
      (await bridge.supports.list({ projectId, classId }, { signal })).supports,
  })
}

export function useVersions(
  classId: string,
): UseQueryResult<{ readonly versions: readonly VersionRecord[]; readonly currentVersionId: string | null }> {
  const bridge = useBridge()
  const projectId = useProjectId()
  return useQuery({
    queryKey: queryKeys.versions(projectId, classId),
    queryFn: ({ signal }) => bridge.learn.versions({ projectId, classId }, { signal }),
  })
}

export function useClassUsage(): UseQueryResult<readonly ClassUsage[]> {
  const bridge = useBridge()
  const projectId = useProjectId()
  return useQuery({
    queryKey: queryKeys.usage(projectId),
    queryFn: async ({ signal }): Promise<readonly ClassUsage[]> =>
      (await bridge.classes.usage({ projectId }, { signal })).usage,
  })
}

/** Puts a newer job record in place of the older one; a job not yet known comes first. */
export function withJob(jobs: readonly JobRecord[], job: JobRecord): readonly JobRecord[] {
  return jobs.some((other) => other.id === job.id)
    ? jobs.map((other) => (other.id === job.id ? job : other))
    : [job, ...jobs]
}

interface Changes {
  readonly imageIds: Set<string>
  all: boolean
}

/** A batch tells of changes many times a second; the lists are read again this often at most. */
const refreshIntervalMs = 250

/**
 * Keeps the cache true to the Node side: drops what `project.changed` names, takes over job records,
 * and drops everything after a lost connection. Returns the function that stops it.
 */
export function followEvents(bridge: Bridge, client: QueryClient): () => void {
  const waiting = new Map<string, Changes>()
  const timers = new Map<string, ReturnType<typeof setTimeout>>()

  function refresh(projectId: string): void {
    const changes = waiting.get(projectId)
    if (changes === undefined) {
      timers.delete(projectId)
      return
    }
    waiting.delete(projectId)
    timers.set(
      projectId,
      setTimeout(() => refresh(projectId), refreshIntervalMs),
    )
    const stale = [
      queryKeys.info(projectId),
      queryKeys.history(projectId),
      queryKeys.lists(projectId),
      queryKeys.allClasses(projectId),
    ]
    for (const queryKey of stale) void client.invalidateQueries({ queryKey })
    if (changes.all) void client.invalidateQueries({ queryKey: queryKeys.allImages(projectId) })
    else
      for (const imageId of changes.imageIds)
        void client.invalidateQueries({ queryKey: queryKeys.image(projectId, imageId) })
  }

  const stops = [
    bridge.project.changed((event) => {
      const changes = waiting.get(event.projectId) ?? { imageIds: new Set(), all: false }
      for (const imageId of event.imageIds) changes.imageIds.add(imageId)
      changes.all ||= event.all
      waiting.set(event.projectId, changes)
      if (!timers.has(event.projectId)) refresh(event.projectId)
    }),
    bridge.jobs.progress((event) => {
      client.setQueryData<readonly JobRecord[]>(queryKeys.jobs(event.projectId), (jobs) =>
        withJob(jobs ?? [], event.job),
      )
    }),
    bridge.devices.failed(() => {
      void client.invalidateQueries({ queryKey: queryKeys.devices })
    }),
    bridge.connection((state) => {
      if (state === 'connected') void client.invalidateQueries()
    }),
  ]
  return () => {
    for (const stop of stops) stop()
    for (const timer of timers.values()) clearTimeout(timer)
  }
}

/** `followEvents` while the component is mounted. */
export function useEvents(): void {
  const bridge = useBridge()
  const client = useQueryClient()
  useEffect(() => followEvents(bridge, client), [bridge, client])
}
