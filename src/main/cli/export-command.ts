import { resolve } from 'node:path'
import type { ExportSpec, PreflightReport, Reader } from '../../shared/contract/contract.ts'
import type { Split, Subset } from '../../shared/domain/split.ts'
import { exitCode } from './context.ts'
import type { CommandContext, ExitCode } from './context.ts'
import { count, warnOfProblems } from './output.ts'
import type { RunOptions } from '../projects/run-options.ts'
import { withSession } from './with-session.ts'

/** What the command line says; the options of a split stand beside it. */
export interface ExportOptions extends Omit<ExportSpec, 'split'> {
  readonly split?: readonly Subset[]
  readonly splitBy: Split['by']
  readonly seed: number
  readonly dryRun?: boolean
  readonly reader?: Reader
}

function specOf({ split, splitBy, seed, ...options }: ExportOptions): ExportSpec {
  const { format, segmentation, include, images, orientation, simplify, parts, outline } = options
  const divided = split === undefined ? null : { subsets: [...split], by: splitBy, seed }
  const spec = { format, segmentation, include, images, orientation, simplify, split: divided }
  return { ...spec, ...(parts === undefined ? {} : { parts }), ...(outline === undefined ? {} : { outline }) }
}

function percent(share: number): string {
  return `${Math.round(share * 1000) / 10} %`
}

/** `export`: writes the data set, reads it back and says how many masks are identical. */
export async function exportData(
  context: CommandContext,
  project: string,
  folder: string,
  given: ExportOptions,
): Promise<ExitCode> {
  return await withSession(context, project, async (session) => {
    const options: RunOptions = {
      signal: context.signal,
      progress: ({ done, total }) => context.output.progress(`${done}${total === null ? '' : ` of ${total}`} images`),
    }
    const { dryRun = false, reader } = given
    const spec = specOf(given)
    const taken = reader === undefined ? null : await session.preflight(spec, reader, options)
    const target = resolve(folder)
    const report = dryRun
      ? await session.rehearseExport(target, spec, options)
      : await session.exportTo(target, spec, options)
    warnOfProblems(context.output, report)
    for (const finding of taken?.findings ?? []) context.output.warn(findingLine(finding))
    context.output.result({ ...report, ...(taken === null ? {} : { preflight: taken }) }, [
      `${report.identical} of ${report.annotations} masks identical${report.filledAs === undefined ? '' : ' as Ultralytics fills them'}`,
      ...(taken === null ? [] : readerLines(taken)),
      dryRun
        ? `${count(report.images, 'image')} would be exported to ${report.location}. Nothing was written there.`
        : `${count(report.images, 'image')} exported to ${report.location}`,
      ...(report.removed === undefined
        ? []
        : [`${count(report.removed, 'file')} of an earlier export ${dryRun ? 'would be removed' : 'removed'}`]),
      ...(report.simplification === undefined
        ? []
        : [
            `simplified: IoU ${report.simplification.meanIou.toFixed(4)} on average, ${report.simplification.minIou.toFixed(4)} at worst`,
          ]),
      ...(report.subsets ?? []).map(
        ({ name, images, share, reached }) =>
          `${name}: ${count(images, 'image')}, ${percent(reached)} (${percent(share)} wanted)`,
      ),
    ])
    const isWhole = report.problems.length === 0 && (taken === null || taken.dropped + taken.changed === 0)
    return isWhole ? exitCode.done : exitCode.partly
  })
}

function findingLine({ name, className, reason, iou }: PreflightReport['findings'][number]): string {
  const what = className === null ? name : `${name}, ${className}`
  return `${what}: ${reason}${iou === null ? '' : ` IoU ${iou.toFixed(3)}.`}`
}

function readerLines({ reader, annotations, dropped, changed, notes, ...report }: PreflightReport): string[] {
  const whole = annotations - dropped - changed
  const { worstIou, meanIou } = report
  const worst = changed + dropped > 0 ? `, worst IoU ${worstIou.toFixed(3)}, mean ${meanIou.toFixed(3)}` : ''
  return [
    `${reader} (simulated): ${whole} of ${annotations} as stored, ${changed} changed, ${dropped} dropped${worst}; ${count(notes, 'note')}`,
    ...report.fixes.map(
      (fix) => `To avoid it: ${fix.sentence}${fix.meanIou === null ? '' : ` Mean IoU ${fix.meanIou.toFixed(3)}.`}`,
    ),
  ]
}
