import { useQuery } from '@tanstack/react-query'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import type { ExportSpec, FormatSummary } from '../../../shared/contract/contract.ts'
import { useBridge } from '../../app/bridge-context.tsx'
import { useProjectId } from '../../app/queries.ts'
import { Notice } from '../../ui/Notice.tsx'

/** Of what a format may lack, what there is to count. */
const countable = ['boxes', 'parts', 'overlaps', 'instances', 'parents'] as const

/** Says what of this project the format cannot hold; nothing where all of it is held. */
export function NotHeld(properties: {
  readonly format: FormatSummary
  readonly include: ExportSpec['include']
}): ReactElement | null {
  const { format, include } = properties
  const { t } = useTranslation()
  const bridge = useBridge()
  const projectId = useProjectId()
  const lacking = countable.filter((thing) => !format.holds[thing])
  const { data } = useQuery({
    queryKey: ['export', 'contents', projectId, include],
    queryFn: ({ signal }) => bridge.export.contents({ projectId, include }, { signal }),
    // Only who asks for such a format waits for the masks to be looked at.
    enabled: lacking.length > 0,
  })
  if (data === undefined) return null
  const lost = lacking
    .filter((thing) => data[thing] > 0)
    .map((thing) => t(`export.notHeld.${thing}`, { count: data[thing] }))
  if (lost.length === 0) return null
  return (
    <Notice testId="export-not-held">
      {t(data.isWhole ? 'export.notHeldIntro' : 'export.notHeldAtLeast', { things: lost.join(', ') })}
    </Notice>
  )
}
