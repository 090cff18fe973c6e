import type { JobRecord, SegmentSpec } from '../../shared/contract/contract.ts'
import { requireClass } from '../projects/classes.ts'
import type { Session } from '../projects/session.ts'
import { exitCode } from './context.ts'
import type { CommandContext, ExitCode } from './context.ts'
import { imagesByName } from './names.ts'
import { count } from './output.ts'
import { withSession } from './with-session.ts'

export interface SegmentOptions {
  readonly class?: readonly string[]
  readonly images: readonly string[]
  readonly provider: SegmentSpec['provider']
  readonly detail: SegmentSpec['detail']
  readonly predictor?: string
}

/** `segment`: proposals for the images; first finishes what a crash or Ctrl+C left. */
export async function segment(context: CommandContext, project: string, options: SegmentOptions): Promise<ExitCode> {
  const onJob = (job: JobRecord): void => {
    const rate = job.imagesPerSecond === null ? '' : `  ${job.imagesPerSecond.toFixed(2)} images/s`
    const left = job.secondsLeft === null ? '' : `  ${Math.ceil(job.secondsLeft)} s left`
    context.output.progress(`${job.done + job.failed} of ${job.total}${rate}${left}  ${job.device ?? ''}`)
  }
  return await withSession(context, project, (session) => run(context, session, options), {
    provider: options.provider,
    predictor: options.predictor,
    onJob,
  })
}

async function run(context: CommandContext, session: Session, options: SegmentOptions): Promise<ExitCode> {
  const spec = specOf(session, options)
  const left = session.jobs.resumeOpen()
  const isSame = (job: JobRecord): boolean => JSON.stringify(job.spec) === JSON.stringify(spec)
  const paused = session.jobs.list().find((job) => job.state === 'paused' && isSame(job))
  const same = left.find(isSame) ?? (paused === undefined ? undefined : session.jobs.resume(paused.id))
  const wanted = same ?? (await session.segment(spec, { signal: context.signal }))
  const finished = await untilStopped(
    context,
    session,
    [...left.filter((job) => job.id !== wanted.id), wanted].map((job) => job.id),
  )
  const job = finished.at(-1) ?? wanted
  const failures = session.store.jobs.failures(job.id)
  for (const failure of failures) context.output.warn(`${failure.name}: ${failure.reason}`)
  const value = {
    job,
    resumed: same !== undefined,
    proposals: session.store.annotations.proposedOf({}).length,
    failures,
  }
  const lines = [
    `Segmented ${job.done} of ${count(job.total, 'image')} on ${job.device ?? 'no device'}${same === undefined ? '' : ' (continued)'}; ${count(value.proposals, 'open proposal')}.`,
    ...(job.state === 'paused'
      ? [`Stopped with ${count(job.total - job.done - job.failed, 'image')} left. The same command continues.`]
      : []),
  ]
  context.output.result(value, lines)
  if (job.state === 'failed' && job.reason !== null) context.output.warn(job.reason)
  if (job.state === 'failed') return exitCode.failed
  return job.state === 'done' && failures.length === 0 ? exitCode.done : exitCode.partly
}

/** Waits for the jobs; Ctrl+C leaves them where they are. */
export async function untilStopped(
  { signal }: CommandContext,
  { jobs }: Session,
  jobIds: readonly string[],
): Promise<readonly JobRecord[]> {
  const stop = (): void => jobs.pauseAll()
  signal.addEventListener('abort', stop, { once: true })
  const finished = Promise.all(jobIds.map((jobId) => jobs.waitFor(jobId)))
  if (signal.aborted) stop()
  try {
    return await finished
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

function specOf(session: Session, options: SegmentOptions): SegmentSpec {
  const [scope] = options.images
  const images =
    options.images.length === 1 && (scope === 'unreviewed' || scope === 'all')
      ? scope
      : imagesByName(session.store, options.images).map((image) => image.id)
  const classIds =
    options.class === undefined ? ('all' as const) : options.class.map((name) => requireClass(session.store, name).id)
  return { kind: 'segment', classIds, images, provider: options.provider, detail: options.detail }
}
